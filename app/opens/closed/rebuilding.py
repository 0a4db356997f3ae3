"""Closed days counted anew: compared with the figures they are made of, and made again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, func, select

from app.core.partitions import month_after
from app.core.periods import DAY
from app.opens.closed import closing
from app.opens.closed.models import Kind, OpenDayHours, OpenShareDay, OpenShareMonth
from app.opens.closed.reading import COUNTS, closed_until

Slices = Mapping[tuple[Any, ...], tuple[int, ...]]  # by image, class, client, device
Shares = dict[tuple[Any, ...], tuple[int, ...]]


def is_day_right(connection: Connection, account_id: UUID, day: datetime, slices: Slices) -> bool:
    """Whether a day that is closed says what its slices and hours say; one that is not has nothing to say."""
    if not _is_closed(connection, account_id, day + DAY):
        return True
    mine = (OpenDayHours.account_id == account_id, OpenDayHours.day == day)
    hours = connection.scalar(select(OpenDayHours.hours).where(*mine)) or [0] * 96
    if hours != closing.hours_of(connection, account_id, day):
        return False
    return _kept(connection, OpenShareDay, "day", account_id, day, day + DAY) == _shares(slices)


def write_day(connection: Connection, account_id: UUID, day: datetime) -> None:
    if _is_closed(connection, account_id, day + DAY):
        closing.write_day(connection, account_id, day)


def is_month_right(connection: Connection, account_id: UUID, month: datetime) -> bool:
    after = month_after(month)
    if not _is_closed(connection, account_id, after):
        return True
    true = _kept(connection, OpenShareDay, "day", account_id, month, after)
    return _kept(connection, OpenShareMonth, "month", account_id, month, after) == true


def write_month(connection: Connection, account_id: UUID, month: datetime) -> None:
    closing.write_month(connection, account_id, month)


def _is_closed(connection: Connection, account_id: UUID, end: datetime) -> bool:
    until = closed_until(connection, account_id)
    return until is not None and end <= until


def _shares(slices: Slices) -> Shares:
    found: defaultdict[tuple[Any, ...], list[int]] = defaultdict(lambda: [0] * len(COUNTS))
    for (image_id, open_class, client, device), counts in slices.items():
        for kind, name in ((Kind.IMAGE, image_id.hex), (Kind.CLIENT, client), (Kind.DEVICE, device)):
            row = found[str(kind), name, open_class]
            for place, number in enumerate(counts):
                row[place] += number
    return {key: tuple(row) for key, row in found.items() if any(row)}


def _kept(
    connection: Connection,
    model: type[OpenShareDay | OpenShareMonth],
    at: str,
    account_id: UUID,
    start: datetime,
    end: datetime,
) -> Shares:
    columns: Any = model.__table__.c
    keys = [columns.kind, columns.name, columns["class"]]
    sums = [func.sum(columns[count]) for count in COUNTS]
    mine = (columns.account_id == account_id, columns[at] >= start, columns[at] < end)
    found = {
        tuple(row[:3]): tuple(map(int, row[3:]))
        for row in connection.execute(select(*keys, *sums).where(*mine).group_by(*keys))
    }
    return {key: counts for key, counts in found.items() if any(counts)}
