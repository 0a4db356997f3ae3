"""The numbers of the live page: today, hour by hour, and the last half hour as a picture."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from app.core.buckets import Bucket, buckets
from app.core.period import Period, preset
from app.core.periods import DAY, HOUR, Preset
from app.core.rollup import hour_of
from app.opens import figures
from app.opens.dashboard.numbers import NOTHING, summed
from app.opens.dashboard.recent import Latest, latest, minutes
from app.opens.dashboard.warnings import Wrong, wrong
from app.opens.figures import LatestId, OpenFigures

MINUTES = 30
MOST_ROWS = 2_000  # that the picture is made of
SHOWN = 15


@dataclass(frozen=True, slots=True)
class Live:
    """`hour` is the one that is running, `hour_before` the one before it, `ever` of all time."""

    period: Period
    total: OpenFigures
    hour_start: datetime
    hour: OpenFigures
    hour_before: OpenFigures
    ever: OpenFigures
    places: list[Bucket]
    values: list[OpenFigures]
    minutes: list[int | None]
    first_minute: datetime
    recent: list[Latest]
    latest_ids: list[LatestId]
    wrong: Wrong


def live(session: Session, account_id: UUID, zone: ZoneInfo, now: datetime) -> Live:
    connection = session.connection()
    today = preset(Preset.TODAY, now, zone)
    places = buckets(today, now)
    this_hour = hour_of(now)
    hours = figures.by_hour(connection, account_id, min(today.start, this_hour - HOUR), today.end)
    minute = now.replace(second=0, microsecond=0)
    first_minute = minute - timedelta(minutes=MINUTES - 1)
    return Live(
        period=today,
        total=summed(one for hour, one in hours.items() if hour >= today.start),
        hour_start=this_hour,
        hour=hours.get(this_hour, NOTHING),
        hour_before=hours.get(this_hour - HOUR, NOTHING),
        ever=figures.total(connection, account_id, None, None),
        places=places,
        values=[hours.get(place.start, NOTHING) for place in places],
        minutes=minutes(session, account_id, first_minute, MINUTES, MOST_ROWS),
        first_minute=first_minute,
        recent=latest(session, account_id, automatic=True, limit=SHOWN),
        latest_ids=figures.latest_ids(connection, account_id, None, today.end, SHOWN),
        wrong=wrong(connection, account_id, now, DAY),
    )
