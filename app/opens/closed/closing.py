"""Closing days: what the figures say of a day that is over, written down in fewer rows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Engine, String, cast, delete, func, insert, literal, select, text, update

from app.core.db import begin_write
from app.core.partitions import month_after, month_of
from app.core.periods import DAY, HOUR
from app.opens.closed.models import Kind, OpenDayHours, OpensClosed, OpenShareDay, OpenShareMonth
from app.opens.models import OpenHour, OpenSliceDay
from app.opens.spans import midnight

NOT_BEFORE = HOUR  # after a day's end: whoever began to write before midnight is done by then
NUMBERS = ("views", "automatic", "firsts", "hits")  # of an hour
COUNTS = ("views", "opens", "firsts", "hits")  # of a share
_FIRST = text("LOCK TABLE open_hour, open_slice_hour, open_slice_day IN SHARE ROW EXCLUSIVE MODE")


def close_all(engine: Engine, now: datetime) -> int:
    """Closes the days of every account that are over; returns how many. It may be stopped and run again."""
    with engine.connect() as connection:
        accounts = connection.scalars(select(OpenHour.account_id).distinct()).all()
    return sum(close(engine, account_id, now) for account_id in accounts)


def close(engine: Engine, account_id: UUID, now: datetime, keep_going: Callable[[], bool] = lambda: True) -> int:
    """Closes the days of one account, each in a write transaction of its own, oldest first."""
    last, closed = midnight(now - NOT_BEFORE), 0
    while keep_going():
        with begin_write(engine) as connection:
            until = _until(connection, account_id)
            day = _next_day(connection, account_id, until, last)
            if until is not None and until >= last:
                return closed
            if day < last:
                write_day(connection, account_id, day)
                closed += 1
            _advance(connection, account_id, until, min(day + DAY, last))
    return closed


def _until(connection: Connection, account_id: UUID) -> datetime | None:
    """Held until the end of the transaction, which those who correct closed days wait for. With nothing to hold yet,
    those who write figures wait."""
    found = select(OpensClosed.until).where(OpensClosed.account_id == account_id).with_for_update()
    until = connection.scalar(found)
    if until is None and connection.dialect.name != "sqlite":
        connection.execute(_FIRST)
    return until


def _next_day(connection: Connection, account_id: UUID, until: datetime | None, last: datetime) -> datetime:
    """The first day with figures that is not closed; `last` when all are."""
    open_ones = select(OpenHour.hour).where(OpenHour.account_id == account_id).order_by(OpenHour.hour).limit(1)
    first = connection.scalar(open_ones if until is None else open_ones.where(OpenHour.hour >= until))
    return last if first is None else min(midnight(first), last)


def _advance(connection: Connection, account_id: UUID, old: datetime | None, new: datetime) -> None:
    """And puts the months together that end before `new`."""
    month = None if old is None else month_of(old)
    if month is None:
        connection.execute(insert(OpensClosed).values(account_id=account_id, until=new))
        month = _first_month(connection, account_id) or month_of(new)
    else:
        mine = OpensClosed.account_id == account_id
        connection.execute(update(OpensClosed).where(mine).values(until=new))
    while month_after(month) <= new:
        write_month(connection, account_id, month)
        month = month_after(month)


def _first_month(connection: Connection, account_id: UUID) -> datetime | None:
    day = connection.scalar(select(func.min(OpenDayHours.day)).where(OpenDayHours.account_id == account_id))
    return None if day is None else month_of(day)


def write_day(connection: Connection, account_id: UUID, day: datetime) -> None:
    """What its hours and slices say, in place of what was there."""
    for model in (OpenShareDay, OpenDayHours):
        connection.execute(delete(model).where(model.account_id == account_id, model.day == day))
    for kind in Kind:
        connection.execute(insert(OpenShareDay).from_select(_columns("day"), _shares_of_slices(account_id, day, kind)))
    hours = hours_of(connection, account_id, day)
    if any(hours):
        connection.execute(insert(OpenDayHours).values(account_id=account_id, day=day, hours=hours))


def write_month(connection: Connection, account_id: UUID, month: datetime) -> None:
    """What its days say, in place of what was there."""
    mine = OpenShareMonth.account_id == account_id
    connection.execute(delete(OpenShareMonth).where(mine, OpenShareMonth.month == month))
    days: Any = OpenShareDay.__table__.c
    keys = [days.account_id, days.kind, days.name, days["class"]]
    found = (
        select(
            days.account_id, days.kind, literal(month, OpenShareMonth.month.type), days.name, days["class"], _NO_SHARD
        )
        .add_columns(*(func.sum(days[name]) for name in COUNTS))
        .where(days.account_id == account_id, days.kind.in_([str(kind) for kind in Kind]))
        .where(days.day >= month, days.day < month_after(month))
        .group_by(*keys)
    )
    connection.execute(insert(OpenShareMonth).from_select(_columns("month"), found))


_NO_SHARD = literal(0)


def _columns(at: str) -> list[str]:
    return ["account_id", "kind", at, "name", "class", "shard", *COUNTS]


def _shares_of_slices(account_id: UUID, day: datetime, kind: Kind) -> Any:
    slices: Any = OpenSliceDay.__table__.c
    name = slices[kind] if kind is not Kind.IMAGE else func.replace(cast(slices.image_id, String), "-", "")
    of_one = slices[kind] if kind is not Kind.IMAGE else slices.image_id
    keys = [slices.account_id, slices.day, of_one, slices["class"]]
    return (
        select(slices.account_id, literal(str(kind)), slices.day, name, slices["class"], _NO_SHARD)
        .add_columns(*(func.sum(slices[count]) for count in COUNTS))
        .where(slices.account_id == account_id, slices.day == day)
        .group_by(*keys)
    )


def hours_of(connection: Connection, account_id: UUID, day: datetime) -> list[int]:
    """Four numbers for each of the 24 hours."""
    columns = [getattr(OpenHour, name) for name in NUMBERS]
    mine = (OpenHour.account_id == account_id, OpenHour.hour >= day, OpenHour.hour < day + DAY)
    found = [0] * (24 * len(NUMBERS))
    for hour, *numbers in connection.execute(select(OpenHour.hour, *columns).where(*mine)):
        for place, number in enumerate(numbers, hour.hour * len(NUMBERS)):
            found[place] += number
    return found
