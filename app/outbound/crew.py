"""The senders: threads that build a call, make it and read the answer, and know neither database nor lease."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from queue import SimpleQueue

from app.core import clock
from app.core.exchange import Outcome, Reply
from app.core.http import CUT, Client
from app.core.redaction import scrub
from app.outbound.parcel import Parcel
from app.outbound.settle import Result

log = logging.getLogger(__name__)
FIRST_SENDERS = 16
MAX_SENDERS = 64
RESERVE = 16  # beyond the maximum, for targets that are not the one that fills it
RESPONSE_LIMIT = 2048


@dataclass(frozen=True, slots=True)
class Landed:
    """A call that came back: a result for each row, or (`refused`) one refusal for a whole batch to be bisected.
    `cut` when the shutdown ended it: it may have arrived."""

    parcel: Parcel
    results: list[Result]
    refused: bool = False
    cut: bool = False


class Crew:
    """A pool of sender threads that grows while everybody is busy. `land` is called from the senders' threads."""

    def __init__(self, client: Client, land: Callable[[Landed], None]) -> None:
        self._client = client
        self._land = land
        self._work: SimpleQueue[Parcel | None] = SimpleQueue()
        self.size = 0
        self.busy = 0  # changed by the owner's thread alone
        self.grow(FIRST_SENDERS)

    @property
    def free(self) -> int:
        return self.size - self.busy

    def grow(self, count: int) -> None:
        for _ in range(count):
            self.size += 1
            threading.Thread(target=self._run, name=f"sender-{self.size}", daemon=True).start()

    def start(self, parcel: Parcel) -> None:
        self.busy += 1
        self._work.put(parcel)

    def landed(self) -> None:
        self.busy -= 1

    def cut(self) -> None:
        """Ends every call in hand at once."""
        self._client.cut()

    def dismiss(self) -> None:
        for _ in range(self.size):
            self._work.put(None)

    def _run(self) -> None:
        while (parcel := self._work.get()) is not None:
            self._land(self._call(parcel))

    def _call(self, parcel: Parcel) -> Landed:
        started_at = clock.now()
        try:
            reply = self._client.send(parcel.build(), timeout_s=parcel.timeout_s)
            outcome = parcel.read(reply)
        except Exception as error:  # a poisoned row or a defect of ours: it must not take the worker with it
            log.exception("a call could not be built or read")
            reply = Reply(None, {}, b"", clock.now(), 0, "Not sent")
            outcome = Outcome.rejected(f"Could not be built or read ({type(error).__name__})")
        return self._report(parcel, reply, outcome, started_at)

    def _report(self, parcel: Parcel, reply: Reply, outcome: Outcome | list[Outcome], started_at: datetime) -> Landed:
        if reply.error == CUT:
            outcome = Outcome.retry("Cut by shutdown: it may have arrived")
        outcomes = outcome if isinstance(outcome, list) else [outcome] * len(parcel.rows)
        response = scrub(reply.text, RESPONSE_LIMIT) if reply.body else reply.error
        results = [
            Result(row, each, started_at, reply.duration_ms, reply.status, response)
            for row, each in zip(parcel.rows, outcomes, strict=True)
        ]
        refused = isinstance(outcome, Outcome) and outcome.verdict == "rejected" and len(parcel.rows) > 1
        return Landed(parcel, results, refused, cut=reply.error == CUT)
