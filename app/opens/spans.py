"""A period taken to pieces: months and days that are closed, other UTC days, and the hours at its edges."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NamedTuple

from app.core.partitions import month_after, month_of
from app.core.periods import DAY, HOUR
from app.core.rollup import hour_of

LONG = 3 * DAY  # from here on it is worth asking what is closed
DAY_ROW = 2 * HOUR  # a day has about as many slices as two of its hours


class Span(NamedTuple):
    """`start` None: from the beginning. The pieces with `sign` -1 are to be taken away again."""

    start: datetime | None
    end: datetime
    sign: int = 1


class Pieces(NamedTuple):
    days: list[Span]
    hours: list[Span]


def pieces(start: datetime | None, end: datetime, now: datetime) -> Pieces:
    """UTC days and hours that make up [start, end), which are whole hours. Most of a day is the day without the rest of
    it, where that is less to read; hours that are still to come have nothing in them."""
    last = midnight(end)
    first = None if start is None else _midnight_from(start)
    if start is not None and first is not None and first > last:
        return _edge(start, end, now) if start < end else Pieces([], [])
    days, hours = [Span(first, last)] if first != last else [], []
    for edge in ((start, first), (last, end)):
        if edge[0] is not None and edge[1] is not None and edge[0] < edge[1]:
            found = _edge(edge[0], edge[1], now)
            days += found.days
            hours += found.hours
    return Pieces(days, hours)


def _edge(start: datetime, end: datetime, now: datetime) -> Pieces:
    """Hours of one UTC day."""
    day, over = midnight(start), hour_of(now) + HOUR
    after = day + DAY
    around = start - day + max(min(after, over) - end, 0 * HOUR)
    if min(end, over) - start <= around + DAY_ROW:
        return Pieces([], [Span(start, end)])
    rest = [Span(day, start, -1), Span(end, after, -1)]
    return Pieces([Span(day, after)], [one for one in rest if one.start != one.end])


class Closed(NamedTuple):
    """The part of a period that is closed, by months and days, and what else there is of it."""

    months: list[Span]
    days: list[Span]
    rest: list[Span]

    @property
    def whole(self) -> Span | None:
        both = [*self.months, *self.days]
        if not both:
            return None
        has_start = all(one.start is not None for one in both)
        return Span(min(one.start for one in both if one.start) if has_start else None, max(one.end for one in both))


def closed(start: datetime | None, end: datetime, until: datetime | None) -> Closed:
    """Splits [start, end), of which all days before `until` are closed."""
    first = None if start is None else _midnight_from(start)
    last = midnight(end) if until is None else min(midnight(end), until)
    if until is None or (first is not None and first >= last):
        return Closed([], [], [Span(start, end)])
    rest = [Span(start, first)] if start is not None and first is not None and start < first else []
    rest += [Span(last, end)] if last < end else []
    month = None if first is None else _month_from(first)
    last_month = month_of(last)
    if month is not None and month >= last_month:
        return Closed([], [Span(first, last)], rest)
    days = [Span(first, month)] if first is not None and month is not None and first < month else []
    days += [Span(last_month, last)] if last_month < last else []
    return Closed([Span(month, last_month)], days, rest)


def midnight(moment: datetime) -> datetime:
    """The beginning of its UTC day."""
    return moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def _midnight_from(moment: datetime) -> datetime:
    return midnight(moment + DAY - HOUR)


def _month_from(day: datetime) -> datetime:
    month = month_of(day)
    return month if month == day else month_after(month)
