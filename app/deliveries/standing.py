"""One word for how a target stands just now, the same on every page: what holds its deliveries back, or that nothing
does."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Row

from app.outbound.figures import Figures, Now
from app.outbound.models import Breaker, Target, TargetState

GOOD_SHARE = 0.95  # of what was decided in the last 24 hours
LATE = timedelta(minutes=5)  # due for longer than this, something holds the queue back


class State(StrEnum):
    """The first that is true."""

    DELETED = "deleted"
    REFUSED = "refused"  # paused: the other side refused our credentials
    PAUSED = "paused"
    INACTIVE = "inactive"  # takes no events
    BROKEN = "broken"  # breaker open: nothing but a probe goes out
    THROTTLED = "throttled"
    LIMITED = "limited"  # one of its own limits is used up
    FAILING = "failing"
    LATE = "late"
    WELL = "well"
    QUIET = "quiet"  # nothing was accepted in a week, and nothing waits


def state_of(
    target: Target | Row[Any] | None, is_active: bool | None, day: Figures, week: Figures, now: Now, at: datetime
) -> State:
    """`target`: a row of targets; None before its first use. `is_active`: None where what it belongs to is gone, or
    where the target alone says whether it is on. `day` and `week` are the figures of the last 24 hours and 7 days."""
    if target is not None and target.state != TargetState.ACTIVE:
        if target.state == TargetState.DELETED:
            return State.DELETED
        return State.REFUSED if target.reason_code == "auth" else State.PAUSED
    if is_active is False:
        return State.INACTIVE
    if target is not None and target.breaker != Breaker.CLOSED:
        return State.BROKEN
    if target is not None and target.not_before is not None and target.not_before > at:
        return State.THROTTLED
    limited_until = target.limited_until if target is not None else None
    if limited_until is not None and limited_until > at and now.open:
        return State.LIMITED
    if day.success_share is not None and day.success_share < GOOD_SHARE:
        return State.FAILING
    if now.due_at is not None and max(now.due_at, limited_until or now.due_at) < at - LATE:
        return State.LATE
    return State.WELL if week.accepted or now.open else State.QUIET
