"""P4 and P5: an event accepted and on disk, against the view most people would write and one that does nothing."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench.goals import Bench, Goal, check, median
from bench.load import Answered, Shot, fire, has_wrk
from bench.processes import Process, free_port, python, running, wait_for_port
from bench.references import REFERENCE_TOKEN
from bench.stand import EVENTS, KWAI_EVENT, stand, valkey


@dataclass(slots=True)
class Side:
    """One server under load: what it took in each round."""

    shot: Shot
    processes: tuple[Process, ...]
    rows: Callable[[], int] | None  # None: it keeps none
    rates: list[float] = field(default_factory=list)
    cpu_us: list[float] = field(default_factory=list)
    p99_ms: list[float] = field(default_factory=list)

    def take(self, bench: Bench) -> None:
        """One slice of load, checked against what is stored afterwards."""
        before, cpu = self.rows() if self.rows else 0, self._cpu_s()
        load = fire(self.shot, bench.scale.seconds, bench.scale.requests)
        check(load.answered > 0 and load.refused == 0 and load.lost == 0, f"refused {load.refused}, lost {load.lost}")
        if self.rows is not None:
            _settle(self.rows, before, load)
        self.rates.append(load.per_s)
        self.cpu_us.append((self._cpu_s() - cpu) / load.answered * 1e6)
        self.p99_ms.append(load.p99_ms)

    def _cpu_s(self) -> float:
        return sum(process.cpu_s() for process in self.processes)

    def __str__(self) -> str:
        return f"{median(self.rates):,.0f}/s {median(self.cpu_us):,.0f} µs"


def run(bench: Bench) -> list[Goal]:
    with contextlib.ExitStack() as stack:
        ours = stack.enter_context(_ours(bench))
        naive = stack.enter_context(_naive(bench))
        bare = stack.enter_context(_bare(bench))
        for side in (ours, naive, bare):
            fire(side.shot, 1.0, 3 if bench.scale.requests else None)  # imports, caches, pools
            time.sleep(0.2)
        for number in range(bench.scale.rounds):
            for side in (ours, naive, bare):
                side.take(bench)
            bench.say(f"intake round {number + 1}: ours {ours}, naive {naive}, bare Flask {bare}")
        return [
            _goal(bench, "P4", "event intake, durable", ours, naive, "a Flask-SQLAlchemy view with an RQ job", 30),
            _goal(
                bench,
                "P5",
                "event intake, durable",
                ours,
                bare,
                "a Flask route that checks the event and keeps nothing",
                1.5,
            ),
        ]


def _goal(bench: Bench, key: str, what: str, ours: Side, other: Side, name: str, least: float) -> Goal:
    by_rate = median([mine / theirs for mine, theirs in zip(ours.rates, other.rates, strict=True)])
    pairs = zip(ours.cpu_us, other.cpu_us, strict=True)
    by_cpu = median([theirs / mine for mine, theirs in pairs if mine])
    prefer_cpu = key == "P5" or bench.machine.is_shared or not has_wrk()  # a client of ours is slower than the server
    decides = by_cpu if by_cpu and prefer_cpu else by_rate
    return Goal(
        key, what, str(ours), f"{other}: {name}", f"{decides:.1f}×", f"≥ {least:g}×", decides >= least,
        [f"{by_rate:.1f}× by rate, {by_cpu:.1f}× by processor time; p99 {median(ours.p99_ms):.0f} ms against "
         f"{median(other.p99_ms):.0f} ms"],
        {"rates": [ours.rates, other.rates], "cpu_us": [ours.cpu_us, other.cpu_us]},
    )  # fmt: skip


def _settle(rows: Callable[[], int], before: int, load: Answered) -> None:
    """Rows stored equal requests answered, but for those that the load left in the air when it ended."""
    deadline = time.monotonic() + 5
    stored = rows() - before
    while time.monotonic() < deadline:
        time.sleep(0.1)
        now = rows() - before
        if now == stored:
            break
        stored = now
    check(
        load.answered <= stored <= load.answered + load.in_flight,
        f"{load.answered} requests were answered and {stored} rows stored",
    )


@contextmanager
def _ours(bench: Bench) -> Iterator[Side]:
    with stand(bench.folder) as product, product.web() as (web, port):
        yield Side(product.shot(port, KWAI_EVENT), (web, product.valkey), product.events)


@contextmanager
def _naive(bench: Bench) -> Iterator[Side]:
    file = bench.folder / "naive.db"
    with valkey() as (store, url):
        environment = {"NAIVE_DATABASE_URL": f"sqlite:///{file}", "REDIS_URL": url}
        with _served("bench.references.naive_view:app", bench.folder, environment) as (server, port):
            yield Side(_reference(port), (server, store), lambda: _count(file))


@contextmanager
def _bare(bench: Bench) -> Iterator[Side]:
    with _served("bench.references.bare_flask:app", bench.folder, {}) as (server, port):
        yield Side(_reference(port), (server,), None)


def _reference(port: int) -> Shot:
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {REFERENCE_TOKEN}"}
    return Shot(port, EVENTS, headers, KWAI_EVENT)


@contextmanager
def _served(target: str, folder: Path, environment: dict[str, str]) -> Iterator[tuple[Process, int]]:
    port = free_port()
    command = python("-m", "bench.references.server", target, str(port))
    with running(Process(command, folder, environment)) as process:
        wait_for_port(process, port)
        yield process, port


def _count(file: Path) -> int:
    with contextlib.closing(sqlite3.connect(file)) as connection:
        count: int = connection.execute("SELECT count(*) FROM event").fetchone()[0]
        return count
