"""A whole small world: the product, the platforms, client apps, mail programs, a network, and the bookkeeping after.

To use it: `with new_world("sqlite", WORKERS=2, through=("clients", "platforms")) as world:` (capitals are settings of
the product; `through` puts a `Proxy` on links, see `world.links`), then
`report, found = world.run("what is done", seed, seconds, mischief)` with `mischief(until)`, then `tell(report)`.
`found.lost` and `found.wrong` are to be empty: they cover events and opens (`found.opens` has the opens' own figures;
opens in `opens_unrecorded_total` are told apart). A fault that may leave claims without a result (a worker's death, a
database away) happens inside `with world.watched():`; one that may hide a commit from its web process counts in
`world.doubts`. Long tests carry `@pytest.mark.long`: `make test` leaves them out, `make chaos` runs them.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import make_url
from sqlalchemy.exc import SQLAlchemyError

from app.core.faults import VARIABLE
from app.simulator import RemoteSimulator, spawn
from tests.chaos.databases import PostgresServer
from tests.chaos.load import Load, arrival_key
from tests.chaos.open_books import OpenBooks
from tests.chaos.oracle import Books, Findings, judge
from tests.chaos.own_valkey import OwnValkey
from tests.chaos.product import SUPERVISOR, Product
from tests.chaos.proxy import Proxy
from tests.chaos.readers import Readers, over_http
from tests.chaos.report import Report, Stage

ENOUGH = 100  # accepted events: the load goes on until it had so many, and shows that everything works again
ENOUGH_OPENS = 40
UNDER_WAY = 3  # images answered before anything goes wrong: who never saw one cannot show it without the database
SETTLES_WITHIN_S = 90.0  # a lease, the longest pause of the supervisor, and a slow machine
OVERDUE_S = 15.0  # past the end of a lease with a worker alive
WATCH_S = 0.05


class World:
    """What a test holds. `strike` and its kin note what was in the workers' hands when they died."""

    def __init__(
        self,
        product: Product,
        books: Books,
        simulator: RemoteSimulator,
        *,
        links: dict[str, Proxy] | None = None,
        postgresql: PostgresServer | None = None,
        valkey: OwnValkey | None = None,
        points: Path | None = None,
    ) -> None:
        self.product = product
        self.books = books
        self.simulator = simulator
        self.links = links or {}
        self.postgresql = postgresql
        self.valkey = valkey
        self.points = points
        self.open_books = OpenBooks(books.engine, product.folder / "d")
        self.kills: Counter[str] = Counter()
        self.in_hand: list[set[UUID]] = []
        self.doubts = 0  # moments at which a commit may have been done without its web process hearing of it in time
        self.notes: list[str] = []
        self.stages: list[Stage] = []
        self.load: Load | None = None
        self.readers: Readers | None = None
        self.broken: list[str] = []  # promises that a fault itself found broken, in words

    @property
    def port(self) -> int:
        """Where clients find the product."""
        return self.links["clients"].port if "clients" in self.links else self.product.port

    # -- faults ---------------------------------------------------------------------------------------------------

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
        """Kills Valkey and deletes all it had stored; who keeps it alive starts it again."""
        if self.valkey is not None:
            self.valkey.wipe()
            self.kills["valkey (wiped)"] += 1
        elif self.product.wipe_valkey():
            self.kills["valkey (wiped)"] += 1

    def signal_valkey(self, number: int) -> None:
        if self.valkey is None:
            self.product.wait_for_part("valkey")
        os.kill(self.valkey.pid if self.valkey is not None else self.product.pids("valkey")[0], number)

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Whatever is in a worker's hands at some moment inside may be sent a second time."""
        seen: set[UUID] = set()
        ended = threading.Event()

        def look() -> None:
            while not ended.wait(WATCH_S):
                with suppress(SQLAlchemyError):
                    seen.update(self.books.leased())

        thread = threading.Thread(target=look, daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join(30)
            with suppress(SQLAlchemyError):
                seen.update(self.books.leased())
            self.in_hand.append(seen)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """One of several faults of a run: what was answered meanwhile is told by it."""
        began = time.monotonic()
        try:
            yield
        finally:
            self.stages.append(Stage(name, began, time.monotonic()))

    # -- a run ----------------------------------------------------------------------------------------------------

    def run(self, test: str, seed: int, seconds: float, mischief: Callable[[float], None]) -> tuple[Report, Findings]:
        """Load for so long, with `mischief(until)` going on in this thread; then settling, and the verdict."""
        if self.readers is None:
            self.open_books.upload()
        load = self.load = Load(self.port, seed)
        readers = self.readers = Readers(lambda: over_http(self.port), seed)
        load.start()
        readers.start()
        try:
            load.wait_for(1)
            readers.wait_for(UNDER_WAY)
            mischief(time.monotonic() + seconds)
            load.wait_for(ENOUGH)
            readers.wait_for(ENOUGH_OPENS)
        finally:
            load.stop()
            readers.stop()
        settle_s = self.settle()
        return self._verdict(test, seed, seconds, settle_s, load, readers)

    def settle(self) -> float:
        """Waits until nothing is open; the seconds it took."""
        started = time.monotonic()
        while self.books.open_count():
            waited = time.monotonic() - started
            assert waited < SETTLES_WITHIN_S, f"{self.books.open_count()} still open\n{self.product.output[-4000:]}"
            time.sleep(0.1)
        self.open_books.settle()
        return round(time.monotonic() - started, 1)

    def findings(self, taken: dict[str, str]) -> Findings:
        arrivals = self.simulator.arrivals
        found = judge(taken, self.books.sights(arrivals), arrivals, self.in_hand)
        return replace(found, wrong=found.wrong + self.books.figures_that_lie())

    def _verdict(
        self, test: str, seed: int, seconds: float, settle_s: float, load: Load, readers: Readers
    ) -> tuple[Report, Findings]:
        overdue = self.books.overdue_count(OVERDUE_S)
        opens = self.open_books.judge(readers, self.doubts)
        found = self.findings(load.taken)
        wrong = [*found.wrong, *opens.wrong, *self.broken]
        wrong += [f"a client was answered {status}: {answer}" for status, answer in load.odd]
        if overdue:
            wrong.append(f"{overdue} deliveries are leased long past their lease")
        found = replace(found, lost=[*found.lost, *(f"open {ref}" for ref in opens.lost)], wrong=wrong, opens=opens)
        report = Report(
            test, self.books.engine.dialect.name, seed, seconds, dict(self.kills), found.accepted, len(found.lost),
            found.duplicates, found.max_per_event, len(set().union(*self.in_hand)), settle_s,
            dict(sorted(load.answers.items())), load.quantile_ms(50), load.quantile_ms(99),
            opens.answered, round(readers.slowest_s, 2), opens.unrecorded, opens.doubled_hits, list(self.notes),
            wrong,
        )  # fmt: skip
        return report, found

    def stage_lines(self) -> list[str]:
        """A line for each stage of the last run."""
        assert self.load is not None
        assert self.readers is not None
        arrivals = self.simulator.arrivals
        mine = {id_: arrivals[arrival_key(platform, id_)] for id_, platform in self.load.taken.items()}
        return [stage.line(self.load, self.readers, mine) for stage in self.stages]

    def end_in_order(self) -> str:
        """Stops the product and looks at the file it leaves: "ok" is what one wants to hear."""
        code = self.product.stop()
        return self.books.integrity() if code == 0 else f"exit code {code}\n{self.product.output[-4000:]}"


def pauses(until: float, length_s: Callable[[], float]) -> Iterator[None]:
    """Gives control after each pause; ends at `until`, and not before."""
    while (pause := length_s()) < until - time.monotonic():
        time.sleep(pause)
        yield
    time.sleep(max(0.0, until - time.monotonic()))


@contextmanager
def world(
    database_url: Callable[[Path], str],
    *,
    latency_ms: float = 150,
    through: Collection[str] = (),
    postgresql: PostgresServer | None = None,
    points: bool = False,
    **variables: Any,
) -> Iterator[World]:
    """Everything started, two pixels made; gone again at the end, whatever happens. `variables` are settings; `points`
    gives the world a folder in which fault points can be armed."""
    folder = Path(tempfile.mkdtemp(prefix="kt-chaos-", dir="/tmp"))
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        simulator = stack.enter_context(spawn(latency_ms=latency_ms))
        url = database_url(folder)
        settings = {"DATABASE_URL": url, **simulator.environment}
        links: dict[str, Proxy] = {}

        def put_proxy(name: str, target: Path | tuple[str, int]) -> Proxy:
            links[name] = Proxy(target)
            stack.callback(links[name].stop)
            return links[name]

        armed = folder / "points" if points else None
        if armed is not None:
            armed.mkdir()
            settings[VARIABLE] = str(armed)
        valkey = None
        if "platforms" in through:
            near = put_proxy("platforms", ("127.0.0.1", make_url(simulator.url).port or 0))
            there, here = simulator.url, f"http://127.0.0.1:{near.port}"
            settings |= {name: value.replace(there, here) for name, value in simulator.environment.items()}
        if "valkey" in through:
            valkey = stack.enter_context(OwnValkey(folder / "v"))
            settings["REDIS_URL"] = f"redis://127.0.0.1:{put_proxy('valkey', valkey.socket).port}/0"
        if "postgresql" in through and url.startswith("postgresql"):
            settings["DATABASE_URL"] = _through(put_proxy("postgresql", _socket_of(url)), url)
        product = Product(folder, url, {**settings, **{name: str(value) for name, value in variables.items()}})
        if "clients" in through:
            put_proxy("clients", ("127.0.0.1", product.port))
        stack.callback(product.end)
        product.start()
        product.make_pixels()
        product.wait_for_workers()
        books = Books(url)
        yield World(product, books, simulator, links=links, postgresql=postgresql, valkey=valkey, points=armed)


def _socket_of(url: str) -> Path:
    folder = make_url(url).query["host"]
    return Path(str(folder)) / ".s.PGSQL.5432"


def _through(proxy: Proxy, url: str) -> str:
    near = make_url(url).set(host="127.0.0.1", port=proxy.port, query={})
    return near.render_as_string(hide_password=False)
