"""P10: the list of contacts and its search, over as many as a large account has, against its own first page."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any

from sqlalchemy import func, select
from werkzeug.test import Client

from app.accounts.sign_in import first_account
from app.contacts.models import Contact
from app.core.db import db
from app.core.runtime import runtime
from bench.goals import Bench, Goal, check, median
from bench.machine import Machine
from bench.people import RARE, fill_contacts
from bench.stand import stand
from bench.stopwatch import Stopwatch, Times

MOST_RATIO = 3.0
FIRST = "first page"
QUERIES = {  # what is asked for beside the first page
    "by name": "sort=name",
    "oldest": "sort=createdAt",
    "rare fragment": f"q={RARE.partition(' ')[2]}",
    "common fragment": "q=silva",
    "common fragment by name": "q=silva&sort=name",
    "two words": "q=maria+silva",
    "part of a number": "q=96000",
    "two letters": "q=jo",
    "no hit": "q=qqqqq",
    "a tag": "tag=etiqueta+3",
}


@dataclass(slots=True)
class Reader:
    browser: Client
    watch: Stopwatch
    times: dict[str, Times] = field(default_factory=lambda: {name: Times() for name in (FIRST, *QUERIES)})

    def read(self, name: str) -> None:
        self.times[name].measure(self.watch, partial(self.ask, QUERIES.get(name, "")))

    def ask(self, query: str) -> None:
        answer = self.browser.get(f"/contacts?{query}")
        check(answer.status_code == 200, f"/contacts?{query} answered {answer.status_code}")
        answer.close()


def run(bench: Bench) -> list[Goal]:
    with ExitStack() as stack:
        reader = stack.enter_context(_reader(bench, bench.scale.contacts))
        for name in reader.times:
            reader.ask(QUERIES.get(name, ""))  # imports, templates, caches
        for number in range(bench.scale.rounds):
            for name in QUERIES:
                for _ in range(bench.scale.reads):
                    reader.read(FIRST)
                    reader.read(name)
            bench.say(
                f"contacts round {number + 1}: {', '.join(f'{name} {times}' for name, times in reader.times.items())}"
            )
        return [_goal(bench.machine, reader, name, bench.scale.contacts) for name in QUERIES]


def _goal(machine: Machine, reader: Reader, name: str, count: int) -> Goal:
    first, other = reader.times[FIRST], reader.times[name]
    by_clock = median(other.clock_ms) / median(first.clock_ms)
    by_cpu = median(other.cpu_ms) / max(0.001, median(first.cpu_ms))
    ratio = by_cpu if machine.is_shared else by_clock
    sql = f"of SQL {median(other.sql_clock_ms):.1f} ms, of the first page {median(first.sql_clock_ms):.1f} ms"
    return Goal(
        "P10", f"contacts: {name}", f"{other} at {count:,} contacts", f"{first}, the first page", f"{ratio:.2f}×",
        f"≤ {MOST_RATIO:g}×", ratio <= MOST_RATIO,
        [f"{by_clock:.2f}× by the clock, {by_cpu:.2f}× by processor time; {sql}"],
        {"first": asdict(first), "other": asdict(other), "contacts": count},
    )  # fmt: skip


@contextmanager
def _reader(bench: Bench, count: int) -> Iterator[Reader]:
    with stand(bench.folder) as product:
        engine = runtime(product.app).engine
        with product.app.app_context():
            account_id = first_account(db.session()).id
            db.session.rollback()
        fill_contacts(engine, account_id, count)
        with engine.connect() as connection:
            stored: Any = connection.scalar(select(func.count()).select_from(Contact))
        check(stored == count, f"{count} contacts were filled in and {stored} stored")
        bench.say(f"{count:,} contacts are filled in")
        watch, browser = Stopwatch(), product.browser()
        watch.watch(engine)
        yield Reader(browser, watch)
