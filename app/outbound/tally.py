"""The figures of deliveries, kept in the transactions that move them: by hour of acceptance, and what is open or dead.

Every statement that makes a delivery, ends one or opens it again comes with a `shift` in the same transaction."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Connection

from app.core.db import before_commit
from app.core.rollup import Rollup, hour_of
from app.outbound.models import DELAY_BOUNDS_S, DELAYS, DeliveryHour, DeliveryTally, Status

ACCEPTED, DONE, DEAD, CANCELLED, FIRST_DELAY = range(5)  # places in a row of DeliveryHour
WIDTH = FIRST_DELAY + len(DELAYS)
PLACE: dict[str, int] = {Status.DONE: DONE, Status.DEAD: DEAD, Status.CANCELLED: CANCELLED}

_add_hours = Rollup(DeliveryHour)
_add_tallies = Rollup(DeliveryTally)


class Stand(NamedTuple):
    """Where a delivery stands, as far as the figures tell states apart."""

    status: str
    error: str | None = None
    done_at: datetime | None = None


class Shift(NamedTuple):
    """One delivery's way from one stand to another; None: it did not exist, or (retention) exists no longer."""

    account_id: UUID
    target_id: UUID
    ref_at: datetime
    before: Stand | None
    after: Stand | None
    number: int = 1  # of deliveries on the same way, of one hour


OPEN = Stand(Status.PENDING)


def shift(connection: Connection, shifts: Iterable[Shift], *, apart: bool = False) -> None:
    """Moves the counts along. What retention removes leaves the hours as they were and is no longer open or dead.

    At once it is for a transaction that does it once, before it locks what others hold while they do it. All else is
    `apart`: with everything of its transaction at the end of that, to rows of their own (see Rollup), so that those who
    tell the same webhooks in another order do not deadlock."""
    if apart:
        before_commit(connection, _move_apart, shifts)
    else:
        _move(connection, shifts, apart=False)


def _move_apart(connection: Connection, shifts: Iterable[Shift]) -> None:
    _move(connection, shifts, apart=True)


def _move(connection: Connection, shifts: Iterable[Shift], *, apart: bool) -> None:
    hours: dict[tuple[UUID, datetime, UUID], list[int]] = {}
    tallies: dict[tuple[UUID, UUID, str, str], int] = defaultdict(int)
    for account_id, target_id, ref_at, before, after, many in shifts:
        if after is not None:
            key = account_id, hour_of(ref_at), target_id
            row = hours.get(key)
            if row is None:
                row = hours[key] = [0] * WIDTH
            if before is None:
                row[ACCEPTED] += many
            else:
                _count(row, before, ref_at, -many)
            _count(row, after, ref_at, many)
        for stand, number in ((before, -many), (after, many)):
            if stand is not None and (name := _tallied(stand)) is not None:
                tallies[account_id, target_id, *name] += number
    _add_hours(connection, {key: row for key, row in hours.items() if any(row)}, apart=apart)
    _add_tallies(connection, {key: (number,) for key, number in tallies.items() if number}, apart=apart)


def _count(row: list[int], stand: Stand, ref_at: datetime, number: int) -> None:
    place = PLACE.get(stand.status)
    if place is None:
        return
    row[place] += number
    if place == DONE and stand.done_at is not None:
        row[FIRST_DELAY + bisect_left(DELAY_BOUNDS_S, (stand.done_at - ref_at).total_seconds())] += number


def _tallied(stand: Stand) -> tuple[str, str] | None:
    if stand.status == Status.DEAD:
        return "dead", stand.error or ""
    return None if stand.status in PLACE else ("open", "")
