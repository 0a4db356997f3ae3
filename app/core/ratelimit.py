"""How often something may happen: sliding windows in Valkey, in this process's memory while Valkey is away."""

from __future__ import annotations

import hashlib
import hmac
import logging
import math
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast

from flask import Flask, current_app
from limits import RateLimitItem, RateLimitItemPerSecond
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import SlidingWindowCounterRateLimiter
from redis import RedisError

from app.core.clock import monotonic
from app.core.errors import TooMany
from app.core.queue import connect
from app.core.runtime import runtime
from app.core.settings import Settings
from app.core.valkey import redis_url

log = logging.getLogger(__name__)
EXTENSION = "kalitrack.ratelimit"
AWAY_S = 2.0  # after a failed call, Valkey is left alone this long: 0.3 s of waiting is not paid by every request
WINDOWS_S = (60, 3600, 86_400)  # per minute, hour, day
WINDOW_NAMES = {60: "minute", 3600: "hour", 86_400: "day"}
ClientLimits = tuple[int | None, int | None, int | None]


@dataclass(frozen=True, slots=True)
class Limit:
    """`amount` hits in any `seconds`, counted apart for each identity under `name`."""

    name: str
    amount: int
    seconds: int

    @property
    def item(self) -> RateLimitItem:
        return RateLimitItemPerSecond(self.amount, self.seconds, namespace=self.name)


Reserved = tuple[Limit, str]  # a limit and whose hits it counts


@dataclass(frozen=True, slots=True)
class Full:
    """A limit that has no room for what was asked: how long until it has, and how much would still fit."""

    limit: Limit
    wait_s: int
    remaining: int

    def refusal(self, message: str | None = None) -> TooMany:
        limit = self.limit
        policy = (limit.name, limit.amount, limit.seconds)
        return TooMany(self.wait_s, message, policy=policy, remaining=self.remaining)


Question = Callable[[SlidingWindowCounterRateLimiter], Full | None]


class RateLimiter:
    """Counts in one atomic script per window. Identities are keyed hashes: no address or e-mail reaches Valkey."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._key = settings.secret_key.encode()
        self._lock = threading.Lock()
        self._shared: SlidingWindowCounterRateLimiter | None = None
        self._own: SlidingWindowCounterRateLimiter | None = None
        self._away_until = 0.0

    def hit(self, limit: Limit, identity: str, cost: int = 1) -> int | None:
        """Counts `cost`; None when it fitted, else the seconds to wait, and nothing was counted."""
        full = self._hit(limit, identity, cost)
        return None if full is None else full.wait_s

    def reserve(self, limits: Sequence[Reserved]) -> None:
        """Counts an attempt before it is made, so that parallel ones cannot slip past together. Raises TooMany, and
        then has counted nothing."""
        for number, (limit, identity) in enumerate(limits):
            full = self._hit(limit, identity, 1)
            if full is not None:
                self.give_back(limits[:number])
                raise full.refusal()

    def give_back(self, limits: Sequence[Reserved]) -> None:
        """The attempt was a good one: only failures count."""
        for limit, identity in limits:
            self.hit(limit, identity, cost=-1)

    def check_client(self, identity: object, limits: ClientLimits, cost: int = 1, name: str = "client") -> Full | None:
        """An API client's limits per minute, hour and day; `cost` is its number of events. None: go on; else the limit
        that is full, and nothing was counted. While Valkey is away everything passes."""
        key = self._digest(str(identity))
        taken: list[Limit] = []
        for limit in _limits(limits, name):
            full = self._count_client(limit, key, cost)
            if full is not None:
                for counted in taken:
                    self._count_client(counted, key, -cost)
                return full
            taken.append(limit)
        return None

    def check_some(self, identity: object, limits: ClientLimits, wanted: int, name: str) -> tuple[int, Full | None]:
        """As many of `wanted` as fit, which are counted, and the limit that the others met."""
        some, full = wanted, None
        while some and (found := self.check_client(identity, limits, some, name)) is not None:
            some, full = min(some - 1, found.remaining), found
        return some, full

    def give_back_client(self, identity: object, limits: ClientLimits, cost: int, name: str = "client") -> None:
        """What was counted, and then not done."""
        key = self._digest(str(identity))
        for limit in _limits(limits, name):
            self._count_client(limit, key, -cost)

    def _count_client(self, limit: Limit, key: str, cost: int) -> Full | None:
        return self._ask(lambda windows: _hit(windows, limit, key, cost), fail_open=True)

    def _hit(self, limit: Limit, identity: str, cost: int) -> Full | None:
        key = self._digest(identity)
        return self._ask(lambda windows: _hit(windows, limit, key, cost), fail_open=False)

    def _digest(self, identity: str) -> str:
        return hmac.new(self._key, identity.encode("utf-8", "replace"), hashlib.sha256).hexdigest()[:32]

    def _ask(
        self, question: Callable[[SlidingWindowCounterRateLimiter], Full | None], *, fail_open: bool
    ) -> Full | None:
        if monotonic() >= self._away_until:
            try:
                return question(self._in_valkey())
            except (RedisError, OSError) as error:
                self._away_until = monotonic() + AWAY_S
                log.warning("rate limits without Valkey: %s", type(error).__name__)
        return None if fail_open else question(self._in_memory())

    def _in_valkey(self) -> SlidingWindowCounterRateLimiter:
        if self._shared is None:
            pool = connect(redis_url(self._settings)).connection_pool
            self._shared = SlidingWindowCounterRateLimiter(RedisStorage("redis://", connection_pool=pool))
        return self._shared

    def _in_memory(self) -> SlidingWindowCounterRateLimiter:
        with self._lock:  # the storage starts a timer: made when first needed, in the process that serves
            if self._own is None:
                self._own = SlidingWindowCounterRateLimiter(MemoryStorage())
        return self._own


def _limits(amounts: ClientLimits, name: str) -> list[Limit]:
    named = zip(amounts, WINDOWS_S, strict=True)
    return [
        Limit(f"{name}-{WINDOW_NAMES[seconds]}", amount, seconds) for amount, seconds in named if amount is not None
    ]


def _hit(windows: SlidingWindowCounterRateLimiter, limit: Limit, key: str, cost: int) -> Full | None:
    if windows.hit(limit.item, key, cost=cost):
        return None
    reset_at, remaining = windows.get_window_stats(limit.item, key)
    wait_s = max(1, min(limit.seconds, math.ceil(reset_at - time.time())))  # the library's clock, not ours
    return Full(limit, wait_s, max(0, int(remaining)))


def init_app(app: Flask) -> None:
    app.extensions[EXTENSION] = RateLimiter(runtime(app).settings)


def limiter(app: Flask | None = None) -> RateLimiter:
    """The limiter of an app, by default the current one."""
    return cast(RateLimiter, (app or current_app).extensions[EXTENSION])
