"""Opens by the hour of the day and of the week on somebody's wall clock, added up by the database."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from operator import add
from uuid import UUID

from sqlalchemy import Connection, extract, func, select

from app.core.periods import DAY, HOUR
from app.opens import figures
from app.opens.closed import reading
from app.opens.spans import closed

MONDAY = datetime(2001, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Stretch:
    """UTC hours [start, end) through which the clocks of a zone are ahead of UTC by the same `offset`."""

    start: datetime
    end: datetime
    offset: timedelta


def by_weekday_hour(
    connection: Connection, account_id: UUID, start: datetime, end: datetime, zone: tzinfo, *, automatic: bool = False
) -> list[list[int]]:
    """Views (`automatic`: with those of machines) by weekday, Monday first, and hour of the day. `start` and `end` are
    whole UTC hours; where a zone is off by half an hour, one counts for the wall hour in which it begins."""
    found = [[0] * 24 for _day in range(7)]
    until = reading.closed_until(connection, account_id)
    for stretch in stretches(start, end, zone):
        for weekday, hour, views in _by_utc_weekday(connection, account_id, stretch, automatic, until):
            wall = MONDAY + timedelta(days=(weekday - 1) % 7, hours=hour) + stretch.offset
            found[wall.weekday()][wall.hour] += views
    return found


def stretches(start: datetime, end: datetime, zone: tzinfo) -> Iterator[Stretch]:
    """The period, split where the clocks are changed."""
    while start < end:
        offset = _offset(start, zone)
        until = min(start + DAY, end)
        while until < end and _offset(until, zone) == offset:
            until = min(until + DAY, end)
        while _offset(until - HOUR, zone) != offset:  # the change lies in the last day
            until -= HOUR
        yield Stretch(start, until, offset)
        start = until


def _offset(moment: datetime, zone: tzinfo) -> timedelta:
    return moment.astimezone(zone).utcoffset() or timedelta()


def _by_utc_weekday(
    connection: Connection, account_id: UUID, stretch: Stretch, automatic: bool, until: datetime | None
) -> Iterator[tuple[int, int, int]]:
    """Sunday is 0. Of days that are closed, from their rows of 24 hours."""
    parts = closed(stretch.start, stretch.end, until)
    if parts.whole is not None:
        yield from _of_closed(reading.days_of_hours(connection, account_id, parts.whole), automatic)
    hours = figures.hours_in(account_id, parts.rest)
    weekday, hour = extract("dow", hours.hour), extract("hour", hours.hour)
    views = hours.views + hours.automatic if automatic else hours.views
    for row in connection.execute(select(weekday, hour, func.sum(views)).group_by(weekday, hour)):
        yield int(row[0]), int(row[1]), int(row[2])


def _of_closed(days: Iterable[tuple[datetime, Sequence[int]]], automatic: bool) -> Iterator[tuple[int, int, int]]:
    week = [[0] * 24 for _day in range(7)]
    for day, numbers in days:
        row, views = week[day.isoweekday() % 7], numbers[::4]
        counted = map(add, views, numbers[1::4]) if automatic else views
        row[:] = map(add, row, counted)
    return ((weekday, hour, views) for weekday, row in enumerate(week) for hour, views in enumerate(row) if views)
