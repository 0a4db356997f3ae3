"""A delivery worker: one drain for the life of the process, started by RQ, or by itself while Valkey is away."""

from __future__ import annotations

import logging
import os

from flask import Flask
from redis import Redis

from app.core import collector, stopping
from app.core.heartbeat import host_mark
from app.core.queue import ALWAYS_AWAY_ERRORS, connect
from app.core.runtime import runtime
from app.outbound.drain import Drain
from app.work.rq_workers import CLIENT_TIMEOUT_S, DrainWorker, queue_of, work

log = logging.getLogger(__name__)
BUDGET_S = 20.0
ALONE_S = 1.0  # how long the drain runs by itself before RQ is tried again; it goes on while Valkey is away
ENQUEUE_TIMEOUT_S = 1.0
JOB = "app.work.deliver.drain_job"
_drain: Drain | None = None


def drain_job(queue_name: str) -> None:
    """The RQ job: drains for its budget, then rings for its successor."""
    if _drain is None:
        raise RuntimeError("the drain job runs only inside a delivery worker")
    _drain.run(BUDGET_S)
    if not stopping.is_stopping():
        with connect(_drain.url, timeout_s=ENQUEUE_TIMEOUT_S) as client:
            _enqueue(client, queue_name)


def run(app: Flask, number: int) -> None:
    """Delivers until the process is asked to stop, then lets calls in hand finish."""
    global _drain
    stopping.take_stop_signals()
    process = f"deliver-{host_mark()}-{number}"
    _drain = Drain(runtime(app), process)
    stopping.on_stop(_drain.stop)
    collector.spare()
    log.info("delivery worker %s started as process %d", number, os.getpid())
    while not stopping.is_stopping():
        with connect(_drain.url, timeout_s=ENQUEUE_TIMEOUT_S) as client:
            has_job = _enqueue(client, process)
        if has_job:
            with connect(_drain.url, timeout_s=CLIENT_TIMEOUT_S) as client:
                work(DrainWorker.of(process, client, stop_job=_drain.stop))
        else:
            _drain.run(ALONE_S)
    _drain.close()


def _enqueue(client: Redis, queue_name: str) -> bool:
    """Puts a drain job into this worker's queue unless one waits there; False when Valkey is away. A doubled job would
    be harmless: the second drain finds nothing."""
    try:
        queue = queue_of(queue_name, client)
        if queue.count == 0:
            queue.enqueue(JOB, queue_name, job_timeout=-1, result_ttl=0, failure_ttl=3600)
    except ALWAYS_AWAY_ERRORS:
        return False
    return True
