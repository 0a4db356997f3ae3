"""Opens by the hour of the day and of the week on somebody's wall clock, added up by the database."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from uuid import UUID

from sqlalchemy import Connection, extract, func, select

from app.core.periods import DAY, HOUR
from app.opens.models import OpenHour

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
    for stretch in stretches(start, end, zone):
        for weekday, hour, views in _by_utc_weekday(connection, account_id, stretch, automatic):
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
    connection: Connection, account_id: UUID, stretch: Stretch, automatic: bool
) -> Iterator[tuple[int, int, int]]:
    weekday, hour = extract("dow", OpenHour.hour), extract("hour", OpenHour.hour)
    views = OpenHour.views + OpenHour.automatic if automatic else OpenHour.views
    found = (
        select(weekday, hour, func.sum(views))
        .where(OpenHour.account_id == account_id, OpenHour.hour >= stretch.start, OpenHour.hour < stretch.end)
        .group_by(weekday, hour)
    )
    for row in connection.execute(found):
        yield int(row[0]), int(row[1]), int(row[2])
