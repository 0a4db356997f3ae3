"""How the deliveries of some targets are doing, read from the rollups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Connection, select

from app.core.rollup import hour_of
from app.deliveries.standing import State, state_of
from app.outbound import figures
from app.outbound.figures import Figures, Now
from app.outbound.models import Delivery, Target

HOUR = timedelta(hours=1)
DAY_HOURS, WEEK_DAYS = 24, 7


@dataclass(frozen=True, slots=True)
class Watched:
    """What is asked about: a target's id, its row once it has one, and `is_active` where that is kept beside it."""

    id: UUID
    target: Target | None
    is_active: bool | None = None


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


def of_many(connection: Connection, account_id: UUID, asked: Sequence[Watched], at: datetime) -> dict[UUID, Health]:
    """For a page of a list; without `days`. Four statements however many there are."""
    day, week = lately(connection, account_id, at)
    now = figures.now_by_target(connection, account_id)
    last = last_events(connection, account_id, [one.id for one in asked])
    return {
        one.id: _health(one, day.get(one.id, Figures()), week.get(one.id, Figures()), now, last, at) for one in asked
    }


def lately(connection: Connection, account_id: UUID, at: datetime) -> tuple[dict[UUID, Figures], dict[UUID, Figures]]:
    """The figures of the last 24 hours and 7 days by target, as states are judged by."""
    end = hour_of(at) + HOUR
    starts = end - DAY_HOURS * HOUR, end - WEEK_DAYS * DAY_HOURS * HOUR
    day, week = (figures.by_target(connection, account_id, start, end) for start in starts)
    return day, week


def of_one(connection: Connection, account_id: UUID, asked: Watched, at: datetime) -> Health:
    end = hour_of(at) + HOUR
    start = end - WEEK_DAYS * DAY_HOURS * HOUR
    hours = figures.by_hour(connection, account_id, start, end, [asked.id])
    day = figures.total(connection, account_id, end - DAY_HOURS * HOUR, end, [asked.id])
    week = figures.total(connection, account_id, start, end, [asked.id])
    now = figures.now_by_target(connection, account_id)
    last = last_events(connection, account_id, [asked.id])
    return _health(asked, day, week, now, last, at, by_day(hours, start))


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
    asked: Watched,
    day: Figures,
    week: Figures,
    now: Mapping[UUID, Now],
    last: Mapping[UUID, datetime],
    at: datetime,
    days: Sequence[int] = (),
) -> Health:
    own, target = now.get(asked.id, Now()), asked.target
    state = state_of(target, asked.is_active, day, week, own, at)
    ends = {"BROKEN": "breaker_until", "THROTTLED": "not_before", "LIMITED": "limited_until"}
    until = getattr(target, ends[state.name]) if target and state.name in ends else None
    return Health(state, day, week, own, last.get(asked.id), until, days)
