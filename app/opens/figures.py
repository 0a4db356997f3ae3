"""The figures of opens read back: from the rollups, at a cost that does not grow with what they count."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Select, false, func, select, union_all

from app.core import clock
from app.core.periods import DAY, HOUR
from app.core.rollup import hour_of
from app.opens.closed import reading
from app.opens.models import OpenedId, OpenHour, OpenMissHour, OpenSliceDay, OpenSliceHour
from app.opens.spans import LONG, Closed, Span, closed, pieces

LATEST_IDS = 100
MANY_DAYS = 40 * DAY  # of fewer, adding up the hours is as quick
SLICED_BY = ("image_id", "class", "client", "device")


@dataclass(frozen=True, slots=True)
class OpenFigures:
    """Opens of some hours. `views` are the counted ones after folding, `automatic` those of machines, `firsts` the ids
    whose first counted open this was, `hits` every load."""

    views: int = 0
    automatic: int = 0
    firsts: int = 0
    hits: int = 0

    def __add__(self, other: OpenFigures) -> OpenFigures:
        return OpenFigures(
            self.views + other.views,
            self.automatic + other.automatic,
            self.firsts + other.firsts,
            self.hits + other.hits,
        )

    def shown(self, automatic: bool) -> int:
        """The views that somebody asks for: with those of machines, or without."""
        return self.views + self.automatic if automatic else self.views


@dataclass(frozen=True, slots=True)
class Slice:
    """Opens of one image, class, client, device or several of these. `views` add up to OpenFigures' (views and
    automatic together, since a class is either); `opens` also count further images of a viewing."""

    views: int = 0
    opens: int = 0
    firsts: int = 0
    hits: int = 0

    def __add__(self, other: Slice) -> Slice:
        return Slice(
            self.views + other.views, self.opens + other.opens, self.firsts + other.firsts, self.hits + other.hits
        )

    def __sub__(self, other: Slice) -> Slice:
        return Slice(
            self.views - other.views, self.opens - other.opens, self.firsts - other.firsts, self.hits - other.hits
        )


class LatestId(NamedTuple):
    """An id with a counted open; its figures are those of all time."""

    ref: str
    views: int
    automatic: int
    first_at: datetime
    last_at: datetime


NUMBERS = ("views", "automatic", "firsts", "hits")  # of an hour
_COUNTS = ("views", "opens", "firsts", "hits")  # of a slice


def total(connection: Connection, account_id: UUID, start: datetime | None, end: datetime | None) -> OpenFigures:
    """Of the UTC hours that begin in [start, end), which are whole hours; None is without a bound."""
    parts = _parts(connection, account_id, start, end, MANY_DAYS)
    hours = hours_in(account_id, parts.rest)
    found = select(*(func.coalesce(func.sum(hours[name]), 0) for name in NUMBERS))
    rest = OpenFigures(*map(int, connection.execute(found).one()))
    return rest + OpenFigures(*reading.sums(connection, account_id, parts)) if parts.whole else rest


def by_hour(
    connection: Connection, account_id: UUID, start: datetime | None, end: datetime | None
) -> dict[datetime, OpenFigures]:
    """By the UTC hour, in order; hours without any are absent."""
    parts = _parts(connection, account_id, start, end)
    columns = hours_in(account_id, parts.rest)
    hours: dict[datetime, OpenFigures] = {}
    for hour, *numbers in connection.execute(select(*columns).order_by(columns["hour"])):
        one = OpenFigures(*numbers)
        hours[hour] = hours[hour] + one if hour in hours else one  # another shard's
    hours = {hour: one for hour, one in hours.items() if one.hits}
    return _in_order(hours, dict(_closed_hours(connection, account_id, parts.whole))) if parts.whole else hours


def _closed_hours(connection: Connection, account_id: UUID, days: Span) -> Iterator[tuple[datetime, OpenFigures]]:
    for day, numbers in reading.days_of_hours(connection, account_id, days):
        for place in range(0, len(numbers), 4):
            four = numbers[place : place + 4]
            if any(four):
                yield day + place // 4 * HOUR, OpenFigures(*four)


def _in_order(rest: Mapping[datetime, OpenFigures], days: dict[datetime, OpenFigures]) -> dict[datetime, OpenFigures]:
    """The hours around those of closed days, and these."""
    if not days:
        return dict(rest)
    first = next(iter(days))
    return (
        {hour: one for hour, one in rest.items() if hour < first}
        | days
        | {hour: one for hour, one in rest.items() if hour > first}
    )


def _parts(
    connection: Connection, account_id: UUID, start: datetime | None, end: datetime | None, long: timedelta = LONG
) -> Closed:
    """What of a period is closed, if it is long enough to ask."""
    last = end if end is not None else _beyond()
    if start is not None and last - start < long:
        return Closed([], [], [Span(start, last)])
    return closed(start, last, reading.closed_until(connection, account_id))


def _beyond() -> datetime:
    """Later than any open: nothing can be recorded that is still to come."""
    return hour_of(clock.now()) + 1000 * DAY


def opened_until(connection: Connection, account_id: UUID, end: datetime | None) -> int:
    """How many ids had a counted open before `end`, a whole hour."""
    return total(connection, account_id, None, end).firsts


def slices(
    connection: Connection,
    account_id: UUID,
    start: datetime | None,
    end: datetime,
    by: Sequence[str] = ("class",),
) -> dict[tuple[Any, ...], Slice]:
    """Of the UTC hours in [start, end), by one or several of SLICED_BY; the keys are tuples in the order of `by`. An
    empty client or device: nobody has looked at the user agent yet. Whole UTC days come from the table of days. Where
    one of image, client and device will do, `shares` costs less."""
    if not by or not set(by) <= set(SLICED_BY):
        raise ValueError(f"opens are sliced by {', '.join(SLICED_BY)}")
    return sliced(connection, account_id, [Span(start, end)], by)


def sliced(
    connection: Connection, account_id: UUID, spans: Sequence[Span], by: Sequence[str]
) -> dict[tuple[Any, ...], Slice]:
    """As `slices`, of several periods together."""
    now = clock.now()
    parts = [pieces(one.start, one.end, now) for one in spans]
    days, hours = [one for part in parts for one in part.days], [one for part in parts for one in part.hours]
    tables = [_rows_of(OpenSliceDay, account_id, one, by) for one in days]
    tables += [_rows_of(OpenSliceHour, account_id, one, by) for one in hours]
    if not tables:
        return {}
    rows = union_all(*tables).subquery()
    keys = [rows.c[name] for name in by]
    found = select(*keys, *(func.sum(rows.c[name]) for name in _COUNTS)).group_by(*keys)
    split = ((tuple(row[: len(by)]), row[len(by) :]) for row in connection.execute(found))
    return {key: Slice(*map(int, counts)) for key, counts in split if any(counts)}


def _rows_of(
    model: type[OpenSliceHour | OpenSliceDay], account_id: UUID, span: Span, by: Sequence[str]
) -> Select[*tuple[Any, ...]]:
    columns: Any = model.__table__.c
    at = columns.hour if model is OpenSliceHour else columns.day
    counts = ((columns[name] if span.sign > 0 else -columns[name]).label(name) for name in _COUNTS)
    wanted = select(*(columns[name].label(name) for name in by), *counts)
    return wanted.where(*_within(columns.account_id, at, account_id, span.start, span.end))


def hours_in(account_id: UUID, spans: Sequence[Span]) -> Any:
    """The columns of the rows of hours in one of the spans: of each by itself, since SQLite would walk all of them for
    one span or another."""
    columns = [getattr(OpenHour, name) for name in ("hour", *NUMBERS)]
    none = [select(*columns).where(false())]
    found = [
        select(*columns).where(*_within(OpenHour.account_id, OpenHour.hour, account_id, *one[:2])) for one in spans
    ]
    return union_all(*(found or none)).subquery().c


def latest_ids(
    connection: Connection, account_id: UUID, start: datetime | None, end: datetime, limit: int = LATEST_IDS
) -> list[LatestId]:
    """The ids whose last counted open is in [start, end), the latest first."""
    columns: list[Any] = [getattr(OpenedId, name) for name in LatestId._fields]
    found = select(*columns).where(*_within(OpenedId.account_id, OpenedId.last_at, account_id, start, end))
    ordered = found.order_by(OpenedId.last_at.desc(), OpenedId.ref.desc()).limit(limit)
    return [LatestId(*row) for row in connection.execute(ordered)]


def misses(
    connection: Connection, account_id: UUID, start: datetime | None, end: datetime
) -> dict[tuple[str, str], int]:
    """Loads by (MissReason, file as asked for; empty when it is one of too many)."""
    found = select(OpenMissHour.reason, OpenMissHour.file, func.sum(OpenMissHour.hits))
    found = found.where(*_within(OpenMissHour.account_id, OpenMissHour.hour, account_id, start, end))
    grouped = found.group_by(OpenMissHour.reason, OpenMissHour.file)
    return {(reason, file): int(hits) for reason, file, hits in connection.execute(grouped) if hits}


def _within(
    account: Any, at: Any, account_id: UUID, start: datetime | None, end: datetime | None
) -> list[ColumnElement[bool]]:
    bounds = [] if start is None else [at >= start]
    return [account == account_id, *bounds, *([] if end is None else [at < end])]
