"""Many contacts put into a funnel as a long job that another worker can go on with, and taken off again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from app.accounts import audit
from app.contacts.bulk import selection
from app.core.db import write
from app.core.errors import NotFound
from app.core.jobs import Hold, LongJob, Part
from app.core.models import Job, JobPart, JobState
from app.core.pace import Pace
from app.funnels.adding import words
from app.funnels.cards import many
from app.funnels.cards.history import Doer
from app.funnels.cards.many import Made
from app.funnels.cards.values import is_of_account

KIND = "add_to_funnel"
UNDOABLE = (JobState.DONE, JobState.FAILED, JobState.CANCELLED)


class AddToFunnel(LongJob):
    """Walks by serial. Which cards it made it keeps in parts of its own, as the revisions of the funnel, so that an
    undo (the same kind of job, with `undoes`) takes off just these. Each part is one `write()`, whose session the rules
    of the stage need."""

    title = _l("Contacts added to a funnel")
    permission = "cards.edit"
    back = "board.show"
    undo = "funnel_adding.undo"

    def run(self, hold: Hold) -> dict[str, Any]:
        try:
            (self._take_back if "undoes" in hold.params else self._add)(hold)
        except NotFound:
            return {"gone": True}
        return {}

    def words(self, job: Job) -> str:
        return words.said(job)

    def back_to(self, job: Job) -> dict[str, Any]:
        return {"id": job.params["funnel"]}

    def can_undo(self, job: Job) -> bool:
        return can_undo(job)

    def _add(self, hold: Hold) -> None:
        funnel_id, stage_id = UUID(hold.params["funnel"]), UUID(hold.params["stage"])
        pace = Pace()
        for serials in self._parts(hold, pace):
            with write() as session, pace.timed(len(serials)), hold.within(session.connection()) as part:
                columns = _columns(session, hold)
                made = many.create(session, _doer(session, hold), funnel_id, stage_id, serials, columns)
                part.done += made.number
                part.skipped += len(serials) - made.number
                _keep(hold, part, made, serials[-1])

    def _take_back(self, hold: Hold) -> None:
        """What the other job kept, each part dropped as it is done."""
        mine = JobPart.job_id == UUID(hold.params["undoes"])
        oldest = select(JobPart.number, JobPart.content).where(mine).order_by(JobPart.number).limit(1)
        while True:
            with write() as session, hold.within(session.connection()) as part:
                kept = part.connection.execute(oldest).first()
                if kept is None:
                    return
                made = Made(*map(int, kept.content.split(b"-")))
                taken = many.take_back(session, _doer(session, hold), UUID(hold.params["funnel"]), made)
                part.connection.execute(delete(JobPart).where(mine, JobPart.number == kept.number))
                part.done += taken
                part.skipped += made.number - taken

    def _parts(self, hold: Hold, pace: Pace) -> Iterator[list[int]]:
        """Those that are left, read in short reads between the parts."""
        after = (hold.cursor or {}).get("after", 0)
        with Session(self.runtime.engine) as session:
            for serials in selection.parts(session, hold.account_id, hold.params, after, selection.READ):
                yield from pace.parts(serials)


def can_undo(job: Job) -> bool:
    return job.state in UNDOABLE and job.done > 0 and "undoes" not in job.params


def to_json(columns: Mapping[str, Any]) -> dict[str, str | None]:
    """Of a card, for a job's params; nothing that people typed."""
    return {name: None if columns[name] is None else str(columns[name]) for name in _READ if name in columns}


def _columns(session: Session, hold: Hold) -> dict[str, Any]:
    """What `to_json` wrote; an owner who left the team meanwhile is nobody."""
    kept = hold.params["columns"]
    found = {name: None if text is None else _READ[name](text) for name, text in kept.items()}
    owner_id = found.get("owner_id")
    if owner_id is not None and not is_of_account(session, hold.account_id, owner_id):
        found["owner_id"] = None
    return found


_READ: dict[str, Any] = {"value": Decimal, "owner_id": UUID}


def _doer(session: Session, hold: Hold) -> Doer:
    return Doer(audit.actor_of(session.connection(), hold.account_id, hold.created_by))


def _keep(hold: Hold, part: Part, made: Made, last: int) -> None:
    """In the same transaction; the number of a part is how many there were before it."""
    number = (part.cursor or {}).get("kept", 0)
    if made.number:
        row = {"job_id": hold.job_id, "number": number, "content": f"{made.first}-{made.last}".encode()}
        part.connection.execute(insert(JobPart), row)
    part.cursor = {"after": last, "kept": number + (1 if made.number else 0)}
