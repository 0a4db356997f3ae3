"""Hours put together for charts: into days, and into the weekdays and hours of a week."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from typing import TypeVar

from app.core.period import Period, to_hour, to_wall
from app.core.periods import DAY, HOUR

LONGEST_BY_HOUR = 7 * DAY
Sum = TypeVar("Sum")  # the figures of one hour, whatever they count


@dataclass(frozen=True, slots=True)
class Bucket:
    """One place of a chart: from `start` until just before `end` (UTC), `first` on the wall clock."""

    start: datetime
    end: datetime
    first: datetime
    is_partial: bool  # not over yet


def is_by_hour(period: Period) -> bool:
    return period.last - period.first <= LONGEST_BY_HOUR


def buckets(period: Period, now: datetime) -> list[Bucket]:
    """Hours, or days when the period is longer than a week, until the one that is running."""
    starts = [start for start in _starts(period) if start <= now]
    ends = [*starts[1:], min(period.end, _next(starts[-1], period))] if starts else []
    return [
        Bucket(start, end, to_wall(start, period.zone), start <= now < end)
        for start, end in zip(starts, ends, strict=True)
    ]


def before(bucket: Bucket, period: Period) -> tuple[datetime, datetime]:
    """The same place of the previous period, UTC; both lie on the same hours of the wall clock."""
    back = period.weeks * 7 * DAY
    last = to_wall(bucket.end, period.zone)
    return to_hour(bucket.first - back, period.zone), to_hour(last - back, period.zone)


def _starts(period: Period) -> Iterator[datetime]:
    if is_by_hour(period):
        hour = period.start
        while hour < period.end:
            yield hour
            hour += HOUR
        return
    wall = period.first
    while wall < period.last:
        yield to_hour(wall, period.zone)
        wall = datetime.combine(wall.date(), time()) + DAY


def _next(start: datetime, period: Period) -> datetime:
    if is_by_hour(period):
        return start + HOUR
    wall = start.astimezone(period.zone) + HOUR  # into the day, where a half-hour zone began it a little early
    return to_hour(datetime.combine(wall.date(), time()) + DAY, period.zone)


def gathered(
    hours: Mapping[datetime, Sum],
    places: Sequence[tuple[datetime, datetime]],
    none: Sum,
    added: Callable[[Sum, Sum], Sum],
) -> list[Sum]:
    """The figures of each place, which ascend and do not overlap; `none` are those of nothing."""
    starts = [start for start, _end in places]
    found = [none for _place in places]
    for hour, one in hours.items():
        at = bisect_right(starts, hour) - 1
        if at >= 0 and hour < places[at][1]:
            found[at] = added(found[at], one)
    return found


def by_weekday(hours: Mapping[datetime, int], period: Period, now: datetime) -> list[list[int | None]]:
    """A count by weekday (Monday first) and hour on the wall clock; None where the period has no such hour yet."""
    found: list[list[int | None]] = [[None] * 24 for _day in range(7)]
    hour = period.start
    while hour < min(period.end, now):
        wall = hour.astimezone(period.zone)
        row = found[wall.weekday()]
        row[wall.hour] = (row[wall.hour] or 0) + hours.get(hour, 0)
        hour += HOUR
    return found
