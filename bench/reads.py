"""P9: pages of figures and the API's, over as many opens as a month of a large account, against a small one's."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any

from werkzeug.test import Client

from app.core.runtime import runtime
from bench.drains import preload
from bench.fill import HOT_REF, fill_opens
from bench.goals import Bench, Goal, check, median
from bench.machine import Machine
from bench.pictures import upload
from bench.stand import KWAI_EVENT, stand
from bench.stopwatch import Stopwatch, Times

MOST_RATIO, MOST_SQL_MS = 1.5, 10.0
EVENTS = 100  # so that the overview shows its figures
PATHS = {
    "dashboard of 28 days": "/opens?period=28d",
    "overview of 28 days": "/?period=28d",
    "/api/stats": "/api/stats",
    "/api/views of a usual id": "/api/views/FAT000000001",
    "/api/views of the hottest id": f"/api/views/{HOT_REF}",
}


@dataclass(slots=True)
class Reader:
    """One product's pages. Signed in, with an API client's token."""

    opens: int
    browser: Client
    headers: dict[str, str]
    watch: Stopwatch
    times: dict[str, Times] = field(default_factory=lambda: {name: Times() for name in PATHS})

    def read(self, name: str) -> None:
        self.times[name].measure(self.watch, partial(self.ask, name))

    def ask(self, name: str) -> None:
        path = PATHS[name]
        answer = self.browser.get(path, headers=self.headers if path.startswith("/api/") else {})
        check(answer.status_code == 200, f"{path} answered {answer.status_code}")
        answer.close()


def run(bench: Bench) -> list[Goal]:
    with contextlib.ExitStack() as stack:
        small, large = (stack.enter_context(_reader(bench, count)) for count in bench.scale.read_opens)
        for reader in (small, large):
            _check_filled(reader)
            for name in PATHS:
                reader.ask(name)  # imports, templates, caches
        for number in range(bench.scale.rounds):
            for name in PATHS:
                for _ in range(bench.scale.reads):
                    small.read(name)
                    large.read(name)
            told = ", ".join(f"{name} {large.times[name]}" for name in PATHS)
            bench.say(f"reads round {number + 1}: {told}")
        return [_goal(bench.machine, small, large, name) for name in PATHS]


def _goal(machine: Machine, small: Reader, large: Reader, name: str) -> Goal:
    """By the clock, or on a shared machine by processor time, which includes SQLite's: it works in the caller."""
    few, many = small.times[name], large.times[name]
    by_clock, by_cpu = _ratio(few.clock_ms, many.clock_ms), _ratio(few.cpu_ms, many.cpu_ms)
    sql_ms = median(many.sql_cpu_ms if machine.is_shared else many.sql_clock_ms)
    ratio = by_cpu if machine.is_shared else by_clock
    return Goal(
        "P9", name, f"{many} at {large.opens:,} opens", f"{few} at {small.opens:,} opens",
        f"{ratio:.2f}× and {sql_ms:.1f} ms of SQL", f"≤ {MOST_RATIO:g}× and < {MOST_SQL_MS:g} ms of SQL",
        ratio <= MOST_RATIO and sql_ms < MOST_SQL_MS,
        [f"{by_clock:.2f}× by the clock, {by_cpu:.2f}× by processor time; of SQL {median(many.sql_clock_ms):.1f} ms by "
         f"the clock, {median(many.sql_cpu_ms):.1f} ms of the processor"],
        {"few": asdict(few), "many": asdict(many), "opens": [small.opens, large.opens]},
    )  # fmt: skip


def _ratio(few: list[float], many: list[float]) -> float:
    return median([more / less for less, more in zip(few, many, strict=True) if less])


@contextmanager
def _reader(bench: Bench, opens: int) -> Iterator[Reader]:
    with stand(bench.folder) as product:
        upload(product)
        fill_opens(product, opens, bench.scale.days)
        preload(product, KWAI_EVENT, EVENTS)
        bench.say(f"{opens:,} opens are filled in")
        watch, browser = Stopwatch(), product.browser()
        watch.watch(runtime(product.app).engine)
        yield Reader(opens, browser, {"Authorization": f"Bearer {product.token}"}, watch)


def _check_filled(reader: Reader) -> None:
    """The figures on the pages are those of all the opens."""
    answer: Callable[..., Any] = partial(reader.browser.get, headers=reader.headers)
    told = answer("/api/stats?automatic=1").json
    check(told["total_views"] == reader.opens, f"{reader.opens} opens are stored, and the API tells {told}")
    hot = answer(PATHS["/api/views of the hottest id"]).json
    check(len(hot["data"]) > 0, f"{HOT_REF} has no opens")
