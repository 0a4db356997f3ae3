"""Asking for many contacts to be put into a funnel, and for that to be taken back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts import audit
from app.contacts.bulk import selection
from app.contacts.bulk.selection import Selection
from app.contacts.filters import Filters
from app.contacts.service import country_of
from app.core import jobs
from app.core.access import Actor
from app.core.errors import Conflict, Invalid, NotFound
from app.core.ids import to_uuid
from app.core.models import Job, JobPart
from app.core.runtime import runtime
from app.funnels.adding.job import KIND, to_json
from app.funnels.cards import locking
from app.funnels.cards.service import NO_STAGE
from app.funnels.cards.values import check
from app.funnels.models import Funnel, Stage
from app.funnels.states import State
from app.funnels.structure import reading

AT_ONCE = 200  # contacts that are added while somebody waits
RUNNING = _l("This still runs: stop it first.")
NOTHING = _l("There is nothing left to undo.")
CLOSED = _l("Choose a stage of open deals.")


def chosen(session: Session, actor: Actor, filters: Filters) -> dict[str, Any]:
    """Whom a job is about, before its write transaction: those of now, nobody who comes later."""
    until = Selection(filters).until_now(session)
    return selection.to_params(session, actor.account_id, until, country_of(actor.account_id))


def start(
    session: Session, actor: Actor, funnel_id: UUID | None, whom: dict[str, Any], values: Mapping[str, Any],
    total: int | None,
) -> UUID:  # fmt: skip
    """Queues it, in the caller's write transaction; the job's id. `whom` is from `chosen`; `values`: `stageId` (else
    the first stage), and those of `values.check`; without `ownerId` each contact's own is the owner. Raises NotFound,
    Invalid by these names, and Conflict when too many such jobs wait."""
    funnel = reading.get(actor.account_id, funnel_id)
    stage = _stage(session, funnel, values.get("stageId"))
    columns = check(session, actor.account_id, values)
    changes: audit.Changes = {
        "filters": [None, whom["filter"]],
        "stage": [None, stage.name],
        "number": [None, total],
    }
    audit.record(session, actor, "funnel.contacts_added", subject_id=funnel.id, subject=funnel.name, changes=changes)
    about = {"funnel": str(funnel.id), "stage": str(stage.id), "columns": to_json(columns)}
    return _queue(session, actor, whom | about, total)


def start_undo(session: Session, actor: Actor, id: UUID | None, funnel_id: UUID | None = None) -> tuple[UUID, Job]:
    """Queues what takes off the board what a job made, in the caller's write transaction: the id of the new job, and
    the one that it takes back. Raises NotFound, and Conflict when there is nothing to take back."""
    done = jobs.get(session, actor.account_id, id)
    if done.kind != KIND or "undoes" in done.params or funnel_id not in (None, of(done)):
        raise NotFound
    funnel = reading.get(actor.account_id, of(done))
    if done.finished_at is None:
        raise Conflict(RUNNING)
    if session.scalar(select(JobPart.number).where(JobPart.job_id == done.id).limit(1)) is None:
        raise Conflict(NOTHING)
    changes: audit.Changes = {"number": [None, done.done]}
    audit.record(session, actor, "funnel.addition_undone", subject_id=funnel.id, subject=funnel.name, changes=changes)
    return _queue(session, actor, {"funnel": str(funnel.id), "undoes": str(done.id)}, done.done), done


def run_small(id: UUID, total: int | None) -> None:
    """Does the job at once where it is small, unless a worker has it already. Outside of any transaction."""
    if total is not None and total <= AT_ONCE:
        jobs.run(runtime(), id)


def of(job: Job) -> UUID:
    """The funnel that a job is about."""
    return UUID(job.params["funnel"])


def _stage(session: Session, funnel: Funnel, id: Any) -> Stage:
    if id is None or id == "":
        return locking.first_stage(session, funnel)
    stage = locking.stage(session, funnel, to_uuid(id))
    if stage is None or stage.kind != State.OPEN:
        raise Invalid({"stageId": [NO_STAGE if stage is None else CLOSED]})
    return stage


def _queue(session: Session, actor: Actor, params: dict[str, Any], total: int | None) -> UUID:
    return jobs.start(
        session.connection(),
        account_id=actor.account_id,
        kind=KIND,
        params=params,
        total=total,
        created_by=actor.user_id,
    )
