"""Lists of ids as a table: at once while it is small, as a long job when it is not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from flask_babel import force_locale, ngettext
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import Connection, select
from sqlalchemy.orm import Session

from app.accounts import audit
from app.core import exports, jobs
from app.core.access import Actor
from app.core.errors import NotFound
from app.core.exports import AT_ONCE, PART, TableExport, Written
from app.core.i18n import number
from app.core.jobs import Hold
from app.core.models import Job
from app.core.pagination import Page
from app.core.spreadsheets import Cell, Out
from app.opens.mailings import unopened
from app.opens.mailings.models import Mailing
from app.opens.mailings.unopened import Kind, State

KIND = "export_mailed"
COLUMNS: dict[str, tuple[Any, ...]] = {
    "mailing": (_l("ID"), _l("Sent at"), _l("Opened at")),
    Kind.WAITING: (_l("ID"), _l("Sent at"), _l("Mailing")),
    Kind.MACHINES: (_l("ID"), _l("Loaded by machines"), _l("Last load")),
}


@dataclass(frozen=True, slots=True)
class Order:
    """What somebody wants as a file. `table` is a key of COLUMNS; a mailing's with its id and a `State` or empty, the
    others with the `days` and the moment (`now`, ISO) they count back from."""

    account_id: UUID
    table: str
    suffix: str
    zone: str
    language: str
    mailing: str = ""
    state: str = ""
    days: int = unopened.DEFAULT_DAYS
    now: str = ""

    @property
    def filename(self) -> str:
        with force_locale(self.language):
            name = _("mailing-ids") if self.table == "mailing" else _("never-opened")
        return f"{name}.{self.suffix}"

    def noted(self) -> audit.Changes:
        """What the audit says of it."""
        said = {"table": self.table, "state": self.state, "days": None if self.mailing else self.days}
        return {name: [None, value] for name, value in {**said, "format": self.suffix}.items() if value}


def is_small(session: Session, order: Order) -> bool:
    """Whether the file can be made while somebody waits."""
    return _page(session, order, None, 1).total <= AT_ONCE


def write_table(session: Session, order: Order, out: Out, done: Callable[[int], None] = lambda _rows: None) -> Written:
    """Writes the whole file, in reads of PART rows that each end before the next."""
    return exports.write_table(order, COLUMNS[order.table], _parts(session, order), out, done)


def note(store: Any, actor: Actor, order: Order, rows: int) -> None:
    changes: audit.Changes = {**order.noted(), "rows": [None, rows]}
    audit.record(store, actor, "mailing.exported", subject_id=order.mailing or None, changes=changes)


def start(session: Session, actor: Actor, order: Order) -> UUID:
    """Hands the order to a worker, in the caller's write transaction; the job's id."""
    params = {name: value for name, value in asdict(order).items() if name != "account_id"}
    return jobs.start(
        session.connection(), account_id=order.account_id, kind=KIND, params=params, created_by=actor.user_id
    )


class IdExport(TableExport[Order]):
    """The same table, made by a worker."""

    title = _l("Export of ids")
    permission = "opens.view"
    back = "mailings.index"

    def order(self, hold: Hold) -> Order:
        return Order(hold.account_id, **hold.params)

    def write(self, session: Session, order: Order, out: Out, done: Callable[[int], None]) -> Written:
        return write_table(session, order, out, done)

    def note(self, connection: Connection, hold: Hold, order: Order, rows: int) -> None:
        note(connection, audit.actor_of(connection, hold.account_id, hold.created_by), order, rows)

    def words(self, job: Job) -> str:
        result = job.result or {}
        rows = int(result.get("rows", 0))
        said = str(ngettext("%(number)s id.", "%(number)s ids.", rows, number=number(rows)))
        if result.get("cut"):
            said += " " + _("A sheet of XLSX ends there: export as CSV.")
        return said


def _parts(session: Session, order: Order) -> Iterator[list[list[Cell]]]:
    """None of a mailing that was deleted meanwhile."""
    zone, after = ZoneInfo(order.zone), None
    while True:
        try:
            found = _page(session, order, after, PART)
        except NotFound:
            return
        part = [_cells(order.table, row, zone) for row in found.rows]
        session.rollback()  # no read transaction is open while the rows are written
        yield part
        if found.next is None:
            return
        after = found.next


def _page(session: Session, order: Order, after: str | None, limit: int) -> Page[Any]:
    """Raises NotFound when the mailing is gone."""
    account_id = order.account_id
    if order.table == "mailing":
        mine = (Mailing.account_id == account_id) & (Mailing.id == UUID(order.mailing))
        mailing = session.scalar(select(Mailing).where(mine))
        if mailing is None:
            raise NotFound
        state = State(order.state) if order.state else None
        return unopened.of_mailing(session, mailing, state, after=after, limit=limit)
    read = unopened.waiting if order.table == Kind.WAITING else unopened.machines
    return read(session, account_id, order.days, datetime.fromisoformat(order.now), after=after, limit=limit)


def _cells(table: str, row: Any, zone: ZoneInfo) -> list[Cell]:
    if table == Kind.MACHINES:
        return [row[0], row[1], row[2].astimezone(zone)]
    if table == Kind.WAITING:
        return [row[0], row[1].astimezone(zone), row[3]]
    return [row[0], row[1].astimezone(zone), row[2].astimezone(zone) if row[2] else None]
