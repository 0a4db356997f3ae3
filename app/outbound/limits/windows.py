"""Windows of calls as pure arithmetic: what is left in each, and until when one is full."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple

NAMES = {1: "second", 60: "minute", 3600: "hour", 86_400: "day"}  # by the length of a window in seconds
LENGTHS = {name: seconds for seconds, name in NAMES.items()}
LARGEST = 1_000_000  # calls that a window may be set to allow


class Rates(NamedTuple):
    """How many calls a target takes in each window; None: any number."""

    per_second: int | None = None
    per_minute: int | None = None
    per_hour: int | None = None
    per_day: int | None = None

    @classmethod
    def of(cls, row: Any) -> Rates:
        """Those of a row of targets."""
        return cls(row.per_second, row.per_minute, row.per_hour, row.per_day)

    @property
    def is_limited(self) -> bool:
        return any(limit is not None for limit in self)

    @property
    def by_seconds(self) -> dict[int, int]:
        """The limits that are set, by the length of their window."""
        return {seconds: limit for seconds, limit in zip(NAMES, self, strict=True) if limit is not None}


@dataclass(frozen=True, slots=True)
class Window:
    """The calls of one window. It begins with its first call; until then `started_at` is None."""

    seconds: int
    limit: int
    used: int = 0
    started_at: datetime | None = None

    @property
    def name(self) -> str:
        return NAMES[self.seconds]

    @property
    def remaining(self) -> int:
        return max(self.limit - self.used, 0)

    @property
    def resets_at(self) -> datetime | None:
        return None if self.started_at is None else self.started_at + timedelta(seconds=self.seconds)

    def at(self, now: datetime) -> Window:
        """As it stands at `now`: empty when it is over. One that seems to begin in the future began by a clock that
        has stepped back since: it counts as begun now, so that no wait is ever longer than the window."""
        if self.used <= 0 or self.resets_at is None or self.resets_at <= now:
            return Window(self.seconds, self.limit)
        return replace(self, started_at=min(self.started_at or now, now))

    def after(self, calls: int, now: datetime) -> Window:
        """With some more calls, made at `now`."""
        return replace(self, used=self.used + calls, started_at=self.started_at or now) if calls else self


@dataclass(frozen=True, slots=True)
class Standing:
    """The windows of one target at one moment, the shortest first; none: it may be called at any rate."""

    at: datetime
    windows: Sequence[Window] = ()

    @property
    def remaining(self) -> int | None:
        """Calls that every window still allows; None: any number."""
        return min((window.remaining for window in self.windows), default=None)

    def granted(self, count: int, margin: timedelta = timedelta()) -> int:
        """How many of `count` calls may be made now. A window with less than `margin` to live gives none: they might be
        made when it is over, and be counted by nobody."""
        ends = [window.resets_at for window in self.windows if window.resets_at is not None]
        if margin and any(end - margin <= self.at for end in ends):
            return 0
        return count if self.remaining is None else min(count, self.remaining)

    def full_until(self, count: int = 1, margin: timedelta = timedelta()) -> datetime | None:
        """When the last of the windows ends that stands in the way of `count` calls; None when none does. A window that
        never allows so many is asked for its length."""
        return max((self._end(window) for window in self.windows if self._blocks(window, count, margin)), default=None)

    def tightest(self, count: int = 1) -> Window | None:
        """The window to name when `count` calls are refused: the one that is full for longest."""
        return max((window for window in self.windows if window.remaining < count), key=self._end, default=None)

    def _end(self, window: Window) -> datetime:
        return window.resets_at or self.at + timedelta(seconds=window.seconds)

    def _blocks(self, window: Window, count: int, margin: timedelta) -> bool:
        return window.remaining < count or bool(margin and self._end(window) - margin <= self.at)

    def after(self, calls: int) -> Standing:
        return replace(self, windows=tuple(window.after(calls, self.at) for window in self.windows))


@dataclass(frozen=True, slots=True)
class Check:
    """Whether some calls may be made now. `remaining` is what every window still allows, None when there is no limit;
    `wait_s` the seconds until refused ones may be tried."""

    allowed: bool
    count: int
    standing: Standing
    wait_s: float = 0.0

    @property
    def remaining(self) -> int | None:
        return self.standing.remaining


def judge(standing: Standing, count: int) -> Check:
    until = standing.full_until(count)
    wait_s = 0.0 if until is None else max((until - standing.at).total_seconds(), 0.0)
    return Check(until is None, count, standing, wait_s)
