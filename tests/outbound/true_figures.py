"""The figures that the rows themselves give, by brute force, beside those that were kept."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from typing import Any

from sqlalchemy import Engine, func, select

from app.core.rollup import hour_of
from app.outbound.models import DELAY_BOUNDS_S, DELAYS, OPEN_STATUSES, Delivery, DeliveryHour, DeliveryTally, Status


def counted(engine: Engine) -> dict[str, dict[Any, int]]:
    """{"hours": {(hour, target, what): number}, "tallies": {(target, state, error): number}} from every delivery."""
    hours: Counter[Any] = Counter()
    tallies: Counter[Any] = Counter()
    with engine.connect() as connection:
        for row in connection.execute(select(Delivery.__table__)):
            here = hour_of(row.ref_at), row.target_id
            hours[*here, "accepted"] += 1
            if row.status in (Status.DONE, Status.DEAD, Status.CANCELLED):
                hours[*here, str(row.status)] += 1
            if row.status == Status.DONE:
                bucket = bisect_left(DELAY_BOUNDS_S, (row.done_at - row.ref_at).total_seconds())
                hours[*here, DELAYS[bucket]] += 1
            if row.status in OPEN_STATUSES:
                tallies[row.target_id, "open", ""] += 1
            elif row.status == Status.DEAD:
                tallies[row.target_id, "dead", row.error] += 1
    return {"hours": dict(hours), "tallies": dict(tallies)}


def kept(engine: Engine) -> dict[str, dict[Any, int]]:
    """The same from the rollups, without zeros."""
    names = ("accepted", "done", "dead", "cancelled", *DELAYS)
    sums = [func.sum(getattr(DeliveryHour, name)) for name in names]
    by_key = select(DeliveryHour.hour, DeliveryHour.target_id, *sums)
    now = select(DeliveryTally.target_id, DeliveryTally.state, DeliveryTally.error, func.sum(DeliveryTally.number))
    with engine.connect() as connection:
        rows = connection.execute(by_key.group_by(DeliveryHour.hour, DeliveryHour.target_id)).all()
        hours = {(row[0], row[1], name): int(n) for row in rows for name, n in zip(names, row[2:], strict=True) if n}
        grouped = now.group_by(DeliveryTally.target_id, DeliveryTally.state, DeliveryTally.error)
        tallies = {tuple(row[:3]): int(row[3]) for row in connection.execute(grouped) if row[3]}
    return {"hours": hours, "tallies": tallies}
