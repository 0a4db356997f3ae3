"""The filtered audit as a table: at once while it is small, as a long job when it is not."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from flask_babel import force_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import Connection, select
from sqlalchemy.orm import Session

from app.accounts import audit
from app.accounts.models import AuditEntry
from app.accounts.trail.filters import Filters, from_json
from app.accounts.trail.reading import ORDER
from app.accounts.trail.words import action_word
from app.core import cursor, exports, jobs
from app.core.access import Actor
from app.core.exports import AT_ONCE, PART, TableExport, Written
from app.core.jobs import Hold
from app.core.spreadsheets import Cell, Out

KIND = "export_audit"
COLUMNS = (
    _l("Time"), _l("Action"), _l("What happened"), _l("Who"), _l("Subject"), _l("Subject ID"), _l("Changes"),
    _l("IP address"), _l("Exchange"), _l("ID"),
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
            name = _("audit")
        return f"{name}.{self.suffix}"


def is_small(session: Session, order: Order) -> bool:
    """Whether the file can be made while somebody waits. That of a person or an address always is: the parameters of a
    job never are personal."""
    if order.filters.names_people:
        return True
    some = select(AuditEntry.id).where(*order.filters.conditions(order.account_id)).limit(AT_ONCE + 1)
    return len(session.scalars(some).all()) <= AT_ONCE


def write_table(session: Session, order: Order, out: Out, done: Callable[[int], None] = lambda _rows: None) -> Written:
    """Writes the whole file, in reads of PART rows that each end before the next."""
    return exports.write_table(order, COLUMNS, _parts(session, order), out, done)


def _parts(session: Session, order: Order) -> Iterator[list[list[Cell]]]:
    zone = ZoneInfo(order.zone)
    found = select(AuditEntry).where(*order.filters.conditions(order.account_id)).order_by(*ORDER).limit(PART)
    step = found
    while rows := session.scalars(step).all():
        part = [_row(entry, zone) for entry in rows]
        step = found.where(cursor.follows(ORDER, [rows[-1].created_at, rows[-1].id]))
        session.rollback()  # no read transaction is open while the rows are written
        yield part


def _row(entry: AuditEntry, zone: tzinfo) -> list[Cell]:
    return [
        entry.created_at.astimezone(zone),
        entry.action,
        str(action_word(entry.action)),
        entry.actor,
        entry.subject,
        entry.subject_id,
        json.dumps(entry.changes, ensure_ascii=False) if entry.changes else None,
        entry.ip_address,
        entry.request_id,
        str(entry.id),
    ]


def note(store: Any, actor: Actor, order: Order, rows: int) -> None:
    """An export is an entry of its own."""
    changes: audit.Changes = {
        "filters": [None, order.filters.to_json()],
        "rows": [None, rows],
        "format": [None, order.suffix],
    }
    audit.record(store, actor, "audit.exported", changes=changes)


def start(session: Session, actor: Actor, order: Order) -> UUID:
    """Hands the order to a worker, in the caller's write transaction; the job's id."""
    params = {
        "filters": order.filters.to_json(), "format": order.suffix, "zone": order.zone, "language": order.language
    }  # fmt: skip
    return jobs.start(
        session.connection(), account_id=order.account_id, kind=KIND, params=params, created_by=actor.user_id
    )


class AuditExport(TableExport[Order]):
    """The same table, made by a worker."""

    title = _l("Export of the audit")
    permission = "audit.view"
    back = "audit.index"

    def order(self, hold: Hold) -> Order:
        given = hold.params
        return Order(hold.account_id, from_json(given["filters"]), given["format"], given["zone"], given["language"])

    def write(self, session: Session, order: Order, out: Out, done: Callable[[int], None]) -> Written:
        return write_table(session, order, out, done)

    def note(self, connection: Connection, hold: Hold, order: Order, rows: int) -> None:
        note(connection, audit.actor_of(connection, hold.account_id, hold.created_by), order, rows)
