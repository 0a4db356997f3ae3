"""How the deliveries of pixels are doing, read from the rollups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Connection, select

from app.core.rollup import hour_of
from app.outbound import figures
from app.outbound.figures import Figures, Now
from app.outbound.models import Breaker, Delivery, Target, TargetState
from app.pixels.models import Pixel

HOUR = timedelta(hours=1)
DAY_HOURS, WEEK_DAYS = 24, 7
GOOD_SHARE = 0.95  # of what was decided in the last 24 hours
LATE = timedelta(minutes=5)  # due for longer than this, something holds the queue back


class State(StrEnum):
    """From what needs a person most to what needs nobody."""

    INACTIVE = "inactive"
    REFUSED = "refused"  # paused: the platform refused the token
    PAUSED = "paused"
    BROKEN = "broken"  # breaker open: nothing but a probe goes out
    THROTTLED = "throttled"
    FAILING = "failing"
    LATE = "late"
    QUIET = "quiet"  # nothing was accepted in a week
    WELL = "well"


@dataclass(frozen=True, slots=True)
class Health:
    """Figures of the last 24 hours and 7 days, by the hour of acceptance; `now` counts what is open or dead at
    present. `days` holds the events accepted in each of seven times 24 hours, the oldest first."""

    state: State
    day: Figures
    week: Figures
    now: Now
    last_event_at: datetime | None
    held_until: datetime | None = None  # throttled, or breaker open
    days: Sequence[int] = field(default=())


def of_pixels(connection: Connection, account_id: UUID, pixels: Sequence[Pixel], at: datetime) -> dict[UUID, Health]:
    """For a page of a list; without `days`. Four statements however many pixels."""
    end = hour_of(at) + HOUR
    day = figures.by_target(connection, account_id, end - DAY_HOURS * HOUR, end)
    week = figures.by_target(connection, account_id, end - WEEK_DAYS * DAY_HOURS * HOUR, end)
    now = figures.now_by_target(connection, account_id)
    last = last_events(connection, account_id, [pixel.id for pixel in pixels])
    return {
        pixel.id: _health(pixel, day.get(pixel.id, Figures()), week.get(pixel.id, Figures()), now, last, at)
        for pixel in pixels
    }


def of_pixel(connection: Connection, pixel: Pixel, at: datetime) -> Health:
    end = hour_of(at) + HOUR
    start = end - WEEK_DAYS * DAY_HOURS * HOUR
    hours = figures.by_hour(connection, pixel.account_id, start, end, [pixel.id])
    day = figures.total(connection, pixel.account_id, end - DAY_HOURS * HOUR, end, [pixel.id])
    week = figures.total(connection, pixel.account_id, start, end, [pixel.id])
    now = figures.now_by_target(connection, pixel.account_id)
    last = last_events(connection, pixel.account_id, [pixel.id])
    return _health(pixel, day, week, now, last, at, by_day(hours, start))


def by_day(hours: Mapping[datetime, Figures], start: datetime) -> list[int]:
    days = [0] * WEEK_DAYS
    for hour, own in hours.items():
        days[(hour - start) // (DAY_HOURS * HOUR)] += own.accepted
    return days


def last_events(connection: Connection, account_id: UUID, ids: Sequence[UUID]) -> dict[UUID, datetime]:
    """When the newest event of each target was accepted: one seek each, in one statement."""
    newest = (
        select(Delivery.ref_at)
        .where(Delivery.account_id == account_id, Delivery.target_id == Target.id)
        .order_by(Delivery.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    found = connection.execute(select(Target.id, newest).where(Target.id.in_(ids)))
    return {id_: at for id_, at in found if at is not None}


def _health(
    pixel: Pixel,
    day: Figures,
    week: Figures,
    now: Mapping[UUID, Now],
    last: Mapping[UUID, datetime],
    at: datetime,
    days: Sequence[int] = (),
) -> Health:
    own = now.get(pixel.id, Now())
    state, until = _state(pixel, day, week, own, at)
    return Health(state, day, week, own, last.get(pixel.id), until, days)


def _state(pixel: Pixel, day: Figures, week: Figures, now: Now, at: datetime) -> tuple[State, datetime | None]:
    target = pixel.target
    if target is not None and target.state == TargetState.PAUSED:
        return State.REFUSED if target.reason_code == "auth" else State.PAUSED, None
    if not pixel.active:
        return State.INACTIVE, None
    if target is not None and target.breaker != Breaker.CLOSED:
        return State.BROKEN, target.breaker_until
    if target is not None and target.not_before is not None and target.not_before > at:
        return State.THROTTLED, target.not_before
    if day.success_share is not None and day.success_share < GOOD_SHARE:
        return State.FAILING, None
    if now.due_at is not None and now.due_at < at - LATE:
        return State.LATE, None
    return State.WELL if week.accepted or now.open else State.QUIET, None
