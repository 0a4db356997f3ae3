"""Rounds of others: one job an event in RQ, celery or dramatiq, on a Valkey of their own."""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from redis import Redis
from rq import Queue

from app.simulator import RemoteSimulator
from bench.drains import Rates, wait
from bench.goals import Bench, check
from bench.processes import Process, python, running
from bench.references import one_call
from bench.stand import KWAI_EVENT, META_EVENT, META_PIXEL

THREADS = 32
Events = list[dict[str, Any]]
Enqueue = Callable[[str, str, Events], None]  # where to send, where to log, what


@dataclass(frozen=True, slots=True)
class Peer:
    """A queue with a worker: how to fill it and how to start that worker on it."""

    name: str
    event: dict[str, Any]
    enqueue: Enqueue
    worker: Sequence[str]
    environment: Mapping[str, str]


def queued(bench: Bench, simulator: RemoteSimulator, store: Process, peer: Peer, rates: Rates) -> None:
    """One round: the jobs enqueued, a worker started on them, timed from the first arrival to the last attempt in the
    log."""
    simulator.reset()
    database = str(bench.folder / f"log-{time.monotonic_ns()}.db")
    one_call.prepare(database)
    template, prefix = json.dumps(peer.event), f"{time.time_ns():x}"
    events = [json.loads(template.replace("%ID%", f"{prefix}-{number}")) for number in range(rates.events)]
    peer.enqueue(_url(simulator, peer.event), database, events)
    with running(Process(peer.worker, bench.folder, peer.environment)) as worker:
        wait(lambda: int(simulator.counts()["calls"]) > 0, worker)
        cpu = worker.cpu_s() + store.cpu_s()
        wait(lambda: one_call.logged(database) == rates.events, worker)
        settled_at = time.time()
        cpu = worker.cpu_s() + store.cpu_s() - cpu
    counts = simulator.counts()
    check(counts["unique"] == counts["events"] == rates.events, f"{rates.events} jobs, the platform took {counts}")
    rates.add(settled_at - min(simulator.first_at.values()), cpu)


def _url(simulator: RemoteSimulator, event: dict[str, Any]) -> str:
    if event is KWAI_EVENT:
        return simulator.environment["KWAI_EVENTS_URL"]
    return f"{simulator.environment['META_GRAPH_URL']}/v25.0/{META_PIXEL}/events"


def rq(url: str, worker_class: str) -> Peer:
    """`rq worker` in burst mode, so that it ends with its jobs."""

    def enqueue(target: str, database: str, events: Events) -> None:
        with Redis.from_url(url) as client:
            queue = Queue("events", connection=client)
            for event in events:
                queue.enqueue("bench.references.rq_job.send", target, database, event)

    command = python("-m", "rq.cli", "worker", "--burst", "--quiet", "-w", worker_class, "-u", url, "events")
    return Peer(f"RQ {worker_class.partition('.')[2]}", KWAI_EVENT, enqueue, command, {})


def celery(url: str) -> Peer:
    """`celery worker -P threads -c 32`, everything else as it comes."""
    broker = url.replace("unix://", "redis+socket://")
    module = _imported("celery_tasks", broker)

    def enqueue(target: str, database: str, events: Events) -> None:
        for event in events:
            module.send.delay(target, database, event)

    worker = ["worker", "-P", "threads", "-c", str(THREADS), "--loglevel", "ERROR"]
    command = python("-m", "celery", "-A", "bench.references.celery_tasks", *worker)
    return Peer(f"celery -P threads -c {THREADS}", META_EVENT, enqueue, command, {"BROKER_URL": broker})


def dramatiq(url: str) -> Peer:
    """`dramatiq` with one process, since it has one core, and as many threads as celery."""
    module = _imported("dramatiq_tasks", url)

    def enqueue(target: str, database: str, events: Events) -> None:
        for event in events:
            module.send.send(target, database, event)

    worker = ["bench.references.dramatiq_tasks", "--processes", "1", "--threads", str(THREADS)]
    return Peer(
        f"dramatiq, {THREADS} threads", META_EVENT, enqueue, python("-m", "dramatiq", *worker), {"BROKER_URL": url}
    )


def _imported(name: str, broker: str) -> Any:
    """The module of tasks, whose queue is the one of this run."""
    with _variable("BROKER_URL", broker):
        module = importlib.import_module(f"bench.references.{name}")
        return importlib.reload(module)


@contextlib.contextmanager
def _variable(name: str, value: str) -> Iterator[None]:
    os.environ[name] = value
    try:
        yield
    finally:
        del os.environ[name]
