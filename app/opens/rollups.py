"""The figures of opens, kept in the transactions that record or change them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Connection

from app.core.rollup import Rollup, hour_of
from app.opens.models import COUNTED, OpenHour, OpenSliceDay, OpenSliceHour

_add_hours = Rollup(OpenHour)
_add_slice_hours = Rollup(OpenSliceHour)
_add_slice_days = Rollup(OpenSliceDay)


class Counted(NamedTuple):
    """What the figures say of one open. `client` and `device` are empty while nobody has looked at the user agent."""

    account_id: UUID
    at: datetime
    image_id: UUID
    open_class: str
    client: str
    device: str
    hits: int
    is_view: bool
    is_first: bool
    is_new: bool = True  # False: further hits of an open that is counted already


Change = tuple[Counted | None, Counted | None]  # what was counted, what is to be


class _Sums:
    """Counts to add, by the keys of the three tables."""

    def __init__(self) -> None:
        self.hours: defaultdict[tuple[UUID, datetime], list[int]] = defaultdict(lambda: [0] * 4)
        self.slices: defaultdict[tuple[UUID, datetime, UUID, str, str, str], list[int]] = defaultdict(lambda: [0] * 4)

    def add(self, one: Counted, sign: int) -> None:
        view = sign if one.is_view and one.is_new else 0
        first = sign if one.is_first and one.is_new else 0
        hits = sign * one.hits
        hour = hour_of(one.at)
        row = self.hours[one.account_id, hour]
        row[0 if one.open_class in COUNTED else 1] += view
        row[2] += first
        row[3] += hits
        row = self.slices[one.account_id, hour, one.image_id, one.open_class, one.client, one.device]
        row[0] += view
        row[1] += sign if one.is_new else 0
        row[2] += first
        row[3] += hits


def shift(connection: Connection, changes: Iterable[Change]) -> None:
    """Takes the first of each pair out of the figures and puts the second in, in the caller's write transaction."""
    sums = _Sums()
    for before, after in changes:
        if before is not None:
            sums.add(before, -1)
        if after is not None:
            sums.add(after, 1)
    days: defaultdict[tuple[UUID, datetime, UUID, str, str, str], list[int]] = defaultdict(lambda: [0] * 4)
    for (account_id, hour, *rest), counts in sums.slices.items():
        row = days[account_id, hour.replace(hour=0), *rest]  # type: ignore[index]
        for place, number in enumerate(counts):
            row[place] += number
    _add_hours(connection, {key: row for key, row in sums.hours.items() if any(row)})
    _add_slice_hours(connection, {key: row for key, row in sums.slices.items() if any(row)})
    _add_slice_days(connection, {key: row for key, row in days.items() if any(row)})
