"""A run under load, told in words: who was killed when, what was accepted by then, what arrived at the end."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from app.opens.models import Open
from app.opens.recording.spool import Spool
from tests.chaos.harness import SETTLES_WITHIN_S
from tests.chaos.load import Load
from tests.chaos.open_books import OpenBooks, OpenFindings
from tests.chaos.oracle import Findings, judge
from tests.chaos.readers import Readers
from tests.hosts.load import Apps, loads_from
from tests.hosts.machine import Machine, wait_until
from tests.hosts.site import Site

LOOK_S = 0.2
TAKEOVER_S = 12.0  # from a leading ticker's death to the next one's lead


@dataclass(frozen=True, slots=True)
class Reign:
    """A ticker's lead, as the lease was seen: its holder, and when it was first and last seen valid (monotonic)."""

    holder: str
    since: float
    until: float


class Watch:
    """Looks at the ticker's lease all the time."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.reigns: list[Reign] = []

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._ended.set()
        self._thread.join(30)

    @property
    def holder(self) -> str:
        return self.reigns[-1].holder if self.reigns else ""

    def _run(self) -> None:
        while not self._ended.wait(LOOK_S):
            with suppress(SQLAlchemyError):  # PostgreSQL is away: nobody can lead anew
                leader = self._site.leader()
                if leader is not None:
                    self._see(leader[0], time.monotonic())

    def _see(self, holder: str, now: float) -> None:
        if holder == self.holder:
            self.reigns[-1] = replace(self.reigns[-1], until=now)
        else:
            self.reigns.append(Reign(holder, now, now))


class Run:
    """What a test does to a site under load. Every act tells itself."""

    def __init__(self, site: Site, tell: Callable[[object], None], seed: int) -> None:
        self.site = site
        self.watch = Watch(site)
        self.apps: Load = Apps(site.address, seed)
        self.readers = Readers(lambda: loads_from(site.address), seed)
        self.opens = OpenBooks(site.books.engine, site.folder)
        self.in_hand: list[set[UUID]] = []
        self.doubts = 0  # commits of which a web process may not have heard
        self.takeovers_s: list[float] = []
        self.cuts = 0  # each may cost a ticker its lead
        self.done: Counter[str] = Counter()
        self._tell = tell
        self._began = self._leader_died = time.monotonic()

    def tell(self, text: str) -> None:
        seconds = time.monotonic() - self._began
        so_far = f"accepted so far: {len(self.apps.taken)} events, {self.readers.answered.total()} images"
        self._tell(f"second {seconds:5.1f}  {text} ({so_far})")

    # -- acts -----------------------------------------------------------------------------------------------------

    def kill_web(self, number: int) -> Machine:
        machine = self.site.webs[number]
        self.doubts += 1
        self._killed(machine, machine.kill("web"))
        return machine

    def start_web(self, machine: Machine) -> None:
        self.site.start_web(machine)
        self.site.wait_for_web(machine)
        self.tell(f"{machine.name} is back")

    def kill_worker_host(self, machine: Machine) -> None:
        """Its delivery worker, its jobs worker and its ticker."""
        self._leader_died = time.monotonic()
        count = machine.kill()
        self.in_hand.append(self.site.books.leased())
        self._killed(machine, count)

    def start_worker_host(self, machine: Machine, *parts: str) -> None:
        self.site.start_worker(machine, *parts)
        self.site.wait_for_workers()
        self.tell(f"{machine.name} is back")

    @contextmanager
    def leader_dies(self) -> Iterator[Machine]:
        """Inside, the leading ticker is to be killed, whatever else happens. At the end the other one leads."""
        before, machine = self.watch.holder, self.site.leading_machine()
        yield machine
        wait_until(lambda: self.watch.holder != before, f"another ticker leads than {before}", TAKEOVER_S + 10)
        took = self.watch.reigns[-1].since - self._leader_died
        self.takeovers_s.append(took)
        self.tell(f"the ticker of {self.site.leading_machine().name} leads, {took:.1f} s after the other's death")

    def kill_ticker(self, machine: Machine) -> None:
        self._leader_died = time.monotonic()
        self._killed(machine, machine.kill("ticker"), "the leading ticker of ")

    def kill_valkey(self) -> Machine:
        """The primary with its Sentinel; the replica becomes primary."""
        valkeys = self.site.valkeys
        primary = valkeys.primary()
        assert primary is not None
        self._killed(primary, primary.kill(), "the Valkey primary and the Sentinel on ")
        took = wait_until(lambda: valkeys.primary() not in (None, primary), "the replica was promoted")
        promoted = valkeys.primary()
        assert promoted is not None
        self.tell(f"Sentinel made {promoted.name} the primary, {took:.1f} s after the death")
        return primary

    def start_valkey(self, machine: Machine) -> None:
        self.site.valkeys.start(machine)
        self.site.valkeys.start_sentinel(machine)
        self.tell(f"{machine.name} is back, as a replica")

    def terminate_connections(self) -> None:
        before = self.site.books.leased()
        self.doubts += 2
        count = self.site.database.terminate_connections()
        self.in_hand.append(before | self.site.books.leased())
        self.done["connections of PostgreSQL terminated"] += count
        self.tell(f"PostgreSQL ended {count} connections")

    @contextmanager
    def cut_off(self, machine: Machine) -> Iterator[None]:
        """The host is alive and cannot be reached; at the end it can."""
        before = self.site.books.leased()
        self.doubts += 2
        self.cuts += 1
        words = machine.cut()
        self.done[f"{machine.name} cut off"] += 1
        self.tell(f"{machine.name} is cut off: {words}")
        try:
            if machine is not self.site.database.machine:
                before |= self.site.books.leased()
            yield
        finally:
            machine.mend()
        self.in_hand.append(before | self.site.books.leased())
        self.tell(f"{machine.name} can be reached again")

    def _killed(self, machine: Machine, count: int, what: str = "") -> None:
        self.done[f"{what or 'all of '}{machine.name} killed"] += 1
        self.tell(f"{what}{machine.name} is killed (SIGKILL to {count} processes)")

    # -- the end --------------------------------------------------------------------------------------------------

    def spooled(self, machine: Machine) -> int:
        """Opens that wait on this host."""
        spool = Spool(machine.folder / "data")
        return 0 if spool.is_empty() else len(spool.read(10_000).records)

    def settle(self) -> float:
        """Until nothing is open or spooled; the seconds it took."""
        books, webs = self.site.books, self.site.webs
        took = wait_until(lambda: not books.open_count(), "no delivery is open", SETTLES_WITHIN_S)
        for web in webs:
            took += wait_until(lambda web=web: not self.spooled(web), f"the spool of {web.name} is empty", 30)  # type: ignore[misc]
        return took

    def verdict(self) -> tuple[Findings, OpenFindings]:
        """After the load: what became of it, told in words."""
        took = self.settle()
        arrivals = self.site.simulator.arrivals
        found = judge(self.apps.taken, self.site.books.sights(arrivals), arrivals, self.in_hand)
        found.wrong.extend(self.site.books.figures_that_lie())
        found.wrong.extend(f"a client was answered {status}: {answer}" for status, answer in self.apps.odd)
        opens = self.opens.judge(self.readers, self.doubts)
        valkey = self.site.valkeys.primary()
        memory = "" if valkey is None else f"; Valkey holds {self.site.valkeys.memory(valkey)}"
        held = len(set().union(*self.in_hand)) if self.in_hand else 0
        self.tell(
            f"the end, settled {took:.1f} s after the load: {found.accepted} events accepted, lost {len(found.lost)}, "
            f"{arrivals.total()} arrived, {found.duplicates} twice ({held} were in hand at a fault); "
            f"{opens.answered} images answered, opens lost {len(opens.lost)}, unrecorded {opens.unrecorded}{memory}"
        )
        return found, opens


@contextmanager
def under_load(site: Site, tell: Callable[[object], None], seed: int) -> Iterator[Run]:
    """Events (with and without waiting, and batches) and opens through the balancer, as long as the block lasts."""
    run = Run(site, tell, seed)
    run.opens.upload()
    with site.books.engine.connect() as connection:  # what other tests of this site left
        run.readers.sent.update(connection.scalars(select(Open.ref)).all())
    for part in (run.watch, run.apps, run.readers):
        part.start()
    run.tell(f"load begins; {len(site.machines)} hosts: {site.net.words}")
    try:
        yield run
    finally:
        for part in (run.apps, run.readers, run.watch):
            part.stop()
