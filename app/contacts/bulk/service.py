"""Asking for a change of many contacts, and for taking one back."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts import audit
from app.contacts.bulk import selection
from app.contacts.bulk.actions import Action, Wanted, group_ids
from app.contacts.bulk.job import KIND, ChangeContacts
from app.contacts.bulk.selection import Selection
from app.contacts.service import country_of
from app.core import clock, jobs
from app.core.access import Actor
from app.core.errors import Conflict, Forbidden, NotFound
from app.core.i18n import number
from app.core.models import Job, JobPart, JobState
from app.core.runtime import runtime

AT_ONCE = 200  # contacts that are changed while somebody waits
RUNNING = _l("This still runs: stop it first.")
NOTHING = _l("There is nothing left to undo.")
AUDITED = {Action.DELETE: "contacts.deleted"}


class CountMoved(Conflict):
    """Somebody or something else changed whom this means since the person looked; `count` is how many it is now."""

    def __init__(self, count: int) -> None:
        super().__init__(
            _l("The number changed since you looked: it is %(number)s now. Confirm again.", number=number(count))
        )
        self.count = count


def count(session: Session, account_id: UUID, wanted: Selection) -> int:
    """How many contacts a selection means now. Raises Invalid and NotFound as `selection.count`."""
    return selection.count(session, account_id, wanted, country_of(account_id))


def start(
    session: Session, actor: Actor, wanted: Wanted, chosen: Selection, params: dict[str, Any], total: int
) -> UUID:
    """Queues the change of `params` (`prepare`), in the caller's write transaction; the job's id. Raises Invalid, and
    Conflict when too many such jobs wait."""
    ids = group_ids(session.connection(), actor.account_id, wanted)
    now = clock.now()
    changes: audit.Changes = {
        "action": [None, str(wanted.action)],
        "filters": [None, chosen.noted],
        "number": [None, total],
    }
    if ids:
        changes["groups"] = [None, [str(id_) for id_ in ids]]
    audit.record(session, actor, AUDITED.get(wanted.action, "contacts.changed"), changes=changes)
    about = {"action": str(wanted.action), "groups": [str(id_) for id_ in ids], "at": now.isoformat()}
    return _queue(session, actor, params | about, total)


def prepare(session: Session, actor: Actor, chosen: Selection, confirmed: int) -> dict[str, Any]:
    """Whom a job is about, before its write transaction, since it may take a while to find out. Raises CountMoved when
    they are not as many as the person confirmed, Invalid and NotFound."""
    country = country_of(actor.account_id)
    until = chosen.until_now(session)
    total = selection.count(session, actor.account_id, until, country)
    if total != confirmed:
        raise CountMoved(total)
    return selection.to_params(session, actor.account_id, until, country)


def start_undo(session: Session, actor: Actor, id: UUID | None, permissions: Collection[str]) -> tuple[UUID, int]:
    """Queues what takes a change back, in the caller's write transaction: the id of its job, and about how many
    contacts it is. Raises NotFound, Forbidden, and Conflict when there is nothing to take back."""
    done = jobs.get(session, actor.account_id, id)
    if done.kind != KIND or "undoes" in done.params:
        raise NotFound
    action = Action(done.params["action"])
    if action.permission not in permissions:
        raise Forbidden
    if done.finished_at is None:
        raise Conflict(RUNNING)
    if not _is_left(session, done, action):
        raise Conflict(NOTHING)
    audit.record(session, actor, "contacts.change_undone", changes={"action": [None, str(action)]})
    same = {name: done.params[name] for name in ("action", "groups", "at")}
    return _queue(session, actor, same | {"undoes": str(done.id)}, done.done), done.done


def run_small(id: UUID, total: int) -> None:
    """Does the job at once where it is small, unless a worker has it already. Outside of any transaction."""
    if total <= AT_ONCE:
        jobs.run(runtime(), id)


def is_done(job: Job) -> bool:
    return job.state == JobState.DONE


def can_undo(job: Job) -> bool:
    return ChangeContacts(runtime()).can_undo(job)


def _is_left(session: Session, done: Job, action: Action) -> bool:
    if action is Action.DELETE:
        at = selection.moment(done.params)
        return bool(selection.deleted_at(session.connection(), done.account_id, at, 0, most=1))
    return session.scalar(select(JobPart.number).where(JobPart.job_id == done.id).limit(1)) is not None


def _queue(session: Session, actor: Actor, params: dict[str, Any], total: int) -> UUID:
    return jobs.start(
        session.connection(),
        account_id=actor.account_id,
        kind=KIND,
        params=params,
        total=total,
        created_by=actor.user_id,
    )
