"""The worker for long work (purges, later imports and exports): one RQ queue, a child process for each job."""

from __future__ import annotations

import os
import signal
import socket
import time
from contextlib import suppress
from threading import Event

from flask import Flask

from app.core import stopping
from app.core.queue import ALWAYS_AWAY_ERRORS, connect
from app.core.runtime import runtime
from app.core.valkey import redis_url
from app.outbound.heartbeat import beat, silence
from app.work.rq_workers import JOBS_QUEUE, WORKER_TTL_S, JobWorker, queue_of, work

AWAY_S = 1.0


def run(app: Flask) -> None:
    """Works until the process is asked to stop; a job in hand is told to stop too."""
    stopping.stop_on_signals()
    for name in stopping.STOP_SIGNALS:
        signal.signal(name, lambda *_: None)
    stopped = Event()
    stopping.on_stop(stopped.set)
    process = f"jobs-{socket.gethostname()[:24]}"
    engine, url = runtime(app).engine, redis_url(runtime(app).settings)
    while not stopped.is_set():
        beat(engine, process, "jobs")
        engine.dispose()  # a job's child must not inherit open connections
        client = connect(url, timeout_s=5.0)
        with suppress(*ALWAYS_AWAY_ERRORS):
            client.ping()
            worker = JobWorker(
                [queue_of(JOBS_QUEUE, client)],
                connection=client,
                name=f"{process}-{os.getpid()}-{time.monotonic_ns()}",
                default_worker_ttl=WORKER_TTL_S,
            )
            work(worker)
            continue
        stopped.wait(AWAY_S)
    silence(engine, process)
