"""The worker for long work (purges, later imports and exports): one RQ queue, a child process for each job."""

from __future__ import annotations

from flask import Flask

from app.core import stopping
from app.core.heartbeat import Pulse, host_mark
from app.core.queue import ALWAYS_AWAY_ERRORS, connect
from app.core.runtime import runtime
from app.core.valkey import redis_url
from app.work.rq_workers import CLIENT_TIMEOUT_S, JOBS_QUEUE, JobWorker, work

AWAY_S = 1.0


def run(app: Flask) -> None:
    """Works until the process is asked to stop; a job in hand is told to stop too."""
    stopping.take_stop_signals()
    process = f"jobs-{host_mark()}"
    state = runtime(app)
    pulse = Pulse(state.engine, process, "jobs", state.settings.data_dir)

    def beat() -> None:
        if pulse.beat():
            state.engine.dispose()  # a job's child must not inherit open connections

    while not stopping.is_stopping():
        beat()
        with connect(redis_url(state.settings), timeout_s=CLIENT_TIMEOUT_S) as client:
            try:
                client.ping()
            except ALWAYS_AWAY_ERRORS:
                stopping.wait_for_stop(AWAY_S)
                continue
            work(JobWorker.of(process, client, JOBS_QUEUE, beat=beat))
    pulse.end()
