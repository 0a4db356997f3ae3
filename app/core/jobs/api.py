"""The API of long work: what a 202 points to."""

from __future__ import annotations

from flask import Response

from app.core.api import current, endpoint, resource_blueprint
from app.core.db import db, write
from app.core.errors import Conflict, Forbidden
from app.core.ids import to_uuid
from app.core.jobs import asking
from app.core.jobs.file import answer_file
from app.core.jobs.kinds import kind_of
from app.core.jobs.schemas import JobOut
from app.core.models import Job

bp = resource_blueprint("api_jobs", __name__, "/jobs")


def _wanted(id: str) -> Job:
    job = asking.get(db.session(), current().account_id, to_uuid(id))
    if kind_of(job.kind).permission not in current().permissions:
        raise Forbidden
    return job


@bp.get("/<id>")
@endpoint(summary="Look how far a long job is", permission="overview.view", answers={200: JobOut})
def show(id: str) -> JobOut:
    return JobOut.of(_wanted(id))


@bp.post("/<id>/stop")
@endpoint(summary="Stop a long job", permission="overview.view", answers={202: JobOut, 409: None})
def stop(id: str) -> JobOut:
    """For who started it, administrators and managers. What is done stays done. 409 when it has ended."""
    with write() as session:
        job = _wanted(id)
        if not asking.may_stop(job, current().user_id, current().permissions):
            raise Forbidden
        if job.finished_at is not None:
            raise Conflict(current=JobOut.of(job))
        asking.ask_to_stop(session.connection(), job)
        session.refresh(job)
    return JobOut.of(job)


@bp.get("/<id>/file")
@endpoint(summary="Fetch the file that a long job made", permission="overview.view", answers={200: None})
def file(id: str) -> Response:
    return answer_file(_wanted(id))
