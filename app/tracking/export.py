"""The filtered log as a table: at once while it is small, as a long job when it is not. Nothing personal is in it."""

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
from sqlalchemy import Connection, select
from sqlalchemy.orm import Session

from app.accounts import audit
from app.accounts.models import ApiClient
from app.core import exports, jobs
from app.core.access import Actor
from app.core.db import TooSlow, time_limited
from app.core.exports import AT_ONCE, LOOK_S, PART, TableExport, Written
from app.core.i18n import number
from app.core.jobs import Hold
from app.core.models import Job
from app.core.spreadsheets import Cell, Out
from app.destinations import registry
from app.outbound.detail_words import detail_words
from app.outbound.words import error_word
from app.pixels import service as pixels
from app.tracking import log
from app.tracking.filters import Filters, from_json
from app.tracking.log import Line
from app.tracking.log_paths import Query, Stretch, request_id
from app.tracking.pixel_targets import pixel_targets
from app.tracking.words import STATUS_WORDS

KIND = "export_events"
COLUMNS = (
    _l("Request ID"), _l("Accepted at"), _l("Happened at"), _l("Platform"), _l("Pixel ID"), _l("Event"), _l("Event ID"),
    _l("Click ID"), _l("Value"), _l("Currency"), _l("Status"), _l("Attempts"), _l("HTTP status"), _l("Error class"),
    _l("Reason"), _l("Client app"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Order:
    """What somebody wants as a file: `suffix` is a format of `core.spreadsheets`, times are on the clock of `zone`."""

    account_id: UUID
    filters: Filters
    suffix: str
    zone: str
    language: str

    @property
    def filename(self) -> str:
        with force_locale(self.language):
            name = _("events")
        return f"{name}.{self.suffix}"


def is_small(session: Session, order: Order) -> bool:
    """Whether the file can be made while somebody waits."""
    wanted = order.filters
    own = pixel_targets(session, order.account_id)
    query = Query(order.account_id, wanted, own, Stretch(wanted.start, wanted.end))
    with contextlib.suppress(TooSlow), time_limited(session, LOOK_S):
        return len(log.newest(session, query, AT_ONCE + 1)) <= AT_ONCE
    return False


def write_table(session: Session, order: Order, out: Out, done: Callable[[int], None] = lambda _rows: None) -> Written:
    """Writes the whole file, in reads of PART rows that each end before the next."""
    return exports.write_table(order, COLUMNS, _parts(session, order), out, done)


def _parts(session: Session, order: Order) -> Iterator[list[list[Cell]]]:
    after: str | None = None
    zone = ZoneInfo(order.zone)
    while True:
        found = log.search(session, order.account_id, order.filters, after=after, limit=PART)
        clients = _client_names(session, order.account_id)
        part = [_row(line, zone, clients) for line in found.rows]
        session.rollback()  # no read transaction is open while the rows are written
        yield part
        if found.next is None:
            return
        after = found.next


def _client_names(session: Session, account_id: UUID) -> dict[UUID, str]:
    found = select(ApiClient.id, ApiClient.name).where(ApiClient.account_id == account_id)
    return {row.id: row.name for row in session.execute(found)}


def _row(line: Line, zone: tzinfo, clients: Mapping[UUID, str]) -> list[Cell]:
    event, delivery = line.event, line.delivery
    return [
        request_id(event.id),
        event.created_at.astimezone(zone),
        event.event_time.astimezone(zone),
        registry.labels().get(event.platform, event.platform),
        event.pixel_id,
        event.event_name,
        event.event_id,
        event.click_id,
        event.value,
        event.currency,
        str(STATUS_WORDS[line.status][0]),
        delivery.attempts if delivery is not None else 0,
        delivery.http_status if delivery is not None else None,
        error_word(delivery.error, pixels.KIND)
        if delivery is not None and delivery.error and line.reason is not None
        else "",
        detail_words(line.reason),
        clients.get(event.client_id, ""),
    ]


def note(store: Any, actor: Actor, order: Order, rows: int) -> None:
    """For the audit: which filters, how many rows."""
    changes: audit.Changes = {
        "filters": [None, order.filters.to_json()],
        "rows": [None, rows],
        "format": [None, order.suffix],
    }
    audit.record(store, actor, "events.exported", changes=changes)


def start(session: Session, actor: Actor, order: Order, total: int | None) -> UUID:
    """Hands the order to a worker, in the caller's write transaction; the job's id."""
    params = {
        "filters": order.filters.to_json(), "format": order.suffix, "zone": order.zone, "language": order.language
    }  # fmt: skip
    return jobs.start(
        session.connection(),
        account_id=order.account_id,
        kind=KIND,
        params=params,
        total=total,
        created_by=actor.user_id,
    )


class EventExport(TableExport[Order]):
    """The same table, made by a worker."""

    title = _l("Export of events")
    permission = "events.view"
    back = "events.index"

    def order(self, hold: Hold) -> Order:
        given = hold.params
        return Order(hold.account_id, from_json(given["filters"]), given["format"], given["zone"], given["language"])

    def write(self, session: Session, order: Order, out: Out, done: Callable[[int], None]) -> Written:
        return write_table(session, order, out, done)

    def note(self, connection: Connection, hold: Hold, order: Order, rows: int) -> None:
        note(connection, audit.actor_of(connection, hold.account_id, hold.created_by), order, rows)

    def words(self, job: Job) -> str:
        result = job.result or {}
        rows = int(result.get("rows", 0))
        said = str(ngettext("%(number)s event.", "%(number)s events.", rows, number=number(rows)))
        if result.get("cut"):
            most = number(rows)
            said += " " + _("A sheet of XLSX ends after %(most)s: export as CSV or a shorter period.", most=most)
        return said
