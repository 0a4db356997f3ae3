"""Days that are closed already, corrected by those who change their figures."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, bindparam, select, update
from sqlalchemy.dialects import postgresql, sqlite

from app.core.partitions import month_of
from app.core.rollup import Rollup
from app.opens.closed.models import Kind, OpenDayHours, OpensClosed, OpenShareDay, OpenShareMonth
from app.opens.models import COUNTED

_add_days, _add_months = Rollup(OpenShareDay), Rollup(OpenShareMonth)
SliceKey = tuple[UUID, datetime, UUID, str, str, str]  # account, hour, image, class, client, device
Slices = Mapping[SliceKey, Sequence[int]]  # views, opens, firsts, hits


def correct(connection: Connection, slices: Slices) -> None:
    """Adds to what is closed, after the same was added to the figures themselves: a day that is being closed meanwhile
    has it from there."""
    untils = _untils(connection, {key[0] for key in slices})
    closed = {key: counts for key, counts in slices.items() if key[0] in untils and key[1] < untils[key[0]]}
    if not closed:
        return
    days, months = _shares(closed, untils)
    _add_days(connection, days)
    _add_months(connection, months)
    _add_hours(connection, closed)


def _untils(connection: Connection, accounts: Iterable[UUID]) -> dict[UUID, datetime]:
    found = select(OpensClosed.account_id, OpensClosed.until).where(OpensClosed.account_id.in_(accounts))
    found = found.order_by(OpensClosed.account_id).with_for_update(read=True)
    return {row.account_id: row.until for row in connection.execute(found)}


Sums = dict[tuple[Any, ...], list[int]]


def _shares(closed: Slices, untils: Mapping[UUID, datetime]) -> tuple[Sums, Sums]:
    days: defaultdict[tuple[Any, ...], list[int]] = defaultdict(lambda: [0] * 4)
    months: defaultdict[tuple[Any, ...], list[int]] = defaultdict(lambda: [0] * 4)
    for (account_id, hour, image_id, open_class, client, device), counts in closed.items():
        day, month = hour.replace(hour=0), month_of(hour)
        is_whole = month < month_of(untils[account_id])
        for kind, name in ((Kind.IMAGE, image_id.hex), (Kind.CLIENT, client), (Kind.DEVICE, device)):
            _put(days[account_id, str(kind), day, name, open_class], counts)
            if is_whole:
                _put(months[account_id, str(kind), month, name, open_class], counts)
    return _changed(days), _changed(months)


def _put(row: list[int], counts: Sequence[int]) -> None:
    for place, number in enumerate(counts):
        row[place] += number


def _changed(sums: Mapping[tuple[Any, ...], list[int]]) -> Sums:
    return {key: row for key, row in sums.items() if any(row)}


def _add_hours(connection: Connection, closed: Slices) -> None:
    days: defaultdict[tuple[UUID, datetime], list[int]] = defaultdict(lambda: [0] * 96)
    for (account_id, hour, _image, open_class, *_rest), (views, _opens, firsts, hits) in closed.items():
        place = hour.hour * 4
        row = days[account_id, hour.replace(hour=0)]
        row[place if open_class in COUNTED else place + 1] += views
        row[place + 2] += firsts
        row[place + 3] += hits
    changed = [(*key, row) for key, row in sorted(days.items(), key=lambda pair: str(pair[0])) if any(row)]
    for account_id, day, more in changed:
        _add_to_day(connection, account_id, day, more)


def _add_to_day(connection: Connection, account_id: UUID, day: datetime, more: Sequence[int]) -> None:
    key = {"account": account_id, "at": day}
    hours: list[int] | None = connection.scalar(_HOURS, key)
    if hours is None:  # a day without opens so far; somebody else may be at it too
        make = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
        nothing = make(OpenDayHours).values(account_id=account_id, day=day, hours=[0] * len(more))
        connection.execute(nothing.on_conflict_do_nothing())
        hours = connection.execute(_HOURS, key).scalar_one()
    connection.execute(_SET_HOURS, {**key, "sums": [old + new for old, new in zip(hours, more, strict=True)]})


_THIS = (OpenDayHours.account_id == bindparam("account"), OpenDayHours.day == bindparam("at"))
_HOURS = select(OpenDayHours.hours).where(*_THIS).with_for_update()
_SET_HOURS = update(OpenDayHours).where(*_THIS).values(hours=bindparam("sums"))
