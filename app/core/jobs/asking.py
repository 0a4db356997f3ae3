"""What people do with long work: start it, look at it, stop it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import Connection, func, insert, select, update
from sqlalchemy.orm import Session

from app.core import clock
from app.core.errors import Conflict, NotFound
from app.core.ids import uuid7
from app.core.jobs.kinds import KINDS
from app.core.models import Job, JobState

RECENT = 50
MAX_OPEN = 5  # of one kind and account: one worker does them all, and nobody else's may wait for a hundred
BUSY = _l("%(number)s such tasks wait or run already. Wait until one is done, or stop one.", number=MAX_OPEN)


def start(
    connection: Connection,
    *,
    account_id: UUID,
    kind: str,
    params: dict[str, Any],
    total: int | None = None,
    created_by: UUID | None = None,
) -> UUID:
    """Queues a job in the caller's transaction; a worker takes it up within about a second of the commit. Raises
    Conflict when the account has MAX_OPEN of this kind already."""
    if kind not in KINDS:
        raise ValueError(f"no kind of job {kind!r}")
    if _number_open(connection, account_id, kind) >= MAX_OPEN:
        raise Conflict(BUSY)
    id_ = uuid7()
    row = {"id": id_, "account_id": account_id, "kind": kind, "params": params, "total": total}
    connection.execute(insert(Job), {**row, "created_by": created_by, "created_at": clock.now()})
    return id_


def _number_open(connection: Connection, account_id: UUID, kind: str) -> int:
    is_open = Job.state.in_([str(JobState.QUEUED), str(JobState.RUNNING)])
    counted = select(func.count()).select_from(Job).where(Job.account_id == account_id, Job.kind == kind, is_open)
    return connection.scalar(counted) or 0


STOP_OTHERS = "deliveries.cancel"  # who may stop what somebody else started


def may_stop(job: Job, user_id: UUID | None, permissions: Collection[str]) -> bool:
    """Whoever started it, and those who may drop deliveries."""
    return (user_id is not None and job.created_by == user_id) or STOP_OTHERS in permissions


def ask_to_stop(connection: Connection, job: Job) -> None:
    """A queued job is cancelled at once, a running one before its next part."""
    mine = update(Job).where(Job.id == job.id)
    connection.execute(
        mine.where(Job.state == JobState.QUEUED).values(state=JobState.CANCELLED, finished_at=clock.now())
    )
    connection.execute(mine.where(Job.state == JobState.RUNNING).values(cancel_asked=True))


def get(session: Session, account_id: UUID, id: UUID | None) -> Job:
    """Raises NotFound, also for another account's."""
    job = session.get(Job, id) if id is not None else None
    if job is None or job.account_id != account_id:
        raise NotFound
    return job


def recent(session: Session, account_id: UUID) -> Sequence[Job]:
    """The account's latest jobs, newest first."""
    found = select(Job).where(Job.account_id == account_id).order_by(Job.created_at.desc(), Job.id.desc())
    return session.scalars(found.limit(RECENT)).all()
