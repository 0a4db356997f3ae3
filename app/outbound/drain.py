"""The drain: claims what is due, has it sent, and settles what comes back, until its budget or the process ends."""

from __future__ import annotations

import logging
import math
import threading
from queue import Empty, SimpleQueue
from uuid import UUID

from sqlalchemy.exc import SQLAlchemyError

from app.core import clock, faults
from app.core.heartbeat import Pulse
from app.core.http import Client
from app.core.runtime import Runtime
from app.core.valkey import redis_url
from app.outbound.aftermath import Aftermath
from app.outbound.bell import Bell
from app.outbound.books import Books
from app.outbound.claim import DueTarget, Take
from app.outbound.crew import Crew, Landed
from app.outbound.hand import Hand
from app.outbound.kinds import Kinds
from app.outbound.limits.purse import Purse
from app.outbound.loading import start_by
from app.outbound.pace import SETTLE_ROWS, SETTLE_S, Pace
from app.outbound.results import Result
from app.outbound.shares import CLAIM_ROWS, MOST_SENDERS, wanted
from app.outbound.sight import Claim, Sight
from app.outbound.starting import Starting

log = logging.getLogger(__name__)
AGAIN_S = 0.05
GRACE_S = 5.9  # of the 6.4 s that the supervisor gives; the rest is for cutting, settling and leaving
CUT_S = 0.3  # for cut calls to come back
TROUBLE_S = 0.25  # between tries while the database is away
LONGEST_TROUBLE_S = 5.0  # and with a defect, which does not go away by itself
RUNG = object()


