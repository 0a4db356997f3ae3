"""When the drain looks and settles by itself, bell or not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from app.core import clock

LOOK_S = 0.5
LOOK_AWAY_S = 0.1  # while Valkey is away there is no bell
SETTLE_S = 0.02  # results of a burst share a transaction; the first of a quiet time goes at once
SETTLE_ROWS = 500


class Pace:
    """Times are monotonic seconds. `is_away` says whether Valkey is."""

    def __init__(self, is_away: Callable[[], bool]) -> None:
        self._is_away = is_away
        self._look_at = 0.0
        self._settle_at = 0.0

    @property
    def look_s(self) -> float:
        return LOOK_AWAY_S if self._is_away() else LOOK_S

    @property
    def is_time_to_look(self) -> bool:
        return clock.monotonic() >= self._look_at

    def look_soon(self, in_s: float = 0.0) -> None:
        self._look_at = min(self._look_at, clock.monotonic() + in_s)

    def looked(self, next_at: datetime | None) -> None:
        """`next_at` is when the look knows of something more to come due."""
        soon = self.look_s if next_at is None else max(0.0, (next_at - clock.now()).total_seconds())
        self._look_at = clock.monotonic() + min(self.look_s, soon)

    def is_time_to_settle(self, results: int) -> bool:
        return results >= SETTLE_ROWS or (results > 0 and clock.monotonic() >= self._settle_at)

    def settled(self, wait_s: float = SETTLE_S) -> None:
        self._settle_at = clock.monotonic() + wait_s

    def patience_s(self, results: int) -> float:
        """How long there is nothing to do unless something comes in."""
        until = min(self._look_at, self._settle_at) if results else self._look_at
        return max(0.0, min(until - clock.monotonic(), self.look_s))
