"""RQ as the doorman of worker processes: JSON only, one queue each, and a stop that reaches the running job."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import time
from collections.abc import Callable
from types import FrameType
from typing import Any, Self

from redis import Redis
from redis.exceptions import ConnectionError, TimeoutError
from rq import Queue, SimpleWorker, Worker
from rq.serializers import JSONSerializer
from rq.worker.base import StopRequested  # type: ignore[attr-defined]  # not re-exported, but raised by design

from app.core import lifeline, stopping
from app.core.queue import ALWAYS_AWAY_ERRORS

log = logging.getLogger(__name__)
JOBS_QUEUE = "jobs"
IDLE_S = 2  # then `work` returns, and its caller sees to it that there is something to do
CLIENT_TIMEOUT_S = 5.0  # of sockets; longer than RQ's blocking wait, which IDLE_S bounds
WORKER_TTL_S = 60
MONITOR_S = 2  # how often a running job is looked after


class ValkeyAway(Exception):
    """RQ would wait for Valkey for up to a minute a time; our loops have better to do."""


def queue_of(name: str, connection: Redis) -> Queue:
    return Queue(name, connection=connection, serializer=JSONSerializer)


class _Prompt:
    """What both workers change: they give up at once when Valkey is away, and pass a stop on."""

    _is_waiting = False
    _stop_requested: bool

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["serializer"] = JSONSerializer  # never pickle: who writes Valkey would run code
        super().__init__(*args, **kwargs)

    def subscribe(self) -> None:
        """No command channel: nobody sends commands, and its thread would outlive a lost Valkey."""

    def unsubscribe(self) -> None:
        return

    def heartbeat(self, *args: Any, **kwargs: Any) -> None:
        try:
            super().heartbeat(*args, **kwargs)  # type: ignore[misc]
        except (ConnectionError, TimeoutError) as error:
            raise ValkeyAway from error

    def dequeue_job_and_maintain_ttl(self, *args: Any, **kwargs: Any) -> Any:
        self._is_waiting = True
        try:
            if self._stop_requested or stopping.is_stopping():
                return None
            return super().dequeue_job_and_maintain_ttl(*args, **kwargs)  # type: ignore[misc]
        finally:
            self._is_waiting = False

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        """Called in the main thread, between two instructions of it: no call to Valkey here, unlike RQ's own, and an
        exception only out of RQ's blocking wait. Anywhere else it could hit a transaction, or us after RQ's loop."""
        self._stop_requested = True
        self.pass_stop_on()
        if self._is_waiting:
            raise StopRequested

    def pass_stop_on(self) -> None:
        """Tells the running job, if there is one."""
        raise NotImplementedError


class DrainWorker(_Prompt, SimpleWorker):
    """Runs the drain in this very process: a kill ends both, and the next process starts clean."""

    stop_job: Callable[[], None]

    @classmethod
    def of(cls, process: str, client: Redis, *, stop_job: Callable[[], None]) -> Self:
        """A worker of the process's own queue."""
        worker = cls([queue_of(process, client)], connection=client, **_options(process))
        worker.stop_job = stop_job
        return worker

    def pass_stop_on(self) -> None:
        self.stop_job()


class JobWorker(_Prompt, Worker):
    """Runs each long job in a child, which gets the stop too (RQ alone would let it finish: 18 s measured)."""

    beat: Callable[[], None]

    @classmethod
    def of(cls, process: str, client: Redis, queue: str, *, beat: Callable[[], None]) -> Self:
        """`beat` is called now and then while a job runs."""
        worker = cls(
            [queue_of(queue, client)], connection=client, job_monitoring_interval=MONITOR_S, **_options(process)
        )
        worker.beat = beat
        return worker

    def fork_work_horse(self, job: Any, queue: Any) -> None:
        super().fork_work_horse(job, queue)
        if self._stop_requested:  # it came while there was no child to tell
            self.pass_stop_on()

    def main_work_horse(self, job: Any, queue: Any) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        lifeline.die_with_parent()
        super().main_work_horse(job, queue)

    def maintain_heartbeats(self, job: Any, execution: Any) -> None:
        self.beat()
        if self._stop_requested:  # again, should it have come before the child could take it
            self.pass_stop_on()
        with contextlib.suppress(*ALWAYS_AWAY_ERRORS, ValkeyAway):  # the job goes on
            super().maintain_heartbeats(job, execution)

    def pass_stop_on(self) -> None:
        if self.horse_pid:  # by its own id: just after the fork its group is still ours
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.horse_pid, signal.SIGTERM)


def work(worker: Any) -> None:
    """One spell of work: until a stop, an idle moment, or Valkey is away. Never raises for the latter."""
    before = {number: signal.getsignal(number) for number in stopping.STOP_SIGNALS}
    try:
        worker.work(max_idle_time=IDLE_S, logging_level="CRITICAL")
    except (*ALWAYS_AWAY_ERRORS, ValkeyAway, StopRequested) as error:
        log.info("a worker's spell ended early: %s", type(error).__name__)
    finally:
        for number, handler in before.items():  # RQ leaves its own in place
            signal.signal(number, handler)


def _options(process: str) -> dict[str, Any]:
    return {"name": f"{process}-{os.getpid()}-{time.monotonic_ns()}", "default_worker_ttl": WORKER_TTL_S}
