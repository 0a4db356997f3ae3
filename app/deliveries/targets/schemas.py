"""A target's limits on the wire."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from app.core.schema import Out, Schema
from app.deliveries.targets.service import Limits
from app.outbound.limits.windows import LARGEST, Rates, Standing, Window

Rate = Annotated[int, Field(ge=0, le=LARGEST)]
WindowName = Literal["second", "minute", "hour", "day"]


class PauseIn(Schema):
    reason: str


class RatesIn(Schema):
    """Calls that each window allows; 0 or null: any number."""

    per_second: Rate | None = None
    per_minute: Rate | None = None
    per_hour: Rate | None = None
    per_day: Rate | None = None

    def to_rates(self) -> Rates:
        return Rates(*(limit or None for limit in (self.per_second, self.per_minute, self.per_hour, self.per_day)))


class CheckIn(Schema):
    """How many calls are wanted."""

    count: Annotated[int, Field(ge=1, le=LARGEST)] = 1


class ResetFilter(Schema):
    """`window`: only this one is counted anew; without it, all are."""

    window: WindowName | None = None


class RatesOut(Out):
    per_second: int | None
    per_minute: int | None
    per_hour: int | None
    per_day: int | None


class WindowOut(Out):
    """Begins with its first call (`startedAt` is null before) and is over at `resetsAt`."""

    window: WindowName
    limit: int
    used: int
    remaining: int
    started_at: datetime | None
    resets_at: datetime | None

    @classmethod
    def of(cls, window: Window) -> WindowOut:
        values = {name: getattr(window, name) for name in cls.model_fields if name != "window"}
        return cls(window=window.name, **values)


class CheckOut(Out):
    """`remaining` holds for all windows together; null: any number."""

    allowed: bool
    remaining: int | None
    windows: list[WindowOut]

    @classmethod
    def of(cls, standing: Standing) -> CheckOut:
        windows = [WindowOut.of(window) for window in standing.windows]
        return cls(allowed=True, remaining=standing.remaining, windows=windows)


class PolicyOut(Out):
    """Seconds between tries: those of `fastS`, then `firstS` and doubling up to `capS`."""

    fast_s: list[float]
    slow_s: list[float]  # then these, one by one; empty: first_s, doubled each time up to cap_s
    first_s: float
    cap_s: float
    max_attempts: int


class LimitsOut(Out):
    """`state` is active, paused (for `reason`; `reasonCode` auth ends with new credentials, user by a person) or
    deleted; `breaker` closed, open until `breakerUntil`, or half_open; `notBefore` the end of a throttle;
    `limitedUntil` when a full window lets the next call go. `limits` are calls (a batch is one), each of `windows` is
    one that is limited. `open` and `dead` count deliveries, `dueAt` is when the first open one is or was due."""

    id: UUID
    kind: str
    label: str
    state: str
    reason: str | None
    reason_code: str | None
    breaker: str
    breaker_until: datetime | None
    not_before: datetime | None
    failures: int
    trips: int
    last_error: str | None
    last_error_at: datetime | None
    open: int
    dead: int
    due_at: datetime | None
    policy: PolicyOut
    limits: RatesOut
    windows: list[WindowOut]
    limited_until: datetime | None

    @classmethod
    def of(cls, limits: Limits) -> LimitsOut:
        counted = {"open": limits.now.open, "dead": limits.now.dead_total, "due_at": limits.now.due_at}
        policy = limits.policy
        waits = PolicyOut(
            fast_s=list(policy.fast_s),
            slow_s=list(policy.slow_s),
            first_s=policy.first_s,
            cap_s=policy.cap_s,
            max_attempts=policy.max_attempts,
        )
        made = {
            **counted,
            "policy": waits,
            "limits": RatesOut.model_validate(limits.target),
            "windows": [WindowOut.of(window) for window in limits.standing.windows],
            "limited_until": limits.limited_until,
        }
        own = {name: getattr(limits.target, name) for name in cls.model_fields if name not in made}
        return cls(**own, **made)
