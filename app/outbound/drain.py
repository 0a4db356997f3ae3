"""The drain: claims what is due, has it sent, and settles what comes back, until its budget or the process ends."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Sequence
from datetime import datetime, timedelta
from queue import Empty, SimpleQueue
from uuid import UUID

from sqlalchemy.exc import SQLAlchemyError

from app.core import clock
from app.core.db import begin_write
from app.core.exchange import Outcome
from app.core.http import Client
from app.core.runtime import Runtime
from app.core.valkey import redis_url
from app.outbound.bell import Bell
from app.outbound.claim import DueTarget, claim, open_targets, release
from app.outbound.crew import MAX_SENDERS, RESERVE, Crew, Landed
from app.outbound.heartbeat import beat
from app.outbound.kinds import Kinds, Leased, Party, Settled
from app.outbound.models import TargetState
from app.outbound.parcel import Parcel, Ready, pack
from app.outbound.settle import Result, Written, renew, settle
from app.outbound.verdicts import Publisher

log = logging.getLogger(__name__)
LOOK_S = 0.5  # by itself, bell or not
LOOK_AWAY_S = 0.1
SETTLE_S = 0.02  # results of a burst share a transaction; the first of a quiet time goes at once
SETTLE_ROWS = 500
CLAIM_ROWS = 1000
LEASE_MARGIN_S = 10.0
GRACE_S = 6.0
BEAT_S = 5.0
RUNG = object()


class Drain:
    """One per worker process. One thread, the caller of `run`, owns the database; senders and the bell only put into
    its queue. It survives between runs: calls in hand go on and are settled by the next run."""

    def __init__(self, runtime: Runtime, name: str) -> None:
        self._runtime = runtime
        self._name = name
        self._kinds = Kinds(runtime)
        self._inbox: SimpleQueue[object] = SimpleQueue()
        self._crew = Crew(Client(timeout_s=runtime.settings.outbound_timeout, pool_size=MAX_SENDERS), self._inbox.put)
        self.url = url = redis_url(runtime.settings)
        self._bell = Bell(url, name, lambda: self._inbox.put(RUNG))
        self._publisher = Publisher(url)
        self._ready = Ready()
        self._landed: deque[Landed] = deque()
        self._results: deque[Result] = deque()
        self._items: dict[UUID, object] = {}  # of rows in hand, by delivery, for what a kind does after the commit
        self._renewals: list[Leased] = []
        self._targets: dict[UUID, DueTarget] = {}
        self._parties: dict[UUID, Party] = {}
        self._look_at = 0.0
        self._settled_at = 0.0
        self._beat_at = 0.0
        self._stopping = threading.Event()

    # -- running ------------------------------------------------------------------------------------------------

    def run(self, budget_s: float | None) -> None:
        """Works until the budget is spent (None: until stopped) or `stop`. While Valkey is away the budget does not
        count, since nobody could start a successor."""
        until = clock.monotonic() + budget_s if budget_s is not None else float("inf")
        self._look_at = 0.0
        while not self._stopping.is_set() and (clock.monotonic() < until or self._bell.away):
            self._take_messages()
            try:
                self._step()
            except SQLAlchemyError as error:
                log.warning("the database refused the drain, which tries again: %s", type(error).__name__)
                self._stopping.wait(0.25)

    def stop(self) -> None:
        """Claims nothing more; `run` returns soon. Safe from a signal handler's thread."""
        self._stopping.set()
        self._inbox.put(RUNG)

    def close(self, grace_s: float = GRACE_S) -> None:
        """Gives back what has not started, waits for calls in hand, then cuts them and gives their rows back too."""
        self._stopping.set()
        self._bell.end()
        self._give_back(self._ready.give_up())
        deadline = clock.monotonic() + grace_s
        while self._crew.busy and clock.monotonic() < deadline:
            self._take_messages(limit_s=0.05)
            self._settle_quietly()
        if self._crew.busy:
            log.warning("%d calls were cut by the shutdown; they may be sent twice", self._crew.busy)
            self._crew.cut()
            deadline = clock.monotonic() + 1
            while self._crew.busy and clock.monotonic() < deadline:
                self._take_messages(limit_s=0.05)
        self._settle_quietly()
        self._crew.dismiss()

    @property
    def is_idle(self) -> bool:
        """Nothing in hand and nothing known to be due (for tests)."""
        return not (self._crew.busy or self._ready.parcels or self._results or self._due(clock.now()))

    # -- one turn -----------------------------------------------------------------------------------------------

    def _take_messages(self, limit_s: float | None = None) -> None:
        """Blocks for the first message no longer than the next thing that has to be done, then takes all there are."""
        wait = self._patience() if limit_s is None else limit_s
        try:
            message = self._inbox.get(timeout=wait) if wait > 0 else self._inbox.get_nowait()
            while True:
                if isinstance(message, Landed):
                    self._take_landed(message)
                else:
                    self._look_at = 0.0
                message = self._inbox.get_nowait()
        except Empty:
            return

    def _patience(self) -> float:
        now = clock.monotonic()
        if self._wanted(clock.now()):
            return 0.0
        until = self._look_at
        if self._results:
            until = min(until, self._settled_at + SETTLE_S)
        return max(0.0, min(until - now, LOOK_AWAY_S if self._bell.away else LOOK_S))

    def _take_landed(self, landed: Landed) -> None:
        self._crew.landed()
        self._ready.landed(landed.parcel.target_id)
        if landed.refused and not self._stopping.is_set():
            self._ready.add(landed.parcel.halves(), first=True)
            self._renewals += landed.parcel.rows
        elif landed.refused:  # no time left to find the bad one: all wait for the next worker
            wait = Outcome.retry("Refused as a batch; looked at one by one after the restart")
            self._results += [
                Result(r.row, wait, r.started_at, r.duration_ms, r.http_status, r.response) for r in landed.results
            ]
        else:
            self._results += landed.results

    def _step(self) -> None:
        now = clock.monotonic()
        if now >= self._look_at:
            self._look()
        settle_now = bool(self._results) and (now >= self._settled_at + SETTLE_S or len(self._results) >= SETTLE_ROWS)
        wanted = self._wanted(clock.now())
        if settle_now or wanted or self._renewals:
            self._transact(wanted)
        self._start_calls()
        if now >= self._beat_at:
            self._beat_at = now + BEAT_S
            beat(self._runtime.engine, self._name, "deliver")

    def _look(self) -> None:
        with self._runtime.engine.connect() as connection:
            self._targets = {target.id: target for target in open_targets(connection)}
            due = [target for target in self._due(clock.now()) if target.state != TargetState.DELETED]
            self._parties = {}
            for kind in {target.kind for target in due}:
                ids = [target.id for target in due if target.kind == kind]
                self._parties |= self._kinds.get(kind).parties(connection, ids)
        self._look_at = clock.monotonic() + self._until_next_due()

    def _until_next_due(self) -> float:
        """Seconds to the next look: the bell's own pace, or sooner when something comes due before."""
        now = clock.now()
        later = [target.ready_at for target in self._targets.values() if target.ready_at and target.ready_at > now]
        pace = LOOK_AWAY_S if self._bell.away else LOOK_S
        return min([pace, *((moment - now).total_seconds() for moment in later)])

    def _due(self, now: datetime) -> list[DueTarget]:
        return [target for target in self._targets.values() if target.ready_at is not None and target.ready_at <= now]

    def _wanted(self, now: datetime) -> list[tuple[DueTarget, int]]:
        """How many rows of which target to claim: enough to keep senders busy, shared among the targets that are due,
        and at most what one short transaction takes."""
        due = self._due(now)
        if not due:
            return []
        calls = max(1, (2 * self._crew.size) // len(due))
        wanted = []
        room = CLAIM_ROWS
        for target in due:
            party = self._parties.get(target.id)
            batch = party.adapter.max_batch if party else CLAIM_ROWS
            held = self._ready.rows[target.id] + self._ready.in_flight[target.id] * batch
            count = min(calls * batch - held, max(batch, calls), room)
            if target.is_probe and held:
                continue
            if count > 0:
                wanted.append((target, count))
                room -= count
        return wanted

    def _transact(self, wanted: Sequence[tuple[DueTarget, int]]) -> None:
        """Settles and claims in one transaction, then does what may only follow its commit."""
        now = clock.now()
        results = [self._results[index] for index in range(min(len(self._results), SETTLE_ROWS))]
        renewals, written = self._renewals, []
        with begin_write(self._runtime.engine) as connection:
            if results:
                written = settle(connection, results, lambda kind: self._kinds.get(kind).policy, now)
            if renewals:
                renew(connection, renewals, now + self._lease(renewals[0].kind))
            leases = {target.kind: self._lease(target.kind) for target, _ in wanted}
            leased = claim(connection, wanted, now, leases)
        for _ in results:
            self._results.popleft()
        self._renewals = []
        self._settled_at = clock.monotonic()
        self._after_commit(results, written)
        self._forget_claimed(wanted, leased, now)
        if leased:
            self._load(leased, now)

    def _forget_claimed(self, wanted: Sequence[tuple[DueTarget, int]], leased: Sequence[Leased], now: datetime) -> None:
        """A target that gave less than was wanted has nothing due until the next look; one that gave all may have
        more."""
        got: dict[UUID, int] = {}
        for row in leased:
            got[row.target_id] = got.get(row.target_id, 0) + 1
        for target, count in wanted:
            if target.is_probe or got.get(target.id, 0) < count:
                self._targets.pop(target.id, None)
                if target.state == TargetState.DELETED or target.is_probe:
                    self._look_at = min(self._look_at, clock.monotonic() + 0.05)

    def _after_commit(self, results: Sequence[Result], written: Sequence[Written]) -> None:
        if not results:
            return
        self._publisher.publish(written)
        settled: dict[str, list[Settled]] = {}
        for item in written:
            row = item.result.row
            found = self._items.get(row.id)
            if found is not None:
                settled.setdefault(row.kind, []).append(Settled(row, found, item.result.outcome, clock.now()))
        for result in results:
            self._items.pop(result.row.id, None)
        for kind, group in settled.items():
            self._kinds.get(kind).settled(group)
        if any(item.result.outcome.verdict in ("auth", "throttled", "retry") for item in written):
            self._hold_back({item.result.row.target_id for item in written})

    def _hold_back(self, target_ids: set[UUID]) -> None:
        """A target that just failed may be paused, throttled or broken now: what has not started goes back, and the
        next look decides."""
        with self._runtime.engine.connect() as connection:
            self._targets = {target.id: target for target in open_targets(connection)}
        now = clock.now()
        held = [target_id for target_id in target_ids & self._ready.targets if not self._may_go(target_id, now)]
        self._give_back([row for target_id in held for row in self._ready.give_up(target_id)])
        self._look_at = 0.0

    def _may_go(self, target_id: UUID, now: datetime) -> bool:
        target = self._targets.get(target_id)
        if target is None:
            return True
        held = [moment for moment in (target.not_before, target.breaker_until) if moment is not None and moment > now]
        return target.state == TargetState.ACTIVE and not held

    # -- rows in hand -------------------------------------------------------------------------------------------

    def _lease(self, kind: str) -> timedelta:
        """Longer than a call may take, twice over: a claimed row waits for at most one call before its own."""
        return timedelta(seconds=2 * self._kinds.get(kind).timeout_s + LEASE_MARGIN_S)

    def _load(self, leased: Sequence[Leased], now: datetime) -> None:
        """Reads what the claimed rows are about and packs them; what cannot be sent is settled without a call."""
        by_target: dict[UUID, list[Leased]] = {}
        items: dict[UUID, object] = {}
        with self._runtime.engine.connect() as connection:
            for kind in {row.kind for row in leased}:
                items |= self._kinds.get(kind).items(connection, [row for row in leased if row.kind == kind])
        for row in leased:
            refusal = self._refusal(row, row.ref_id in items, now)
            if refusal is None:
                by_target.setdefault(row.target_id, []).append(row)
                self._items[row.id] = items[row.ref_id]
            else:
                self._results.append(Result(row, refusal, now, 0, called=False))
        for target_id, rows in by_target.items():
            kind = rows[0].kind
            party, timeout_s = self._parties[target_id], self._kinds.get(kind).timeout_s
            self._ready.add(pack(kind, party, rows, lambda row: items[row.ref_id], timeout_s))

    def _refusal(self, row: Leased, is_found: bool, now: datetime) -> Outcome | None:
        if row.target_id not in self._parties:
            return Outcome.gone("The target is gone")
        if not is_found:
            return Outcome.gone("What was to be sent is gone")
        if row.expires_at is not None and row.expires_at <= now:
            return Outcome.rejected("Too old to be sent")
        if row.attempts > self._kinds.get(row.kind).policy.max_attempts:
            return Outcome.rejected("Gave up: tried too often without an answer")
        return None

    def _start_calls(self) -> None:
        while (parcel := self._next_parcel()) is not None:
            self._crew.start(parcel)

    def _next_parcel(self) -> Parcel | None:
        if not self._crew.free:
            if self._crew.size < MAX_SENDERS and self._ready.parcels:
                self._crew.grow(8)
            elif self._crew.size < MAX_SENDERS + RESERVE and any(map(self._is_modest, self._ready.targets)):
                self._crew.grow(4)
            else:
                return None
        return self._ready.take(self._may_start)

    def _is_modest(self, target_id: UUID) -> bool:
        return self._ready.in_flight[target_id] < MAX_SENDERS // 4

    def _may_start(self, target_id: UUID) -> bool:
        """At most a quarter of the senders on one target while others have something to send."""
        others = self._ready.targets | set(self._ready.in_flight) | {target.id for target in self._due(clock.now())}
        if others <= {target_id}:
            return self._ready.in_flight[target_id] < MAX_SENDERS
        return self._is_modest(target_id)

    def _give_back(self, rows: Sequence[Leased]) -> None:
        if not rows:
            return
        for row in rows:
            self._items.pop(row.id, None)
        try:
            with begin_write(self._runtime.engine) as connection:
                release(connection, rows, clock.now())
        except SQLAlchemyError as error:  # their leases end by themselves
            log.warning("%d claimed rows could not be given back: %s", len(rows), type(error).__name__)

    def _settle_quietly(self) -> None:
        try:
            while self._results:
                self._transact([])
        except SQLAlchemyError as error:
            log.warning("results could not be settled before the end: %s", type(error).__name__)
