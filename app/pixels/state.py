"""One word for how a pixel stands just now, the same on every page."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import Row

from app.outbound.figures import Figures, Now
from app.outbound.models import Breaker, Target, TargetState
from app.outbound.words import Word

GOOD_SHARE = 0.95  # of what was decided in the last 24 hours
LATE = timedelta(minutes=5)  # due for longer than this, something holds the queue back


class State(StrEnum):
    """The first that is true."""

    DELETED = "deleted"
    REFUSED = "refused"  # paused: the platform refused the token
    PAUSED = "paused"
    INACTIVE = "inactive"  # takes no events
    BROKEN = "broken"  # breaker open: nothing but a probe goes out
    THROTTLED = "throttled"
    LIMITED = "limited"  # one of its own limits is used up
    FAILING = "failing"
    LATE = "late"
    WELL = "well"
    QUIET = "quiet"  # nothing was accepted in a week, and nothing waits


STATE_WORDS: dict[str, Word] = {
    State.DELETED: (_l("Deleted"), "secondary", "trash"),
    State.REFUSED: (_l("Token refused"), "danger", "lock"),
    State.PAUSED: (_l("Paused"), "warning", "player-pause"),
    State.INACTIVE: (_l("Inactive"), "secondary", "player-pause"),
    State.BROKEN: (_l("No answer"), "danger", "plug"),
    State.THROTTLED: (_l("Slowed down"), "warning", "clock"),
    State.LIMITED: (_l("At its limit"), "info", "clock"),
    State.FAILING: (_l("Failing"), "danger", "alert-triangle"),
    State.LATE: (_l("Late"), "warning", "clock"),
    State.WELL: (_l("Working"), "success", "check"),
    State.QUIET: (_l("No events"), "secondary", "moon"),
}


def state_of(
    target: Target | Row[Any] | None, is_active: bool | None, day: Figures, week: Figures, now: Now, at: datetime
) -> State:
    """`target`: a row of targets; None before its first use. `is_active`: None where the pixel is gone. `day` and
    `week` are the figures of the last 24 hours and 7 days."""
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
