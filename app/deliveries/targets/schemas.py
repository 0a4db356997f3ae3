"""A target's limits on the wire."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from app.core.schema import Out, Schema
from app.deliveries.targets.service import Limits


class PauseIn(Schema):
    reason: str


class PolicyOut(Out):
    """Seconds between tries: those of `fastS`, then `firstS` and doubling up to `capS`."""

    fast_s: list[float]
    first_s: float
    cap_s: float
    max_attempts: int


class LimitsOut(Out):
    """`state` is active, paused (for `reason`; `reasonCode` auth ends with new credentials, user by a person) or
    deleted; `breaker` closed, open until `breakerUntil`, or half_open; `notBefore` the end of a throttle. `open` and
    `dead` count deliveries, `dueAt` is when the first open one is or was due."""

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

    @classmethod
    def of(cls, limits: Limits) -> LimitsOut:
        counted = {"open": limits.now.open, "dead": limits.now.dead_total, "due_at": limits.now.due_at}
        policy = limits.policy
        waits = PolicyOut(
            fast_s=list(policy.fast_s), first_s=policy.first_s, cap_s=policy.cap_s, max_attempts=policy.max_attempts
        )
        own = {name: getattr(limits.target, name) for name in cls.model_fields if name not in (*counted, "policy")}
        return cls(**own, **counted, policy=waits)
