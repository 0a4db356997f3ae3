"""Rounds of ours: events due, workers started on them, timed until all is settled."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import update
from werkzeug.test import Client

from app.core import clock
from app.core.db import begin_write
from app.core.runtime import runtime
from app.outbound.models import Delivery, Status
from app.simulator import RemoteSimulator
from bench.goals import check, median
from bench.processes import Process, running
from bench.stand import EVENTS, Stand

LATENCY_MS = 50
GIVES_UP_S = 120.0
BATCH = 1_000
LATER_S, SOON_S = 3600.0, 1.0  # a worker looks more often than that for what comes due
OPEN = "status IN ('pending', 'leased')"


@dataclass(slots=True)
class Rates:
    """Events a second, and the processor time of one, round by round."""

    events: int
    per_s: list[float] = field(default_factory=list)
    cpu_us: list[float] = field(default_factory=list)

    def __str__(self) -> str:
        return f"{median(self.per_s):,.0f}/s {median(self.cpu_us):,.0f} µs"

    @property
    def per_core(self) -> float:
        """Events a second that a core of its own could do at most; 0 where processor time is not known."""
        return 1e6 / median(self.cpu_us) if median(self.cpu_us) else 0.0

    def add(self, took_s: float, cpu_s: float) -> None:
        self.per_s.append(self.events / took_s)
        self.cpu_us.append(cpu_s / self.events * 1e6)


def drained(
    product: Stand,
    simulator: RemoteSimulator,
    event: dict[str, Any],
    rates: Rates,
    workers: int = 1,
    side: int | None = 0,
) -> None:
    """One round: that many events due, workers set on them, timed from the first arrival to the last commit."""
    product.empty()
    simulator.reset()
    preload(product, event, rates.events)
    with ready(product, workers, side) as started:
        cpu = cpu_s(product, started)
        set_off(product, started[0])
        settled_at = time.time()
        cpu = cpu_s(product, started) - cpu
    rates.add(settled_at - min(simulator.first_at.values()), cpu)
    check_settled(product, simulator, rates.events)


@contextmanager
def ready(product: Stand, workers: int = 1, side: int | None = 0) -> Iterator[list[Process]]:
    """Workers that are up while nothing is due: what is, was put off."""
    product.execute("DELETE FROM heartbeat")
    _put_off(product, LATER_S)
    with ExitStack() as stack:
        started = [stack.enter_context(running(product.worker(1 + n, side))) for n in range(workers)]
        wait(lambda: product.scalar("SELECT count(*) FROM heartbeat WHERE kind = 'deliver'") >= workers, started[0])
        yield started


def set_off(product: Stand, worker: Process) -> None:
    """Makes everything due at one moment that the workers have learnt of before, and waits until it is settled."""
    _put_off(product, SOON_S)
    wait(lambda: not is_anything_open(product), worker)


def is_anything_open(product: Stand) -> bool:
    return product.scalar(f"SELECT 1 FROM delivery WHERE {OPEN} LIMIT 1") is not None


def _put_off(product: Stand, by_s: float) -> None:
    at = clock.now() + timedelta(seconds=by_s)
    with begin_write(runtime(product.app).engine) as connection:
        connection.execute(update(Delivery).where(Delivery.status == Status.PENDING).values(next_at=at))


def cpu_s(product: Stand, workers: list[Process]) -> float:
    return product.valkey.cpu_s() + sum(worker.cpu_s() for worker in workers)


def preload(product: Stand, event: dict[str, Any], count: int) -> None:
    """That many events through the product's own batch endpoint, in this process."""
    web = Client(product.app)
    template = json.dumps(event)
    headers = {"Authorization": f"Bearer {product.token}"}
    for start in range(0, count, BATCH):
        size = min(BATCH, count - start)
        events = [json.loads(template.replace("%ID%", f"{time.time_ns():x}-{start + n}")) for n in range(size)]
        answer = web.post(f"{EVENTS}/batch", json={"events": events}, headers=headers)
        check(answer.status_code == 202 and answer.json is not None and answer.json["accepted"] == size, answer.text)


def check_settled(product: Stand, simulator: RemoteSimulator, count: int) -> None:
    """Each event arrived once, its delivery is done, and its attempt is in the log."""
    counts = simulator.counts()
    check(counts["unique"] == counts["events"] == count, f"{count} events accepted, the platform took {counts}")
    done = product.scalar("SELECT count(*) FROM delivery WHERE status = 'done' AND attempts = 1")
    logged = product.scalar("SELECT count(*) FROM attempt WHERE outcome = 'sent'")
    check(done == logged == count, f"of {count} events {done} are done and {logged} logged")


def wait(until: Callable[[], bool], worker: Process) -> None:
    deadline = time.monotonic() + GIVES_UP_S
    while not until():
        check(time.monotonic() < deadline and not worker.ended, f"the worker did not finish: {worker.said()}")
        time.sleep(0.01)
