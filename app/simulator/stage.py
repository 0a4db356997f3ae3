"""The simulated platforms as one object: rules, ledger and a lock, reached from Python and from the control API."""

from __future__ import annotations

import json
import threading
from collections import Counter
from typing import Any
from urllib.parse import parse_qsl

from app.core import clock
from app.simulator.behaviour import Behaviour, Kind, Rules, misbehave
from app.simulator.ledger import HOP_BY_HOP, KEEP_CALLS, Ledger, Received
from app.simulator.platforms import Answer, Request, answer

ANSWERED = (Kind.REFUSE, Kind.THROTTLE, Kind.EXPIRE, Kind.HTML, Kind.ERROR)


class Stage:
    """Thread-safe."""

    def __init__(self, latency_ms: float = 0, keep_bodies: bool = True) -> None:
        self._lock = threading.Lock()
        self._rules = Rules(latency_ms)
        self._ledger = Ledger(keep_bodies)

    def behave(self, **told: Any) -> None:
        """Fields of Behaviour. Raises ValueError or TypeError for what is none."""
        behaviour = Behaviour(**told)
        with self._lock:
            self._rules.add(behaviour)

    def calm(self) -> None:
        """Forgets every rule; what was received stays."""
        with self._lock:
            self._rules.clear()

    def reset(self) -> None:
        """Forgets every rule and everything received."""
        with self._lock:
            self._rules.clear()
            self._ledger = Ledger(self._ledger.keep_bodies)

    def rules(self) -> list[dict[str, Any]]:
        with self._lock:
            return self._rules.told()

    def received(
        self, platform: str | None = None, pixel: str | None = None, limit: int = KEEP_CALLS
    ) -> list[Received]:
        with self._lock:
            return self._ledger.received(platform, pixel, limit)

    def counts(self) -> dict[str, Any]:
        with self._lock:
            return self._ledger.counts()

    @property
    def arrivals(self) -> Counter[str]:
        """How often a platform took each event: by `event_id`, at Kwai by `kwai_identity`."""
        with self._lock:
            return self._ledger.arrivals.copy()

    @property
    def first_at(self) -> dict[str, float]:
        """The Unix time at which each taken event had arrived for the first time."""
        with self._lock:
            return dict(self._ledger.first_at)

    def play(self, platform: str, pixel: str, request: Request, target: str) -> tuple[Kind, float, Answer]:
        """What happens to a call: how it ends, after how many seconds, and with which answer. The ledger has it now,
        so that a test which waits for the arrival does not wait for the latency too."""
        now = clock.now()
        with self._lock:
            behaviour, wait_s = self._rules.choose(platform, pixel)
            if behaviour.kind in ANSWERED:
                reply = misbehave(behaviour, platform)
            elif behaviour.kind in (Kind.ANSWER, Kind.LOSE):
                reply = answer(platform, request, now)
            else:
                reply = Answer(0, None)
            silent = reply.status == 0 or behaviour.kind is Kind.LOSE
            call = Received(
                platform, pixel, request.method, target,
                {name: value for name, value in request.headers.items() if name not in HOP_BY_HOP},
                request.body if self._ledger.keep_bodies else None,
                now.timestamp(), behaviour.kind, None if silent else reply.status, len(reply.events),
            )  # fmt: skip
            self._ledger.record(call, reply.events)
        return behaviour.kind, wait_s, reply


def parse(method: str, target: str, headers: dict[str, str], body: bytes) -> Request:
    path, _, query = target.partition("?")
    try:
        value = json.loads(body) if body else None
    except (ValueError, RecursionError):
        value = None
    return Request(method, path, dict(parse_qsl(query)), headers, value)