class Drain:
    """One per worker process. One thread, the caller of `run`, owns the database; senders and the bell only put into
    its queue. It survives between runs: calls in hand go on and are settled by the next run."""

    def __init__(self, runtime: Runtime, name: str) -> None:
        self.url = redis_url(runtime.settings)
        self._inbox: SimpleQueue[object] = SimpleQueue()
        self._kinds = Kinds(runtime)
        self._books = Books(runtime.engine, self._kinds)
        client = Client(
            timeout_s=runtime.settings.outbound_timeout,
            pool_size=MOST_SENDERS,
            allow_private=runtime.settings.allow_private_targets,
        )
        self._crew = Crew(client, self._inbox.put)
        self._bell = Bell(self.url, lambda: self._inbox.put(RUNG))
        self._aftermath = Aftermath(self.url, self._kinds)
        self._pulse = Pulse(runtime.engine, name, "deliver", runtime.settings.data_dir)
        self._hand = Hand()
        self._purse = Purse()
        self._starting = Starting(self._hand, self._crew, self._purse, self._books)
        self._sight = Sight(clock.now())
        self._pace = Pace(lambda: self._bell.away)
        self._troubles = 0
        self._stopping = threading.Event()

    # -- running ------------------------------------------------------------------------------------------------

    def run(self, budget_s: float | None) -> None:
        """Works until the budget is spent (None: until stopped) or `stop`. While Valkey is away the budget does not
        count, since nobody could start a successor. Never raises."""
        until = clock.monotonic() + (budget_s if budget_s is not None else math.inf)
        self._pace.look_soon()
        while not self._stopping.is_set() and (clock.monotonic() < until or self._bell.away):
            try:
                left_s = self._pace.look_s if self._bell.away else until - clock.monotonic()
                self._take_messages(min(self._patience(), left_s))
                self._step()
                self._troubles = 0
            except Exception as error:  # whatever it is, nothing goes out while this loop stands still
                self._recover(error)

    def stop(self) -> None:
        """Claims nothing more; `run` returns soon. Safe from a signal handler's thread."""
        self._stopping.set()
        self._inbox.put(RUNG)

    def close(self, grace_s: float = GRACE_S) -> None:
        """Gives back what has not started, waits for calls in hand, then cuts them and gives their rows back too."""
        self._stopping.set()
        self._bell.end()
        self._books.give_back(self._hand.give_up())
        self._await_calls(grace_s)
        if self._crew.busy:
            log.warning("%d calls were cut by the shutdown; they may be sent twice", self._crew.busy)
            self._crew.cut()
            self._await_calls(CUT_S)
        self._settle_all()
        self._starting.return_calls(self._purse.targets)
        self._crew.dismiss()
        self._aftermath.end()
        self._pulse.end()

    @property
    def is_idle(self) -> bool:
        """Nothing in hand and nothing known to be due (for tests)."""
        return self._hand.is_empty and not self._sight.due

    def _recover(self, error: Exception) -> None:
        self._troubles += 1
        if not isinstance(error, SQLAlchemyError):
            log.error("the drain met a defect and goes on", exc_info=error)
            self._stopping.wait(min(TROUBLE_S * 2**self._troubles, LONGEST_TROUBLE_S))
            return
        if self._troubles == 1:
            log.warning("the database refused the drain, which tries again: %s", type(error).__name__)
        self._stopping.wait(TROUBLE_S)

    # -- one turn -----------------------------------------------------------------------------------------------

    def _take_messages(self, wait_s: float) -> None:
        """Blocks for the first message, then takes all there are."""
        try:
            message = self._inbox.get(timeout=wait_s) if wait_s > 0 else self._inbox.get_nowait()
            while True:
                if isinstance(message, Landed):
                    self._take_landed(message)
                else:
                    self._pace.look_soon()
                message = self._inbox.get_nowait()
        except Empty:
            return

    def _patience(self) -> float:
        """Seconds until the next thing that has to be done, bell or not."""
        if self._wanted() or self._hand.claims or self._hand.renewals:
            return 0.0
        return self._pace.patience_s(self._hand.results)

    def _take_landed(self, landed: Landed) -> None:
        parcel = landed.parcel
        self._crew.landed(landed)
        self._hand.landed(parcel)
        if not landed.refused:
            self._purse.grow(parcel.target_id, parcel.party.adapter.max_batch)
            self._hand.keep(landed.results)
            return
        if self._stopping.is_set():  # no time left to find the bad one: all wait for the next worker
            self._starting.give_back(parcel.rows)
        else:
            self._hand.add(parcel.halves(start_by(self._kinds.get(parcel.kind), clock.monotonic())), first=True)
            self._hand.renewals += parcel.rows

    def _step(self) -> None:
        if self._pace.is_time_to_look:
            self._look()
        wanted_now = self._wanted()
        if wanted_now or self._hand.renewals or self._pace.is_time_to_settle(self._hand.results):
            results = self._hand.next_results(SETTLE_ROWS)
            if results and len(results) + sum(count for _, count in wanted_now) > CLAIM_ROWS:
                self._transact(results, [])  # both in one would keep other writers waiting for more than 20 ms
                results, wanted_now = [], self._wanted()
            if results or wanted_now or self._hand.renewals:
                self._transact(results, wanted_now)
        while self._hand.claims:
            self._load()
        if self._sight.limited:
            self._starting.keep_to_limits(self._sight.limited)
        self._starting.start_calls(self._sight)
        if self._purse.targets and (unused := self._purse.targets - self._hand.waiting):
            self._starting.return_calls(unused)
        self._pulse.beat()

    def _look(self) -> None:
        self._sight = self._books.look()
        self._pace.looked(self._sight.next_at)
        for target_id in self._hand.waiting:  # paused, throttled or broken by now: what has not started goes back
            if not self._sight.may_go(target_id):
                self._books.give_back(self._hand.give_up(target_id))

    def _wanted(self) -> list[tuple[DueTarget, int]]:
        due = list(self._sight.due.values())
        return wanted(due, self._batch_of, self._hand.rows, self._crew.size) if due else []

    def _batch_of(self, target_id: UUID) -> int:
        return self._purse.sizes.get(target_id) or self._sight.batch_of(target_id)

    def _transact(self, results: list[Result], wanted_now: list[tuple[DueTarget, int]]) -> None:
        """Settles and claims in one transaction, then does what may only follow its commit."""
        claimed_at = clock.monotonic()
        if results:
            faults.point("before_settle")
        try:
            turn = self._books.turn(results, self._hand.renewals, wanted_now, self._batch_of)
        except Exception:
            self._hand.keep(results)
            raise
        if results:
            faults.point("after_settle")
        self._pace.settled(TROUBLE_S if turn.refused else SETTLE_S)
        self._hand.renewals = []
        self._hand.keep(turn.refused)
        refused = {id(result) for result in turn.refused}
        self._hand.drop([result.row for result in results if id(result) not in refused])
        self._note_takes(turn.takes, claimed_at)
        self._aftermath.follow(turn.written)
        if any(item.is_bad_news or self._sight.is_probing(item.result.row.target_id) for item in turn.written):
            self._pace.look_soon()  # should the look fail
            self._look()

    def _note_takes(self, takes: list[Take], claimed_at: float) -> None:
        if rows := [row for take in takes for row in take.rows]:
            faults.point("after_claim")
            self._hand.take_in(Claim(rows, self._sight, claimed_at, dict(self._purse.sizes)))
        for take in takes:
            if take.grant is not None:
                self._purse.add(take.grant)
            if take.is_dry:
                self._sight.due.pop(take.target.id, None)
            if take.cancelled:  # there may be more
                self._pace.look_soon(AGAIN_S)

    def _load(self) -> None:
        parcels, results = self._books.load(self._hand.claims[0])
        self._hand.claims.popleft()
        self._hand.add(parcels)
        self._hand.keep(results)

    # -- the end ------------------------------------------------------------------------------------------------

    def _await_calls(self, limit_s: float) -> None:
        deadline = clock.monotonic() + limit_s
        while self._crew.busy and clock.monotonic() < deadline:
            self._take_messages(AGAIN_S)
            self._settle_all()

    def _settle_all(self) -> None:
        try:
            while self._hand.results:
                self._transact(self._hand.next_results(SETTLE_ROWS), [])
        except Exception as error:  # the leases end by themselves
            log.warning("results could not be settled before the end: %s", type(error).__name__)
