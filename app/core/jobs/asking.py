"""What people do with long work: start it, look at it, stop it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.orm import Session

from app.core import clock
from app.core.errors import NotFound
from app.core.ids import uuid7
from app.core.jobs.kinds import KINDS
from app.core.models import Job, JobState

RECENT = 50


def start(
    connection: Connection,
    *,
    account_id: UUID,
    kind: str,
    params: dict[str, Any],
    total: int | None = None,
    created_by: UUID | None = None,
) -> UUID:
    """Queues a job in the caller's transaction; a worker takes it up within about a second of the commit."""
    if kind not in KINDS:
        raise ValueError(f"no kind of job {kind!r}")
    id_ = uuid7()
    row = {"id": id_, "account_id": account_id, "kind": kind, "params": params, "total": total}
    connection.execute(insert(Job), {**row, "created_by": created_by, "created_at": clock.now()})
    return id_


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
