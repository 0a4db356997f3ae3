"""The figures of opens, counted anew from the opens themselves where all of them are kept."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Engine, case, delete, func, literal_column, select, text

from app.core import clock
from app.core.db import begin_write
from app.core.partitions import month_of
from app.core.periods import DAY, HOUR
from app.core.rollup import Rollup, hour_of
from app.opens.closed import rebuilding
from app.opens.models import COUNTED, Open, OpenHour, OpenSliceDay, OpenSliceHour

Key = tuple[Any, ...]  # image, class, client, device
Counts = tuple[int, ...]
Slices = dict[Key, Counts]  # views, opens, firsts, hits
NOTHING: Any = literal_column("''")  # one text in SELECT and GROUP BY, where PostgreSQL tells parameters apart
_LOCK = text("LOCK TABLE open_hour, open_slice_hour, open_slice_day IN SHARE ROW EXCLUSIVE MODE")
_add_hours, _add_slice_hours, _add_slice_days = Rollup(OpenHour), Rollup(OpenSliceHour), Rollup(OpenSliceDay)


class NotKept(Exception):
    """Of hours before `first` not all opens are kept: their figures are all that is left."""

    def __init__(self, first: datetime) -> None:
        super().__init__(f"opens are all kept from {first.isoformat()} on")
        self.first = first


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """How many were looked at, and how many of those were wrong and are right now."""

    hours: int = 0
    wrong_hours: int = 0
    wrong_days: int = 0


def rebuild(
    engine: Engine,
    account_id: UUID,
    start: datetime | None = None,
    end: datetime | None = None,
    *,
    cutoff: datetime | None = None,
) -> Rebuilt:
    """Makes the figures of the UTC hours in [start, end) (None: all that can be) what their opens say, an hour in a
    write transaction and only where they differ; then those of their days and months what their hours say. Opens that
    are recorded meanwhile are counted once. `cutoff`: retention removes what is older. Raises NotKept, and ValueError
    for what are no whole hours."""
    with engine.connect() as connection:
        first = complete_from(connection, account_id, cutoff)
    if first is None:
        return Rebuilt()
    start, end = start or first, end or hour_of(clock.now()) + HOUR
    if start != hour_of(start) or end != hour_of(end):
        raise ValueError("figures are kept by whole UTC hours")
    if start < first:
        raise NotKept(first)
    hours, days = list(_steps(start, end, HOUR)), list(_steps(start.replace(hour=0), end, DAY))
    wrong_hours = sum(_repair(engine, account_id, hour, _is_hour_right, _write_hour) for hour in hours)
    wrong_days = sum(_repair(engine, account_id, day, _is_day_right, _write_day) for day in days)
    for month in sorted({month_of(day) for day in days}):
        _repair(engine, account_id, month, rebuilding.is_month_right, rebuilding.write_month)
    return Rebuilt(len(hours), wrong_hours, wrong_days)


def complete_from(connection: Connection, account_id: UUID, cutoff: datetime | None = None) -> datetime | None:
    """The first hour from which all opens are kept; None when none is. Of the hour of the oldest one some may be gone,
    unless there are no figures from before it."""
    mine = Open.account_id == account_id
    oldest = connection.scalar(select(Open.created_at).where(mine).order_by(Open.created_at).limit(1))
    if oldest is None:
        return None
    hour = hour_of(oldest)
    older = select(OpenHour.hour).where(OpenHour.account_id == account_id, OpenHour.hour < hour, OpenHour.hits != 0)
    first = hour + HOUR if connection.scalar(older.limit(1)) is not None else hour
    return first if cutoff is None else max(first, hour_of(cutoff) + HOUR)


def _steps(start: datetime, end: datetime, step: Any) -> Iterator[datetime]:
    while start < end:
        yield start
        start += step


Check = Callable[[Connection, UUID, datetime], bool]
Write = Callable[[Connection, UUID, datetime], None]


def _repair(engine: Engine, account_id: UUID, at: datetime, is_right: Check, put_right: Write) -> bool:
    """Looks first without keeping anybody waiting. On PostgreSQL that may see an open without its figures or the other
    way round; what is written is counted while nobody else writes figures."""
    with engine.connect() as connection:
        if is_right(connection, account_id, at):
            return False
    with _alone(engine) as connection:
        if is_right(connection, account_id, at):
            return False
        put_right(connection, account_id, at)
        return True


@contextmanager
def _alone(engine: Engine) -> Iterator[Connection]:
    """A write transaction in which no other one adds to the figures. Who has added to them already has written the
    opens too and is waited for; who has not, waits."""
    with begin_write(engine) as connection:
        if connection.dialect.name != "sqlite":
            connection.execute(_LOCK)
        yield connection


def _is_hour_right(connection: Connection, account_id: UUID, hour: datetime) -> bool:
    true = _counted(connection, account_id, hour)
    kept = _kept(connection, OpenSliceHour, account_id, hour, hour + HOUR)
    return kept == true and _kept_hour(connection, account_id, hour) == _hour_of_slices(true)


def _write_hour(connection: Connection, account_id: UUID, hour: datetime) -> None:
    true = _counted(connection, account_id, hour)
    for model in (OpenHour, OpenSliceHour):
        connection.execute(delete(model).where(model.account_id == account_id, model.hour == hour))
    if true:
        _add_hours(connection, {(account_id, hour): _hour_of_slices(true)})
        _add_slice_hours(connection, {(account_id, hour, *key): counts for key, counts in true.items()})


def _is_day_right(connection: Connection, account_id: UUID, day: datetime) -> bool:
    true = _kept(connection, OpenSliceHour, account_id, day, day + DAY)
    is_right = _kept(connection, OpenSliceDay, account_id, day, day + DAY) == true
    return is_right and rebuilding.is_day_right(connection, account_id, day, true)


def _write_day(connection: Connection, account_id: UUID, day: datetime) -> None:
    true = _kept(connection, OpenSliceHour, account_id, day, day + DAY)
    connection.execute(delete(OpenSliceDay).where(OpenSliceDay.account_id == account_id, OpenSliceDay.day == day))
    _add_slice_days(connection, {(account_id, day, *key): counts for key, counts in true.items()})
    rebuilding.write_day(connection, account_id, day)


def _counted(connection: Connection, account_id: UUID, hour: datetime) -> Slices:
    """What the opens of an hour say."""
    columns: Any = Open.__table__.c
    keys = [
        columns.image_id,
        columns["class"],
        func.coalesce(columns.client, NOTHING),
        func.coalesce(columns.device, NOTHING),
    ]
    views, firsts = (func.sum(case((column, 1), else_=0)) for column in (columns.is_view, columns.is_first))
    found = (
        select(*keys, views, func.count(), firsts, func.sum(columns.hits))
        .where(columns.account_id == account_id, columns.created_at >= hour, columns.created_at < hour + HOUR)
        .group_by(*keys)
    )
    return _slices(connection.execute(found))


def _kept(
    connection: Connection, model: type[OpenSliceHour | OpenSliceDay], account_id: UUID, start: datetime, end: datetime
) -> Slices:
    """What the figures say, without those that came to nothing."""
    columns: Any = model.__table__.c
    at = columns.hour if model is OpenSliceHour else columns.day
    keys = [columns.image_id, columns["class"], columns.client, columns.device]
    sums = [func.sum(columns[name]) for name in ("views", "opens", "firsts", "hits")]
    found = select(*keys, *sums).where(columns.account_id == account_id, at >= start, at < end).group_by(*keys)
    return _slices(connection.execute(found))


def _slices(rows: Any) -> Slices:
    found = {tuple(row[:4]): tuple(int(number) for number in row[4:]) for row in rows}
    return {key: counts for key, counts in found.items() if any(counts)}


def _kept_hour(connection: Connection, account_id: UUID, hour: datetime) -> Counts:
    sums = [func.coalesce(func.sum(getattr(OpenHour, name)), 0) for name in ("views", "automatic", "firsts", "hits")]
    found = select(*sums).where(OpenHour.account_id == account_id, OpenHour.hour == hour)
    return tuple(int(number) for number in connection.execute(found).one())


def _hour_of_slices(slices: Mapping[Key, Counts]) -> Counts:
    found: defaultdict[str, int] = defaultdict(int)
    for (_image, open_class, *_rest), (views, _opens, firsts, hits) in slices.items():
        found["views" if open_class in COUNTED else "automatic"] += views
        found["firsts"] += firsts
        found["hits"] += hits
    return found["views"], found["automatic"], found["firsts"], found["hits"]
