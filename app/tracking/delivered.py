"""Where delivered events are to be found: the hours that have some, so that nobody walks over an outage."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Connection, func, select

from app.core.rollup import hour_of
from app.outbound.figures import not_mail
from app.outbound.models import DeliveryHour
from app.tracking.log_paths import Stretch

HOUR = timedelta(hours=1)
HOURS_AT_ONCE = 500
WALKED_OVER = 1_000  # undelivered events that cost less than another statement


def stretches(
    connection: Connection,
    account_id: UUID,
    targets: frozenset[UUID] | None,
    stretch: Stretch,
    wanted: int,
    *,
    all_match: bool,
) -> list[Stretch]:
    """Parts of `stretch`, newest first, that hold the `wanted` newest delivered events (or all there are). Unless
    `all_match` (nothing else is asked of them), only the newest of their hours can be told."""
    found: list[Stretch] = []
    certain, gap, low = 0, 0, None
    for hour, done, accepted in _hours(connection, account_id, targets, stretch):
        if not done:
            gap += accepted
            continue
        if found and gap <= WALKED_OVER:
            found[-1] = replace(found[-1], start=_later(stretch.start, hour))
        else:
            found.append(replace(stretch, start=_later(stretch.start, hour), end=_sooner(stretch.end, hour + HOUR)))
        if not all_match:
            return [replace(found[0], start=stretch.start)]
        certain += 0 if low is None else done  # the first hour may lie partly before or behind the cursor
        gap, low = 0, hour
        if certain >= wanted:
            break
    return found


def _later(start: datetime | None, hour: datetime) -> datetime:
    return hour if start is None else max(start, hour)


def _sooner(end: datetime | None, hour: datetime) -> datetime:
    return hour if end is None else min(end, hour)


def _hours(
    connection: Connection, account_id: UUID, targets: frozenset[UUID] | None, stretch: Stretch
) -> Iterator[tuple[datetime, int, int]]:
    """(hour, delivered, accepted), newest first; hours that accepted nothing are absent."""
    counted = (
        select(DeliveryHour.hour, func.sum(DeliveryHour.done), func.sum(DeliveryHour.accepted))
        .where(DeliveryHour.account_id == account_id, not_mail(account_id))
        .group_by(DeliveryHour.hour)
        .order_by(DeliveryHour.hour.desc())
        .limit(HOURS_AT_ONCE)
    )
    if targets is not None:
        counted = counted.where(DeliveryHour.target_id.in_(targets))
    if stretch.start is not None:
        counted = counted.where(DeliveryHour.hour >= hour_of(stretch.start))
    tops = [stretch.end, stretch.after[0] if stretch.after else None]
    top = min(filter(None, tops), default=None)
    below = None if top is None else DeliveryHour.hour <= top
    while True:
        rows = connection.execute(counted if below is None else counted.where(below)).all()
        yield from ((row[0], int(row[1]), int(row[2])) for row in rows)
        if len(rows) < HOURS_AT_ONCE:
            return
        below = DeliveryHour.hour < rows[-1][0]
