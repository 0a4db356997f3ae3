"""The senders: threads that build a call, make it and read the answer, and know neither database nor lease."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from queue import SimpleQueue

from app.core import clock, faults
from app.core.exchange import Outcome, Reply, Verdict
from app.core.http import CUT, Client, encode
from app.core.redaction import scrub
from app.outbound.parcel import Parcel
from app.outbound.results import How, Result
from app.outbound.shares import FIRST_SENDERS, LAST_SENDERS, MAX_SENDERS

log = logging.getLogger(__name__)
GROW = 8
RESPONSE_LIMIT = 2048
DETAIL_LIMIT = 500
CUT_DETAIL = "Cut by shutdown: it may have arrived"


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
        self._client = client
        self._land = land
        self._work: SimpleQueue[Parcel | None] = SimpleQueue()
        self.size = 0
        self.busy = 0  # changed by the owner's thread alone
        self._grow(FIRST_SENDERS)

    def start(self, parcel: Parcel) -> None:
        """Gives a parcel to a free sender; makes some when nobody is free."""
        self.busy += 1
        if self.busy > self.size:
            self._grow(GROW if self.size < MAX_SENDERS else 1)
        self._work.put(parcel)

    def landed(self) -> None:
        self.busy -= 1

    def cut(self) -> None:
        """Ends every call in hand at once, and every later one unsent."""
        self._client.cut()

    def dismiss(self) -> None:
        """Sends everybody home and closes the connections."""
        for _ in range(self.size):
            self._work.put(None)
        self._client.close()

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
                landed = _without_answer(parcel, Outcome.rejected(_failed("read", error)), How.CALL, clock.now())
            self._land(landed)

    def _send(self, parcel: Parcel) -> Landed:
        started_at = clock.now()
        try:
            call = parcel.build()
            if call.json is not None and call.body is None:
                call = replace(call, body=encode(call.json))
        except Exception as error:  # a poisoned row; in a batch, halving finds it
            if len(parcel.rows) == 1:
                log.warning("a call could not be built", exc_info=error, extra=_ids(parcel))
            landed = _without_answer(parcel, Outcome.rejected(_failed("built", error)), How.UNBUILT, started_at)
            return replace(landed, refused=len(parcel.rows) > 1)
        faults.point("before_send")
        reply = self._client.send(call, timeout_s=parcel.timeout_s)
        faults.point("after_send")
        return _report(parcel, reply, started_at)


def _report(parcel: Parcel, reply: Reply, started_at: datetime) -> Landed:
    is_cut = reply.error == CUT
    outcome = Outcome.retry(CUT_DETAIL) if is_cut else parcel.read(reply)
    how = How.CUT if is_cut else How.CALL
    said = [_clean(each) for each in (outcome if isinstance(outcome, list) else [outcome])]
    outcomes = said if isinstance(outcome, list) else said * len(parcel.rows)
    # NUL: PostgreSQL takes none, and one platform's odd answer must not hold up everybody's results
    response = scrub(reply.text, RESPONSE_LIMIT).replace("\x00", "") if reply.body else reply.error
    results = [
        Result(row, each, started_at, reply.duration_ms, reply.status, response, item, how, parcel.seen)
        for row, item, each in zip(parcel.rows, parcel.items, outcomes, strict=True)
    ]
    refused = isinstance(outcome, Outcome) and outcome.verdict is Verdict.REJECTED and len(parcel.rows) > 1
    return Landed(parcel, results, refused)


def _without_answer(parcel: Parcel, outcome: Outcome, how: How, started_at: datetime) -> Landed:
    results = [
        Result(row, outcome, started_at, 0, item=item, how=how, seen=parcel.seen)
        for row, item in zip(parcel.rows, parcel.items, strict=True)
    ]
    return Landed(parcel, results)


def _clean(outcome: Outcome) -> Outcome:
    """An adapter's words may quote the platform, and a platform may quote our token."""
    return replace(outcome, detail=scrub(outcome.detail, DETAIL_LIMIT).replace("\x00", ""))


def _failed(verb: str, error: Exception) -> str:
    return f"Could not be {verb} ({type(error).__name__})"


def _ids(parcel: Parcel) -> dict[str, str]:
    return {"target_id": str(parcel.target_id), "delivery_id": str(parcel.rows[0].id)}
