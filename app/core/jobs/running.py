"""What workers do with long work: take it up, do it, note how it ended."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Connection, select, update
from sqlalchemy.exc import SQLAlchemyError

from app.core import clock
from app.core.db import begin_write
from app.core.jobs.hold import LEASE, Hold, Stopped
from app.core.jobs.kinds import KINDS, kind_of
from app.core.models import Job, JobState
from app.core.runtime import Runtime

log = logging.getLogger(__name__)
OPEN = (JobState.QUEUED, JobState.RUNNING)
MAX_TRIES = 5  # a job that kills its workers is given up


def waiting(connection: Connection, limit: int = 20) -> list[UUID]:
    """Jobs that nobody holds, oldest first."""
    now = clock.now()
    free = Job.lease_until.is_(None) | (Job.lease_until <= now)
    found = select(Job.id).where(Job.state.in_([str(state) for state in OPEN]), free).order_by(Job.created_at)
    return list(connection.scalars(found.limit(limit)))


def run(runtime: Runtime, job_id: UUID) -> None:
    """Takes the job up and does it, if nobody else does."""
    hold = _take(runtime, job_id)
    if hold is None:
        return
    said = {"job_id": str(job_id), "account_id": str(hold.account_id)}
    try:
        result = kind_of(hold.kind)(runtime).run(hold)
    except Stopped:
        _finish(hold, JobState.CANCELLED, only_if_asked=True)
        log.info("a job was stopped", extra=said)
    except SQLAlchemyError:
        log.warning("a job was left for later: the database failed", exc_info=True, extra=said)
        _let_go(hold)
    except Exception as error:
        log.exception("a job failed", extra=said)
        _finish(hold, JobState.FAILED, error=type(error).__name__)
    else:
        _finish(hold, JobState.DONE, result=result)
        log.info("a job is done", extra=said)


def _take(runtime: Runtime, job_id: UUID) -> Hold | None:
    now, token = clock.now(), uuid4().hex
    free = (Job.lease_until.is_(None) | (Job.lease_until <= now)) & Job.state.in_([str(state) for state in OPEN])
    with begin_write(runtime.engine) as connection:
        taken = connection.execute(
            update(Job)
            .where(Job.id == job_id, free)
            .values(state=JobState.RUNNING, lease_token=token, lease_until=now + LEASE, tries=Job.tries + 1)
            .returning(Job.account_id, Job.created_by, Job.params, Job.cursor, Job.tries, Job.kind, Job.started_at)
        ).first()
        if taken is None:
            return None
        if taken.started_at is None:
            connection.execute(update(Job).where(Job.id == job_id).values(started_at=now))
        if taken.tries > MAX_TRIES or taken.kind not in KINDS:
            values = {"state": JobState.FAILED, "error": "gave up", "finished_at": now, "lease_until": None}
            connection.execute(update(Job).where(Job.id == job_id).values(**values))
            return None
    return Hold(runtime, job_id, taken.kind, taken.account_id, taken.created_by, taken.params, taken.cursor, token)


def _finish(
    hold: Hold,
    state: JobState,
    *,
    result: dict[str, Any] | None = None,
    error: str | None = None,
    only_if_asked: bool = False,
) -> None:
    """Nothing is written when the job is somebody else's by now."""
    mine = (Job.id == hold.job_id) & (Job.lease_token == hold.token) & (Job.state == JobState.RUNNING)
    if only_if_asked:
        mine &= Job.cancel_asked.is_(True)
    values = {"state": state, "result": result, "error": error, "finished_at": clock.now(), "lease_until": None}
    try:
        with begin_write(hold.runtime.engine) as connection:
            connection.execute(update(Job).where(mine).values(**values))
    except SQLAlchemyError:
        log.warning("the end of a job could not be noted; it is taken up again", extra={"job_id": str(hold.job_id)})


def _let_go(hold: Hold) -> None:
    mine = (Job.id == hold.job_id) & (Job.lease_token == hold.token)
    try:
        with begin_write(hold.runtime.engine) as connection:
            connection.execute(update(Job).where(mine).values(lease_until=clock.now() + timedelta(seconds=5)))
    except SQLAlchemyError:
        return  # then its lease ends by itself
