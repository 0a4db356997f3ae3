"""Handing out the file of a job, part by part: no read lasts longer than one of them."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

from flask import Response
from sqlalchemy import Engine, select
from werkzeug.http import dump_options_header

from app.core import clock
from app.core.access import current_actor
from app.core.errors import N_, Forbidden, NotFound
from app.core.masking import masks_people
from app.core.models import Job, JobPart, JobState
from app.core.runtime import runtime

FOR_OTHERS = N_("This file was made for somebody who sees more of people than you.")


def may_fetch(job: Job) -> bool:
    """Who sees people masked gets only the files made for themselves: what others took along may be in the clear."""
    return not masks_people() or job.created_by == current_actor().user_id


def answer_file(job: Job) -> Response:
    """An attachment. Raises NotFound when there is none, or none any more, and Forbidden."""
    if not may_fetch(job):
        raise Forbidden(FOR_OTHERS)
    expired = job.expires_at is not None and job.expires_at <= clock.now()
    if job.filename is None or job.state != JobState.DONE or expired:
        raise NotFound
    response = Response(_parts(runtime().engine, job.id), content_type=job.content_type)
    response.headers["Content-Disposition"] = dump_options_header("attachment", {"filename": job.filename})
    response.headers["Content-Length"] = str(job.size or 0)
    response.headers["Cache-Control"] = "private, no-store"
    return response


def _parts(engine: Engine, job_id: UUID) -> Iterator[bytes]:
    number = 0
    while True:
        with engine.connect() as connection:
            found = select(JobPart.content).where(JobPart.job_id == job_id, JobPart.number == number)
            content = connection.scalar(found)
        if content is None:
            return
        yield content
        number += 1
