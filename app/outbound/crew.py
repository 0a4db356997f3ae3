"""The senders: threads that build a call, make it and read the answer, and know neither database nor lease."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from queue import SimpleQueue

from app.core import clock
from app.core.exchange import Outcome, Verdict
from app.core.http import Client
from app.outbound.carriers import Carriers
from app.outbound.exchange_one import Exchange, exchange
from app.outbound.parcel import Parcel
from app.outbound.results import How, Result
from app.outbound.shares import FIRST_SENDERS, LAST_SENDERS, senders_for

log = logging.getLogger(__name__)
GROW = 8
WEIGHT = 0.05  # of the latest call in the average
LONGEST_S = 1.0  # that one call says about the latency of others


@dataclass(frozen=True, slots=True)
class Landed:
    """A call that came back: a result for each row. `refused` says that a whole batch was refused for what may be the
    fault of one row in it."""

    parcel: Parcel
    results: list[Result]
    refused: bool = False


class Crew:
    """A pool of sender threads that grows while everybody is busy. `land` is called from the senders' threads, once
    for every parcel, whatever happens to it."""

    def __init__(self, client: Client, land: Callable[[Landed], None]) -> None:
        self._carriers = Carriers(client)
        self._land = land
        self._work: SimpleQueue[Parcel | None] = SimpleQueue()
        self.size = 0
        self.busy = 0  # changed by the owner's thread alone, as is
        self._latency_s = 0.0  # of calls that were answered, on average; of those that hang nothing is learnt
        self._grow(FIRST_SENDERS)

    def start(self, parcel: Parcel) -> None:
        """Gives a parcel to a free sender; makes some when nobody is free."""
        self.busy += 1
        if self.busy > self.size:
            self._grow(GROW if self.size < self.limit else 1)
        self._work.put(parcel)

    def landed(self, landed: Landed) -> None:
        """Takes note of a call that came back."""
        self.busy -= 1
        first = landed.results[0]
        if first.how is How.CALL and first.is_answered:
            took_s = min(first.duration_ms / 1000, LONGEST_S)
            self._latency_s += WEIGHT * (took_s - self._latency_s)

    @property
    def limit(self) -> int:
        """How many calls may be under way, but for first ones."""
        return senders_for(self._latency_s)

    def cut(self) -> None:
        """Ends every call in hand at once, and every later one unsent."""
        self._carriers.cut()

    def dismiss(self) -> None:
        """Sends everybody home and closes the connections."""
        for _ in range(self.size):
            self._work.put(None)
        self._carriers.close()

    def _grow(self, count: int) -> None:
        for _ in range(min(count, LAST_SENDERS - self.size)):
            try:
                threading.Thread(target=self._run, name=f"sender-{self.size + 1}", daemon=True).start()
            except RuntimeError:  # the system gives no more threads: those that are there do the work
                log.warning("no more than %d senders could be started", self.size)
                return
            self.size += 1

    def _run(self) -> None:
        while (parcel := self._work.get()) is not None:
            try:
                landed = self._send(parcel)
            except Exception as error:  # a defect of ours must cost neither the thread nor the rows
                log.exception("a call could not be finished", extra=_ids(parcel))
                landed = _without_answer(parcel, error)
            self._land(landed)

    def _send(self, parcel: Parcel) -> Landed:
        one = exchange(
            self._carriers,
            parcel.build,
            parcel.read,
            timeout_s=parcel.timeout_s,
            secret=parcel.party.secret,
            others=parcel.party.others,
            response_limit=parcel.response_limit,
        )
        if one.how is How.UNBUILT and len(parcel.rows) == 1:  # a poisoned row; in a batch, halving finds it
            log.warning("a call could not be built", exc_info=one.fault, extra=_ids(parcel))
        elif one.fault is not None and one.how is How.CALL:
            log.error("an answer could not be read", exc_info=one.fault, extra=_ids(parcel))
        return _landed(parcel, one)


def _landed(parcel: Parcel, one: Exchange) -> Landed:
    outcomes = one.outcome if isinstance(one.outcome, list) else [one.outcome] * len(parcel.rows)
    results = [
        Result(
            row,
            each,
            one.started_at,
            one.duration_ms,
            one.http_status,
            one.response,
            item,
            one.how,
            parcel.seen,
            one.is_answered,
            parcel.party.policy,
        )
        for row, item, each in zip(parcel.rows, parcel.items, outcomes, strict=True)
    ]
    said_no = isinstance(one.outcome, Outcome) and one.outcome.verdict is Verdict.REJECTED
    is_misread = one.fault is not None and one.how is How.CALL  # our fault: halves would be sent for nothing
    return Landed(parcel, results, refused=said_no and not is_misread and len(parcel.rows) > 1)


def _without_answer(parcel: Parcel, error: Exception) -> Landed:
    outcome, started_at = Outcome.rejected(f"Could not be finished ({type(error).__name__})"), clock.now()
    results = [
        Result(row, outcome, started_at, 0, item=item, seen=parcel.seen)
        for row, item in zip(parcel.rows, parcel.items, strict=True)
    ]
    return Landed(parcel, results)


def _ids(parcel: Parcel) -> dict[str, str]:
    return {"target_id": str(parcel.target_id), "delivery_id": str(parcel.rows[0].id)}
