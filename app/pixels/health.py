"""How the deliveries of pixels are doing, read from the rollups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Connection, select

from app.core.rollup import hour_of
from app.outbound import figures
from app.outbound.figures import Figures, Now
from app.outbound.models import Delivery, Target
from app.pixels.models import Pixel
from app.pixels.state import State, state_of

HOUR = timedelta(hours=1)
DAY_HOURS, WEEK_DAYS = 24, 7


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
    day, week = lately(connection, account_id, at)
    now = figures.now_by_target(connection, account_id)
    last = last_events(connection, account_id, [pixel.id for pixel in pixels])
    return {
        pixel.id: _health(pixel, day.get(pixel.id, Figures()), week.get(pixel.id, Figures()), now, last, at)
        for pixel in pixels
    }


def lately(connection: Connection, account_id: UUID, at: datetime) -> tuple[dict[UUID, Figures], dict[UUID, Figures]]:
    """The figures of the last 24 hours and 7 days by target, as states are judged by."""
    end = hour_of(at) + HOUR
    starts = end - DAY_HOURS * HOUR, end - WEEK_DAYS * DAY_HOURS * HOUR
    day, week = (figures.by_target(connection, account_id, start, end) for start in starts)
    return day, week


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
    own, target = now.get(pixel.id, Now()), pixel.target
    state = state_of(target, pixel.active, day, week, own, at)
    ends = {"BROKEN": "breaker_until", "THROTTLED": "not_before", "LIMITED": "limited_until"}
    until = getattr(target, ends[state.name]) if target and state.name in ends else None
    return Health(state, day, week, own, last.get(pixel.id), until, days)
