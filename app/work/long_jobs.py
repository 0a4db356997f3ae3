"""Long jobs on the worker for long work: the ticker rings for those that nobody holds."""

from __future__ import annotations

from uuid import UUID

from redis import Redis
from sqlalchemy import Engine

from app.core import jobs
from app.work.rq_workers import JOBS_QUEUE, queue_of

RUN_S = 6 * 3600


def job(job_id: str) -> None:
    """The RQ job."""
    from app import create_app
    from app.core.runtime import runtime

    app = create_app()
    with app.app_context():  # whose translations a job needs for its file
        jobs.run(runtime(app), UUID(job_id))


def ring(engine: Engine, valkey: Redis) -> int:
    """Enqueues the jobs that wait, each once however often it is called. Raises what Valkey's absence raises."""
    with engine.connect() as connection:
        waiting = jobs.waiting(connection)
    if not waiting:
        return 0
    queue = queue_of(JOBS_QUEUE, valkey)
    queued = set(queue.job_ids)
    new = [str(id_) for id_ in waiting if f"job-{id_}" not in queued]
    for id_ in new:
        queue.enqueue(
            "app.work.long_jobs.job", id_, job_id=f"job-{id_}", job_timeout=RUN_S, result_ttl=0, failure_ttl=3600
        )
    return len(new)
