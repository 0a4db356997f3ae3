"""A whole small world: the product, the platforms, client apps, somebody who kills, and the bookkeeping afterwards."""

from __future__ import annotations

import json
import random
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any
from uuid import UUID

from app.simulator import RemoteSimulator, spawn
from tests.chaos.load import Load
from tests.chaos.oracle import Books, Findings, judge
from tests.chaos.product import SUPERVISOR, WEB_WORKER, Product

ENOUGH = 100  # accepted events: the load goes on until it had so many, and shows that everything works again
SETTLES_WITHIN_S = 90.0  # a lease, the longest pause of the supervisor, and a slow machine
OVERDUE_S = 15.0  # past the end of a lease with a worker alive
EVERYBODY = ("deliver", "web", "deliver", WEB_WORKER, "valkey", "jobs", "ticker")
WEB = ("web", WEB_WORKER)
WEB_RESTS_S = 4.0  # between two deaths of it: without web there is no load, and nothing to lose


@dataclass(frozen=True, slots=True)
class Report:
    """One line of JSON for people: what was done to the product, and what became of the events."""

    test: str
    database: str
    seed: int
    seconds: float
    kills: dict[str, int]
    accepted: int
    lost: int
    duplicates: int
    max_per_event: int
    in_hand_at_kills: int
    settle_s: float
    answers: dict[int, int]
    intake_p50_ms: float | None
    intake_p99_ms: float | None

    def __str__(self) -> str:
        return json.dumps(asdict(self))


class World:
    """What a test holds. `strike` and its kin note what was in the workers' hands when they died."""

    def __init__(self, product: Product, books: Books, simulator: RemoteSimulator) -> None:
        self.product = product
        self.books = books
        self.simulator = simulator
        self.kills: Counter[str] = Counter()
        self.in_hand: list[set[UUID]] = []

    def strike(self, part: str, which: int = 0) -> None:
        """SIGKILL to one process of a part, if one runs."""
        if self.product.kill(part, which):
            self.kills[part] += 1
            if part == "deliver":
                self.in_hand.append(self.books.leased())

    def strike_supervisor(self) -> None:
        """SIGKILL to the supervisor, which takes everybody along; then a new start."""
        self.product.kill_supervisor()
        self.kills[SUPERVISOR] += 1
        self.in_hand.append(self.books.leased())
        self.product.start()

    def wipe_valkey(self) -> None:
        self.product.wipe_valkey()
        self.kills["valkey (wiped)"] += 1

    def settle(self) -> float:
        """Waits until nothing is open; the seconds it took."""
        started = time.monotonic()
        while self.books.open_count():
            waited = time.monotonic() - started
            assert waited < SETTLES_WITHIN_S, f"{self.books.open_count()} still open\n{self.product.output[-4000:]}"
            time.sleep(0.1)
        return round(time.monotonic() - started, 1)

    def findings(self, taken: dict[str, str]) -> Findings:
        arrivals = self.simulator.arrivals
        found = judge(taken, self.books.sights(arrivals), arrivals, self.in_hand)
        return replace(found, wrong=found.wrong + self.books.figures_that_lie())

    def run(self, test: str, seed: int, seconds: float, mischief: Callable[[float], None]) -> tuple[Report, Findings]:
        """Load for so long, with `mischief(until)` going on in this thread; then settling, and the verdict."""
        load = Load(self.product.port, seed)
        load.start()
        try:
            mischief(time.monotonic() + seconds)
            load.wait_for(ENOUGH)
        finally:
            load.stop()
        settle_s = self.settle()
        overdue = self.books.overdue_count(OVERDUE_S)
        found = self.findings(load.taken)
        found.wrong.extend(f"a client was answered {status}: {answer}" for status, answer in load.odd)
        if overdue:
            found.wrong.append(f"{overdue} deliveries are leased long past their lease")
        report = Report(
            test, self.books.engine.dialect.name, seed, seconds, dict(self.kills), found.accepted, len(found.lost),
            found.duplicates, found.max_per_event, len(set().union(*self.in_hand)), settle_s,
            dict(sorted(load.answers.items())), load.quantile_ms(50), load.quantile_ms(99),
        )  # fmt: skip
        return report, found

    def end_in_order(self) -> str:
        """Stops the product and looks at the file it leaves: "ok" is what one wants to hear."""
        code = self.product.stop()
        return self.books.integrity() if code == 0 else f"exit code {code}\n{self.product.output[-4000:]}"


class Killer:
    """Seeded, so that a bad run can be repeated (as far as time can)."""

    def __init__(self, world: World, seed: int, victims: Sequence[str] = EVERYBODY) -> None:
        self._world = world
        self._chance = random.Random(seed)
        self._victims = list(victims)

    def __call__(self, until: float) -> None:
        """Kills somebody each 0.4 to 1.2 s. Half of the time Valkey loses its data with its life."""
        queue: list[str] = []
        rested_at = 0.0
        for _ in pauses(until, lambda: self._chance.uniform(0.4, 1.2)):
            if not queue:  # everybody once before anybody twice, so that a short run leaves nobody out
                queue = self._chance.sample(self._victims, len(self._victims))
            is_fair = time.monotonic() >= rested_at
            victim = next((each for each in queue if is_fair or each not in WEB), None)
            if victim is None:
                continue
            queue.remove(victim)
            if victim in WEB:
                rested_at = time.monotonic() + WEB_RESTS_S
            if victim == "valkey" and self._chance.random() < 0.5:
                self._world.wipe_valkey()
            else:
                self._world.strike(victim, self._chance.randrange(4))


def pauses(until: float, length_s: Callable[[], float]) -> Iterator[None]:
    """Gives control after each pause; ends at `until`, and not before."""
    while (pause := length_s()) < until - time.monotonic():
        time.sleep(pause)
        yield
    time.sleep(max(0.0, until - time.monotonic()))


@contextmanager
def world(database_url: Callable[[Path], str], *, latency_ms: float = 150, **variables: Any) -> Iterator[World]:
    """Everything started, two pixels made; gone again at the end, whatever happens. `variables` are settings."""
    folder = Path(tempfile.mkdtemp(prefix="kt-chaos-", dir="/tmp"))
    try:
        with spawn(latency_ms=latency_ms) as simulator:
            url = database_url(folder)
            settings = {**simulator.environment, **{name: str(value) for name, value in variables.items()}}
            product = Product(folder, url, settings)
            try:
                product.start()
                product.make_pixels()
                product.wait_for_workers()
                yield World(product, Books(url), simulator)
            finally:
                product.end()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
