"""Changing many contacts as a long job that another worker can go on with, and taking such a change back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from app.accounts import audit
from app.contacts.bulk import selection, steps, words
from app.contacts.bulk.actions import Action, still_there, to_uuids
from app.core import clock
from app.core.errors import NotFound
from app.core.jobs import Hold, LongJob, Part
from app.core.models import Job, JobPart, JobState
from app.core.pace import Pace

KIND = "change_contacts"
UNDOABLE = (JobState.DONE, JobState.FAILED, JobState.CANCELLED)


class ChangeContacts(LongJob):
    """Walks by serial. What tags or categories it gave or took it keeps in parts of its own, so that an undo (the same
    kind of job, with `undoes`) takes back just these; a deletion is known by its moment."""

    title = _l("Change of contacts")
    permission = "contacts.edit"
    back = "contacts.index"
    undo = "contact_bulk.undo"

    def run(self, hold: Hold) -> dict[str, Any]:
        is_undo, is_deletion = "undoes" in hold.params, hold.params["action"] == Action.DELETE
        try:
            if is_undo:
                (self._bring_back if is_deletion else self._take_back)(hold)
            else:
                (self._delete if is_deletion else self._regroup)(hold)
        except NotFound:
            return {"gone": True}
        return {}

    def words(self, job: Job) -> str:
        return words.said(job)

    def can_undo(self, job: Job) -> bool:
        return job.state in UNDOABLE and job.done > 0 and "undoes" not in job.params

    def _regroup(self, hold: Hold) -> None:
        action, ids = Action(hold.params["action"]), to_uuids(hold.params["groups"])
        link = action.link
        assert link is not None
        for serials in self._parts(hold):
            with hold.part() as part:
                actor = audit.actor_of(part.connection, hold.account_id, hold.created_by)
                there = still_there(part.connection, hold.account_id, link, ids)
                if not there:
                    raise NotFound
                links = [(id_, serials if id_ in there else []) for id_ in ids]
                changed = steps.regroup(part.connection, actor, link, links, adds=action.adds, now=clock.now())
                self._keep(hold, part, changed)
                _note(part, len(set().union(*changed)), serials)

    def _delete(self, hold: Hold) -> None:
        at, pace = selection.moment(hold.params), Pace()
        for whole in self._parts(hold, selection.READ):
            for serials in pace.parts(whole):
                self._delete_part(hold, pace, serials, at)

    def _delete_part(self, hold: Hold, pace: Pace, serials: list[int], at: datetime) -> None:
        """By pace, since the cards of each contact leave their boards in the same transaction."""
        with hold.part() as part, pace.timed(len(serials)):
            actor = audit.actor_of(part.connection, hold.account_id, hold.created_by)
            _note(part, steps.delete(part.connection, actor, serials, at), serials)

    def _bring_back(self, hold: Hold) -> None:
        """A deletion: everybody who was deleted at its moment."""
        at, after, pace = selection.moment(hold.params), (hold.cursor or {}).get("after", 0), Pace()
        while True:
            with hold.part() as part, pace.timed(pace.size):
                serials = selection.deleted_at(part.connection, hold.account_id, at, after, pace.size)
                if not serials:
                    return
                actor = audit.actor_of(part.connection, hold.account_id, hold.created_by)
                _note(part, steps.restore(part.connection, actor, serials, at, clock.now()), serials)
            after = serials[-1]

    def _take_back(self, hold: Hold) -> None:
        """Tags or categories: what the other job kept, each part dropped as it is done."""
        action, ids = Action(hold.params["action"]), to_uuids(hold.params["groups"])
        link = action.link
        assert link is not None
        mine = JobPart.job_id == UUID(hold.params["undoes"])
        oldest = select(JobPart.number, JobPart.content).where(mine).order_by(JobPart.number).limit(1)
        while True:
            with hold.part() as part:
                kept = part.connection.execute(oldest).first()
                if kept is None:
                    return
                actor = audit.actor_of(part.connection, hold.account_id, hold.created_by)
                there = still_there(part.connection, hold.account_id, link, ids)
                stored = zip(ids, steps.unpack(kept.content), strict=True)
                links = [(id_, serials if id_ in there else []) for id_, serials in stored]
                changed = steps.regroup(part.connection, actor, link, links, adds=not action.adds, now=clock.now())
                part.connection.execute(delete(JobPart).where(mine, JobPart.number == kept.number))
                part.done += len(set().union(*changed))

    def _parts(self, hold: Hold, size: int = selection.PART) -> Iterator[list[int]]:
        """Those that are left, read in short reads between the parts."""
        after = (hold.cursor or {}).get("after", 0)
        with Session(self.runtime.engine) as session:
            yield from selection.parts(session, hold.account_id, hold.params, after, size)

    def _keep(self, hold: Hold, part: Part, changed: steps.Links) -> None:
        """In the same transaction; the number of a part is how many there were before it."""
        if any(changed):
            number = (part.cursor or {}).get("kept", 0)
            row = {"job_id": hold.job_id, "number": number, "content": steps.pack(changed)}
            part.connection.execute(insert(JobPart), row)
            part.cursor = {"after": 0, **(part.cursor or {}), "kept": number + 1}


def _note(part: Part, done: int, serials: list[int]) -> None:
    part.done += done
    part.skipped += len(serials) - done
    part.cursor = {**(part.cursor or {}), "after": serials[-1]}
