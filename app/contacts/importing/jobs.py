"""The long work of imports: the check that counts, and the import itself. UndoImport is in `undo`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from sqlalchemy import Connection, select, update

from app.contacts.importing.checking import Check
from app.contacts.importing.models import ContactImport, ImportState
from app.contacts.importing.opening import Opened, conclude, opened
from app.contacts.importing.rows import MAX_ROWS, Row
from app.contacts.importing.store import Store
from app.contacts.importing.undo import UndoImport
from app.core.db import begin_write
from app.core.jobs import Hold, LongJob, Stopped
from app.core.models import Job

__all__ = ["CheckImport", "ImportContacts", "UndoImport"]
READ = 500  # rows of one read of the check
SAID_EVERY = 5_000  # rows that were counted, or read again: progress, and the lease goes on
PART = 150  # rows of one write transaction


class CheckImport(LongJob):
    """One that takes over counts anew."""

    title = _l("Check of a file of contacts")
    permission = "contacts.import"
    back = "contact_imports.index"

    def run(self, hold: Hold) -> dict[str, Any]:
        found = opened(self.runtime, hold)
        if found is None or found.row.state != ImportState.CHECKING:
            return {"gone": True}
        if hold.cursor:
            with hold.part() as part:
                part.done, part.cursor = -hold.cursor["rows"], {"rows": 0}
        check = Check(self.runtime.engine, found.aim, found.judge())
        said = 0
        for rows in batches(found.rows(), READ):
            check.add(rows)
            if check.rows > MAX_ROWS:
                break
            if check.rows - said >= SAID_EVERY:
                with hold.part() as part:
                    part.done, part.cursor = check.rows - said, {"rows": check.rows}
                said = check.rows
        with hold.part() as part:
            part.done, part.total = check.rows - said, check.rows
            values = {"preview": check.preview(), "rows": check.rows, "state": str(ImportState.CHECKED)}
            part.connection.execute(_mine(hold, found).values(**values))
        return {"rows": check.rows}


class ImportContacts(LongJob):
    """Data and cursor commit together, so that whoever goes on imports no row twice. What came before is read and
    judged again meanwhile, for a later row may repeat it."""

    title = _l("Import of contacts")
    permission = "contacts.import"
    back = "contact_imports.index"

    def run(self, hold: Hold) -> dict[str, Any]:
        found = opened(self.runtime, hold)
        if found is None or found.row.state != ImportState.RUNNING:
            return {"gone": True}
        try:
            state = self._import(hold, found)
            with hold.part() as part:
                return conclude(part.connection, found, state)
        except Stopped:
            self._note_stop(hold, found)
            raise

    def _import(self, hold: Hold, found: Opened) -> ImportState:
        if not hold.cursor and found.row.preview is None and not _fits(hold, found):
            return ImportState.FAILED
        store = Store(found.aim, found.actor, found.row.filename, found.zone, found.row.created_by)
        judge = found.judge()
        for rows in batches(self._rest(hold, found, judge.read), PART):
            judged = [judge.read(row) for row in rows]
            store.prepare(judged)
            with hold.part() as part:
                tally = store.write(part.connection, judged)
                part.done, part.skipped = tally.taken, tally.skipped + tally.invalid
                part.cursor = {"row": rows[-1].number}
        return ImportState.DONE

    def _rest(self, hold: Hold, found: Opened, again: Any) -> Iterator[Row]:
        """The rows below the cursor."""
        after = (hold.cursor or {"row": 0})["row"]
        for number, row in enumerate(islice(found.rows(), MAX_ROWS), 1):
            if row.number > after:
                yield row
                continue
            again(row)
            if number % SAID_EVERY == 0:
                with hold.part():
                    pass

    def _note_stop(self, hold: Hold, found: Opened) -> None:
        """Only where a person stopped it, and nobody else goes on."""
        with begin_write(self.runtime.engine) as connection:
            mine = (Job.id == hold.job_id) & (Job.lease_token == hold.token) & Job.cancel_asked.is_(True)
            if connection.scalar(select(Job.id).where(mine).with_for_update()) is not None and _is_ours(
                connection, hold
            ):
                conclude(connection, found, ImportState.STOPPED)

    def words(self, job: Job) -> str:
        result = job.result or {}
        if "created" not in result:
            return ""
        parts = (
            ngettext("%(num)d contact created", "%(num)d contacts created", result["created"]),
            ngettext("%(num)d changed", "%(num)d changed", result["updated"]),
            ngettext("%(num)d row skipped", "%(num)d rows skipped", result["skipped"]),
            ngettext("%(num)d row refused", "%(num)d rows refused", result["invalid"]),
        )
        return f"{', '.join(parts)}."


def batches(rows: Iterable[Row], size: int) -> Iterator[list[Row]]:
    """Lists of `size` rows, the last one shorter."""
    left = iter(rows)
    while some := list(islice(left, size)):
        yield some


def _fits(hold: Hold, found: Opened) -> bool:
    """Of a file that nobody checked: how many rows, and whether they are not too many."""
    number = sum(1 for _row in islice(found.rows(), MAX_ROWS + 1))
    with hold.part() as part:
        part.total = number
        part.connection.execute(_mine(hold, found).values(rows=number))
    return number <= MAX_ROWS


def _mine(hold: Hold, found: Opened) -> Any:
    return update(ContactImport).where(ContactImport.id == found.row.id, ContactImport.job_id == hold.job_id)


def _is_ours(connection: Connection, hold: Hold) -> bool:
    mine = (ContactImport.job_id == hold.job_id) & (ContactImport.state == ImportState.RUNNING)
    return connection.scalar(select(ContactImport.id).where(mine).with_for_update()) is not None
