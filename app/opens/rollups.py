"""The figures of opens, kept in the transactions that record or change them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Connection

from app.core import clock
from app.core.rollup import Rollup, hour_of
from app.opens.closed import correcting
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


SliceKey = correcting.SliceKey
Change = tuple[Counted | None, Counted | None]  # what was counted, what is to be


class Sums:
    """Counts to add to the three tables, in one write transaction."""

    def __init__(self) -> None:
        self._slices: defaultdict[SliceKey, list[int]] = defaultdict(lambda: [0] * 4)

    def add(self, key: SliceKey, views: int, opens: int, firsts: int, hits: int) -> None:
        """The key's hour is a whole one; numbers may be negative."""
        row = self._slices[key]
        row[0] += views
        row[1] += opens
        row[2] += firsts
        row[3] += hits

    def write(self, connection: Connection) -> None:
        hours: defaultdict[tuple[UUID, datetime], list[int]] = defaultdict(lambda: [0] * 4)
        days: defaultdict[SliceKey, list[int]] = defaultdict(lambda: [0] * 4)
        changed = {key: row for key, row in self._slices.items() if any(row)}
        midnights = {hour: hour.replace(hour=0) for hour in {key[1] for key in changed}}  # one object, written once
        for (account_id, hour, image_id, *rest), (views, opens, firsts, hits) in changed.items():
            row = hours[account_id, hour]
            row[0 if rest[0] in COUNTED else 1] += views
            row[2] += firsts
            row[3] += hits
            row = days[account_id, midnights[hour], image_id, *rest]  # type: ignore[index]
            row[0] += views
            row[1] += opens
            row[2] += firsts
            row[3] += hits
        _add_hours(connection, hours)
        _add_slice_hours(connection, changed)
        _add_slice_days(connection, days)
        _correct_closed(connection, changed)


def _correct_closed(connection: Connection, changed: Mapping[SliceKey, Sequence[int]]) -> None:
    """Of what an open adds just now, nothing is of a day that is over."""
    today = clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
    earlier = {key: row for key, row in changed.items() if key[1] < today}
    if earlier:
        correcting.correct(connection, earlier)


def shift(connection: Connection, changes: Iterable[Change]) -> None:
    """Takes the first of each pair out of the figures and puts the second in, in the caller's write transaction."""
    sums = Sums()
    for change in changes:
        for one, sign in zip(change, (-1, 1), strict=True):
            if one is not None:
                new = sign if one.is_new else 0
                sums.add(_key(one), new * one.is_view, new, new * one.is_first, sign * one.hits)
    sums.write(connection)


def _key(one: Counted) -> SliceKey:
    return one.account_id, hour_of(one.at), one.image_id, one.open_class, one.client, one.device
