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
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts import audit
from app.core import jobs, spreadsheets
from app.core.access import Actor
from app.core.errors import NotFound
from app.core.i18n import number
from app.core.jobs import Hold, LongJob
from app.core.models import Job
from app.core.pagination import Page
from app.core.spreadsheets import Cell, Out
from app.opens.mailings import unopened
from app.opens.mailings.job import actor_of
from app.opens.mailings.models import Mailing
from app.opens.mailings.unopened import Kind, State

KIND = "export_mailed"
AT_ONCE = 1_000  # rows of an answer; more go to a worker
PART = 500  # rows of one read
COLUMNS: dict[str, tuple[Any, ...]] = {
    "mailing": (_l("ID"), _l("Sent at"), _l("Opened at")),
    Kind.WAITING: (_l("ID"), _l("Sent at"), _l("Mailing")),
    Kind.MACHINES: (_l("ID"), _l("Loaded by machines"), _l("Last load")),
}


@dataclass(frozen=True, slots=True)
class Order:
    """What somebody wants as a file. `table` is a key of COLUMNS; a mailing's with its id and a `State` or empty, the
    others with the `days` and the moment (`now`, ISO) they count back from."""

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


def is_small(session: Session, account_id: UUID, order: Order) -> bool:
    """Whether the file can be made while somebody waits."""
    found = _page(session, account_id, order, None, 1)
    return found.total <= AT_ONCE


def write_at_once(session: Session, account_id: UUID, order: Order, out: Out) -> int:
    """Writes the whole file; returns its number of rows."""
    return _write(session, account_id, order, out, lambda _rows: None)[0]


def note(store: Any, actor: Actor, order: Order, rows: int) -> None:
    changes: audit.Changes = {**order.noted(), "rows": [None, rows]}
    audit.record(store, actor, "mailing.exported", subject_id=order.mailing or None, changes=changes)


def start(session: Session, actor: Actor, order: Order) -> UUID:
    """Hands the order to a worker, in the caller's write transaction; the job's id."""
    connection = session.connection()
    return jobs.start(
        connection, account_id=actor.account_id, kind=KIND, params=asdict(order), created_by=actor.user_id
    )


class IdExport(LongJob):
    """The same table, made by a worker. One that takes over begins the file anew."""

    title = _l("Export of ids")
    permission = "opens.view"
    back = "mailings.index"

    def run(self, hold: Hold) -> dict[str, Any]:
        order = Order(**hold.params)
        if hold.cursor:
            with hold.part() as part:
                part.done, part.cursor = -hold.cursor["rows"], {"rows": 0}
        kind = spreadsheets.KINDS[order.suffix]
        with Session(self.runtime.engine) as session, hold.file(order.filename, kind.content_type) as out:
            try:
                rows, is_cut = _write(session, hold.account_id, order, out, lambda rows: self._progress(hold, rows))
            except NotFound:
                rows, is_cut = 0, False
        with hold.part() as part:
            note(part.connection, actor_of(part.connection, hold), order, rows)
        return {"rows": rows, "cut": is_cut}

    def _progress(self, hold: Hold, rows: int) -> None:
        with hold.part() as part:
            part.done, part.cursor = rows, {"rows": (hold.cursor or {"rows": 0})["rows"] + rows}

    def words(self, job: Job) -> str:
        result = job.result or {}
        rows = int(result.get("rows", 0))
        said = str(ngettext("%(number)s id.", "%(number)s ids.", rows, number=number(rows)))
        if result.get("cut"):
            said += " " + _("A sheet of XLSX ends there: export as CSV.")
        return said


def _write(session: Session, account_id: UUID, order: Order, out: Out, done: Callable[[int], None]) -> tuple[int, bool]:
    """How many rows, and whether there were more than the format takes. No read is open while rows are written."""
    rows = 0
    columns = COLUMNS[order.table]
    with force_locale(order.language), spreadsheets.table(order.suffix, out, columns, order.language) as table:
        for lines in _parts(session, account_id, order):
            fitting = lines if table.max_rows is None else lines[: table.max_rows - rows]
            for line in fitting:
                table.add(line)
            rows += len(fitting)
            done(len(fitting))
            if len(fitting) < len(lines):
                return rows, True
    return rows, False


def _parts(session: Session, account_id: UUID, order: Order) -> Iterator[list[list[Cell]]]:
    zone, after = ZoneInfo(order.zone), None
    while True:
        found = _page(session, account_id, order, after, PART)
        part = [_cells(order.table, row, zone) for row in found.rows]
        session.rollback()
        yield part
        if found.next is None:
            return
        after = found.next


def _page(session: Session, account_id: UUID, order: Order, after: str | None, limit: int) -> Page[Any]:
    """Raises NotFound when the mailing is gone."""
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
