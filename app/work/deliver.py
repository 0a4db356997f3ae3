"""A delivery worker: one drain for the life of the process, started by RQ, or by itself while Valkey is away."""

from __future__ import annotations

import logging
import os
import signal
import socket
import time

from flask import Flask
from redis import Redis

from app.core import stopping
from app.core.queue import ALWAYS_AWAY_ERRORS, connect
from app.core.runtime import runtime
from app.core.valkey import redis_url
from app.outbound.drain import Drain
from app.outbound.heartbeat import silence
from app.work.rq_workers import WORKER_TTL_S, DrainWorker, queue_of, work

log = logging.getLogger(__name__)
BUDGET_S = 20.0
JOB = "app.work.deliver.drain_job"
_drain: Drain | None = None


def drain_job(queue_name: str) -> None:
    """The RQ job: drains for its budget, then rings for its successor."""
    if _drain is None:
        raise RuntimeError("the drain job runs only inside a delivery worker")
    _drain.run(BUDGET_S)
    if not stopping.is_stopping():
        _enqueue(connect(_drain.url, timeout_s=1.0), queue_name)


def run(app: Flask, number: int) -> None:
    """Delivers until the process is asked to stop, then lets calls in hand finish."""
    global _drain
    stopping.stop_on_signals()
    for name in stopping.STOP_SIGNALS:
        signal.signal(name, lambda *_: None)  # the wake-up descriptor does the work; RQ puts its own in place
    process = f"deliver-{socket.gethostname()[:24]}-{number}"
    _drain = Drain(runtime(app), process)
    stopping.on_stop(_drain.stop)
    url = redis_url(runtime(app).settings)
    log.info("delivery worker %s started as process %d", number, os.getpid())
    while not stopping.is_stopping():
        client = connect(url, timeout_s=5.0)
        if _enqueue(client, process):
            _work_with_rq(client, process, _drain)
        else:
            _drain.run(1.0)  # which goes on while Valkey is away
    _drain.close()
    silence(runtime(app).engine, process)


def _work_with_rq(client: Redis, process: str, drain: Drain) -> None:
    worker = DrainWorker(
        [queue_of(process, client)],
        connection=client,
        name=f"{process}-{os.getpid()}-{time.monotonic_ns()}",
        default_worker_ttl=WORKER_TTL_S,
    )
    worker.stop_job = drain.stop
    work(worker)


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
