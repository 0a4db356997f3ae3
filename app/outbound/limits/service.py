"""The verbs on a target's limits: may it be called, take a call, what is left, forget what was counted, set."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, delete, update

from app.core import clock
from app.core.db import after_commit
from app.core.queue import ring
from app.outbound.limits import counting
from app.outbound.limits.models import TargetWindow
from app.outbound.limits.windows import LENGTHS, Check, Rates, Standing, judge
from app.outbound.limits.words import refusal
from app.outbound.models import Target


def standing(connection: Connection, target_id: UUID, now: datetime | None = None) -> Standing:
    """Every window that is limited, as it stands now; a read. A target that is not there has none."""
    now = now or clock.now()
    return counting.standings(connection, [target_id], now).get(target_id, Standing(now))


def check(connection: Connection, target_id: UUID, count: int = 1, now: datetime | None = None) -> Check:
    """Whether `count` calls may be made now; counts nothing."""
    return judge(standing(connection, target_id, now), count)


def remaining(connection: Connection, target_id: UUID, window: str | None = None) -> int | None:
    """Calls that one window ("minute") still allows, or all of them together; None: any number."""
    found = standing(connection, target_id)
    if window is not None:
        return next((each.remaining for each in found.windows if each.name == window), None)
    return found.remaining


def take(connection: Connection, target_id: UUID, count: int = 1, now: datetime | None = None) -> int:
    """Counts up to `count` calls, inside a write transaction; returns how many may be made. Call them soon: they count
    in the windows of now."""
    locked = counting.lock(connection, [target_id], now).get(target_id)
    if locked is None:
        return 0
    granted = locked.standing.granted(count)
    counting.count(connection, locked, granted)
    return granted


def spend(connection: Connection, target_id: UUID) -> None:
    """Counts the one call that a person makes by hand. Raises TooMany, which says how many remain and until when; then
    nothing was counted."""
    locked = counting.lock(connection, [target_id]).get(target_id)
    if locked is None:
        return
    asked = judge(locked.standing, 1)
    if not asked.allowed:
        raise refusal(asked)
    counting.count(connection, locked, 1)


def reset(connection: Connection, target_id: UUID, window: str | None = None) -> None:
    """Forgets what was counted, in one window ("minute") or in all of them, and rings. Raises KeyError for a window
    that there is not."""
    counted = TargetWindow.target_id == target_id
    if window is not None:
        counted &= TargetWindow.seconds == LENGTHS[window]
    _free(connection, target_id)  # its row first, as everybody locks them
    connection.execute(update(TargetWindow).where(counted).values(used=0, started_at=clock.now()))


def set_limits(connection: Connection, target_id: UUID, rates: Rates) -> None:
    """From now on; what the windows have counted stays, so that a lower limit may be used up already, and of a higher
    one the rest is free at once. Rings."""
    _free(connection, target_id, **rates._asdict())
    gone = TargetWindow.seconds.not_in(rates.by_seconds)
    connection.execute(delete(TargetWindow).where(TargetWindow.target_id == target_id, gone))
    counting.open_windows(connection, {target_id: rates}, clock.now())


def _free(connection: Connection, target_id: UUID, **limits: int | None) -> None:
    """Whoever asks next finds out whether it is full. `updated_at` tells those who are asking just now."""
    freed = {"limited_until": None, "updated_at": clock.now(), **limits}
    connection.execute(update(Target).where(Target.id == target_id).values(freed))
    after_commit(connection, "bell", ring)


def forget(connection: Connection, target_id: UUID) -> None:
    """Of a target that is deleted."""
    connection.execute(delete(TargetWindow).where(TargetWindow.target_id == target_id))
