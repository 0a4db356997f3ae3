"""RQ as the doorman of worker processes: JSON only, one queue each, and a stop that reaches the running job."""

from __future__ import annotations

import logging
import signal
from collections.abc import Callable
from types import FrameType
from typing import Any

from redis import Redis
from redis.exceptions import ConnectionError, TimeoutError
from rq import Queue, SimpleWorker, Worker
from rq.serializers import JSONSerializer
from rq.worker.base import StopRequested  # type: ignore[attr-defined]  # not re-exported, but raised by design

from app.core import lifeline

log = logging.getLogger(__name__)
JOBS_QUEUE = "jobs"
IDLE_S = 2  # then `work` returns, and its caller sees to it that there is something to do
WORKER_TTL_S = 60


class ValkeyAway(Exception):
    """RQ would wait for Valkey for up to a minute a time; our loops have better to do."""


def queue_of(name: str, connection: Redis) -> Queue:
    return Queue(name, connection=connection, serializer=JSONSerializer)


class _Prompt:
    """What both workers change: they give up at once when Valkey is away, and pass a stop on."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["serializer"] = JSONSerializer  # never pickle: who writes Valkey would run code
        super().__init__(*args, **kwargs)

    def heartbeat(self, *args: Any, **kwargs: Any) -> None:
        try:
            super().heartbeat(*args, **kwargs)  # type: ignore[misc]
        except (ConnectionError, TimeoutError) as error:
            raise ValkeyAway from error

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        """Called in the main thread, between two instructions of it. No call to Valkey here, unlike RQ's own."""
        self._stop_requested = True
        if not self.pass_stop_on():
            raise StopRequested

    def pass_stop_on(self) -> bool:
        """Tells the running job; False when there is none."""
        raise NotImplementedError


class DrainWorker(_Prompt, SimpleWorker):
    """Runs the drain in this very process: a kill ends both, and the next process starts clean."""

    stop_job: Callable[[], None] = staticmethod(lambda: None)
    in_job = False

    def execute_job(self, job: Any, queue: Any) -> None:
        self.in_job = True
        try:
            super().execute_job(job, queue)
        finally:
            self.in_job = False

    def pass_stop_on(self) -> bool:
        self.stop_job()
        return self.in_job


class JobWorker(_Prompt, Worker):
    """Runs each long job in a child, which gets the stop too (RQ alone would let it finish: 18 s measured)."""

    def main_work_horse(self, job: Any, queue: Any) -> None:
        lifeline.die_with_parent()
        super().main_work_horse(job, queue)

    def pass_stop_on(self) -> bool:
        if not self.horse_pid:
            return False
        self.kill_horse(signal.SIGTERM)
        return True


def work(worker: Any) -> None:
    """One spell of work: until a stop, an idle moment, or Valkey is away. Never raises for the latter."""
    try:
        worker.work(max_idle_time=IDLE_S, logging_level="CRITICAL")
    except (ValkeyAway, ConnectionError, TimeoutError, OSError) as error:
        log.info("a worker lost Valkey: %s", type(error).__name__)
