"""P4 and P5: an event accepted and on disk, against the view most people would write and one that does nothing."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.goals import Bench, Goal, median
from bench.load import Shot, fire, has_wrk
from bench.references import REFERENCE_TOKEN
from bench.sides import Side, served
from bench.stand import EVENTS, KWAI_EVENT, stand, valkey


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


@contextmanager
def _ours(bench: Bench) -> Iterator[Side]:
    with stand(bench.folder) as product, product.web() as (web, port):
        yield Side(product.shot(port, KWAI_EVENT), (web, product.valkey), product.events)


@contextmanager
def _naive(bench: Bench) -> Iterator[Side]:
    file = bench.folder / "naive.db"
    with valkey() as (store, url):
        environment = {"NAIVE_DATABASE_URL": f"sqlite:///{file}", "REDIS_URL": url}
        with served("bench.references.naive_view:app", bench.folder, environment) as (server, port):
            yield Side(_reference(port), (server, store), lambda: _count(file))


@contextmanager
def _bare(bench: Bench) -> Iterator[Side]:
    with served("bench.references.bare_flask:app", bench.folder, {}) as (server, port):
        yield Side(_reference(port), (server,), None)


def _reference(port: int) -> Shot:
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {REFERENCE_TOKEN}"}
    return Shot(port, EVENTS, headers, KWAI_EVENT)


def _count(file: Path) -> int:
    with contextlib.closing(sqlite3.connect(file)) as connection:
        count: int = connection.execute("SELECT count(*) FROM event").fetchone()[0]
        return count
