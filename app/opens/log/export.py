"""The filtered log as a table: at once while it is small, as a long job when it is not."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from flask_babel import force_locale, ngettext
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import Connection
from sqlalchemy.orm import Session

from app.accounts import audit
from app.core import exports, jobs
from app.core.access import Actor
from app.core.db import TooSlow, time_limited
from app.core.exports import AT_ONCE, LOOK_S, PART, TableExport, Written
from app.core.i18n import number
from app.core.jobs import Hold
from app.core.masking import masked_address
from app.core.models import Job
from app.core.spreadsheets import Cell, Out
from app.opens.log import reading
from app.opens.log.filters import Filters, from_json
from app.opens.log.listing import image_names
from app.opens.log.reading import Line
from app.opens.log.words import is_counted
from app.opens.rules.words import class_word, client_word, device_word, reason_words

KIND = "export_opens"
COLUMNS = (
    _l("Time"), _l("ID"), _l("Image"), _l("File"), _l("Class"), _l("Reason"), _l("Counted"), _l("First open"),
    _l("Mail program"), _l("Device"), _l("IP address"), _l("Loads"), _l("Referrer"), _l("User agent"),
    _l("Rule version"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Order:
    """What somebody wants as a file: `suffix` is a format of `core.spreadsheets`, times are on the clock of `zone`;
    `is_masked`: they see addresses only in part."""

    account_id: UUID
    filters: Filters
    suffix: str
    zone: str
    language: str
    is_masked: bool = False

    @property
    def filename(self) -> str:
        with force_locale(self.language):
            name = _("opens")
        return f"{name}.{self.suffix}"


def is_small(session: Session, order: Order) -> bool:
    """Whether the file can be made while somebody waits. That of one id always is: an id has at most some hundred rows
    an hour, and it may be personal, which the parameters of a job never are."""
    if order.filters.ref is not None:
        return True
    with contextlib.suppress(TooSlow), time_limited(session, LOOK_S):
        return reading.search(session, order.account_id, order.filters, limit=AT_ONCE).next is None
    return False


def write_table(session: Session, order: Order, out: Out, done: Callable[[int], None] = lambda _rows: None) -> Written:
    """Writes the whole file, in reads of PART rows that each end before the next."""
    return exports.write_table(order, COLUMNS, _parts(session, order), out, done)


def _parts(session: Session, order: Order) -> Iterator[list[list[Cell]]]:
    after: str | None = None
    zone = ZoneInfo(order.zone)
    while True:
        found = reading.search(session, order.account_id, order.filters, after=after, limit=PART)
        names = image_names(session, order.account_id, (line.open.image_id for line in found.rows))
        part = [_row(line, zone, names, order.is_masked) for line in found.rows]
        session.rollback()  # no read transaction is open while the rows are written
        yield part
        if found.next is None:
            return
        after = found.next


def _row(line: Line, zone: tzinfo, names: Mapping[UUID, str], is_masked: bool) -> list[Cell]:
    found = line.open
    return [
        found.created_at.astimezone(zone),
        found.ref,
        names.get(found.image_id, ""),
        found.file,
        class_word(found.open_class),
        reason_words(found.reason),
        _("Yes") if is_counted(found) else _("No"),
        _("Yes") if found.is_first else _("No"),
        client_word(found.client),
        device_word(found.device),
        masked_address(found.address) if found.address and is_masked else found.address,
        found.hits,
        found.referer,
        line.agent,
        found.rule_version,
    ]


def note(store: Any, actor: Actor, order: Order, rows: int) -> None:
    """For the audit: who took which rows along. They hold ids, addresses and user agents: personal data."""
    changes: audit.Changes = {
        "filters": [None, order.filters.to_json()],
        "rows": [None, rows],
        "format": [None, order.suffix],
    }
    audit.record(store, actor, "opens.exported", changes=changes)


def start(session: Session, actor: Actor, order: Order, total: int | None) -> UUID:
    """Hands the order to a worker, in the caller's write transaction; the job's id."""
    params = {
        "filters": order.filters.to_json(), "format": order.suffix, "zone": order.zone, "language": order.language,
        "masked": order.is_masked,
    }  # fmt: skip
    return jobs.start(
        session.connection(),
        account_id=order.account_id,
        kind=KIND,
        params=params,
        total=total,
        created_by=actor.user_id,
    )


class OpenExport(TableExport[Order]):
    """The same table, made by a worker."""

    title = _l("Export of opens")
    permission = "opens.view"
    back = "opens.log"

    def order(self, hold: Hold) -> Order:
        given = hold.params
        wanted = from_json(given["filters"])
        return Order(
            hold.account_id, wanted, given["format"], given["zone"], given["language"], given.get("masked", False)
        )

    def write(self, session: Session, order: Order, out: Out, done: Callable[[int], None]) -> Written:
        return write_table(session, order, out, done)

    def note(self, connection: Connection, hold: Hold, order: Order, rows: int) -> None:
        note(connection, audit.actor_of(connection, hold.account_id, hold.created_by), order, rows)

    def words(self, job: Job) -> str:
        result = job.result or {}
        rows = int(result.get("rows", 0))
        said = str(ngettext("%(number)s open.", "%(number)s opens.", rows, number=number(rows)))
        if result.get("cut"):
            most = number(rows)
            said += " " + _("A sheet of XLSX ends after %(most)s: export as CSV or a shorter period.", most=most)
        return said
