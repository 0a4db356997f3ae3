"""Rules of funnels whose time came: the ticker has the worker for long work see to them."""

from __future__ import annotations

from redis import Redis
from rq.registry import StartedJobRegistry
from sqlalchemy import Engine

from app.core import clock
from app.funnels.rules import sweep
from app.work.rq_workers import JOBS_QUEUE, queue_of

JOB = "card-rules"
RUN_S = 600


def ring(engine: Engine, valkey: Redis) -> bool:
    """Enqueues a sweep when something is due; not while one waits or is at it, though two would do no harm. Raises what
    Valkey's absence raises."""
    with engine.connect() as connection:
        if not sweep.anything_due(connection):
            return False
    queue = queue_of(JOBS_QUEUE, valkey)
    started = StartedJobRegistry(queue=queue)
    now = int(clock.now().timestamp())
    running = valkey.zrangebyscore(started.key, now, "+inf")  # one whose worker was killed has a score of the past
    if JOB in queue.job_ids or any(JOB in str(member) for member in running):
        return False
    queue.enqueue("app.funnels.rules.sweep.job", job_id=JOB, job_timeout=RUN_S, result_ttl=0, failure_ttl=3600)
    return True
