"""P4 and P5: an event accepted and on disk, against the view most people would write and one that does nothing."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from bench.compare import against, fastest, warm
from bench.goals import Bench, Goal
from bench.load import Shot
from bench.references import REFERENCE_TOKEN
from bench.sides import Side, served
from bench.stand import EVENTS, KWAI_EVENT, stand, valkey

WHAT = "event intake, durable"
THREADS = 128  # as many as ours has by default
CAREFUL = {"REFERENCE_CAREFUL": "1"}


def run(bench: Bench) -> list[Goal]:
    with contextlib.ExitStack() as stack:
        ours = stack.enter_context(_ours(bench))
        bare_name, bare = fastest(
            bench,
            stack,
            {
                "granian's own number of threads": partial(_bare, bench, None),
                f"{THREADS} threads": partial(_bare, bench, THREADS),
            },
        )
        naive_name, naive = fastest(
            bench,
            stack,
            {
                "one thread": partial(_naive, bench, "naive-one", {}, 1),
                "granian's own number of threads": partial(_naive, bench, "naive", {}, None),
            },
        )
        careful = stack.enter_context(_naive(bench, "careful", CAREFUL, None))
        for side in (ours, careful):
            warm(bench, side)
        for number in range(bench.scale.rounds):
            for side in (ours, bare, naive, careful):
                side.take(bench)
            bench.say(f"intake round {number + 1}: ours {ours}, naive {naive}, bare Flask {bare}")
        naive_name = f"a Flask-SQLAlchemy view with an RQ job an event, SQLite as it comes ({naive_name})"
        bare_name = f"a Flask route that checks the event and keeps nothing ({bare_name})"
        return [
            against(bench, "P4", WHAT, ours, naive, naive_name, 30),
            against(bench, "P4", WHAT, ours, careful, "the same view with WAL, FULL and a longer wait", None),
            against(bench, "P5", WHAT, ours, bare, bare_name, 1.5, by_cpu=True),
        ]


@contextmanager
def _ours(bench: Bench) -> Iterator[Side]:
    with stand(bench.folder) as product, product.web() as (web, port):
        yield Side(product.shot(port, KWAI_EVENT), (web, product.valkey), product.events)


@contextmanager
def _naive(bench: Bench, name: str, environment: Mapping[str, str], threads: int | None) -> Iterator[Side]:
    file = bench.folder / f"{name}.db"
    with valkey() as (store, url):
        variables = {"NAIVE_DATABASE_URL": f"sqlite:///{file}", "REDIS_URL": url, **environment}
        with served("bench.references.naive_view:app", bench.folder, variables, threads) as (server, port):
            yield Side(_reference(port), (server, store), partial(_count, file), may_fail=True)


@contextmanager
def _bare(bench: Bench, threads: int | None) -> Iterator[Side]:
    with served("bench.references.bare_flask:app", bench.folder, {}, threads) as (server, port):
        yield Side(_reference(port), (server,), None)


def _reference(port: int) -> Shot:
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {REFERENCE_TOKEN}"}
    return Shot(port, EVENTS, headers, KWAI_EVENT)


def _count(file: Path) -> int:
    with contextlib.closing(sqlite3.connect(file, timeout=30)) as connection:
        count: int = connection.execute("SELECT count(*) FROM event").fetchone()[0]
        return count
