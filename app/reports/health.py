"""How each pixel's deliveries fare: in the period, and just now."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, func, select

from app.core.period import Period
from app.core.periods import DAY, HOUR
from app.deliveries.health import lately
from app.deliveries.standing import State, state_of
from app.destinations import registry
from app.outbound import figures
from app.outbound.figures import Figures, Now
from app.outbound.models import DeliveryHour, Target
from app.pixels.models import Pixel
from app.tracking.rows import KIND

LONGEST_BY_HOUR = 2 * DAY


@dataclass(frozen=True, slots=True)
class Health:
    """One pixel. `figures` are of the period; `state`, `now` and the last error of the present; `name` outlives a
    deletion."""

    target_id: UUID
    platform: str
    name: str
    state: State
    figures: Figures
    now: Now
    last_error: str | None
    last_error_at: datetime | None
    accepted: list[int]  # by hour or day of the period, for a sparkline

    @property
    def is_deleted(self) -> bool:
        return self.state is State.DELETED

    @property
    def is_paused(self) -> bool:
        return self.state in (State.REFUSED, State.PAUSED)


def of_targets(
    connection: Connection, account_id: UUID, period: Period, found: Mapping[UUID, Figures], now: datetime
) -> list[Health]:
    """Every pixel of the account in the order of destinations and names; a deleted one while the period or the present
    still has something of it."""
    present = figures.now_by_target(connection, account_id)
    day, week = lately(connection, account_id, now)
    none = Figures()
    series = _series(connection, account_id, period, now)
    rows = connection.execute(
        select(Target.__table__, Pixel.platform, Pixel.active)
        .outerjoin(Pixel, Pixel.id == Target.id)
        .where(Target.account_id == account_id, Target.kind == KIND)
    )
    all_of_them = [
        Health(
            target_id=row.id,
            platform=platform_of(row),
            name=row.label,
            state=state_of(
                row, row.active, day.get(row.id, none), week.get(row.id, none), present.get(row.id, Now()), now
            ),
            figures=found.get(row.id, none),
            now=present.get(row.id, Now()),
            last_error=row.last_error,
            last_error_at=row.last_error_at,
            accepted=series.get(row.id, []),
        )
        for row in rows
    ]
    shown = (one for one in all_of_them if not one.is_deleted or one.figures.accepted or one.now.dead_total)
    order = {key: number for number, key in enumerate(registry.KEYS)}
    return sorted(shown, key=lambda one: (order.get(one.platform, 99), one.is_deleted, one.name.lower()))


def platform_of(row: Row[Any]) -> str:
    """Of a deleted pixel only the label is left, which begins with the platform's name."""
    if row.platform:
        return str(row.platform)
    return next((key for key, label in registry.labels().items() if str(row.label).startswith(label)), "")


def _series(connection: Connection, account_id: UUID, period: Period, now: datetime) -> dict[UUID, list[int]]:
    """Accepted by hour of a day or two, else by UTC day: near enough for a line as small as a word."""
    by_hour = period.last - period.first <= LONGEST_BY_HOUR
    place = DeliveryHour.hour if by_hour else func.date(DeliveryHour.hour)
    found = (
        select(DeliveryHour.target_id, place, func.sum(DeliveryHour.accepted))
        .where(DeliveryHour.account_id == account_id, DeliveryHour.hour >= period.start, DeliveryHour.hour < period.end)
        .group_by(DeliveryHour.target_id, place)
    )
    step = HOUR if by_hour else DAY
    count = -(-(min(period.end, now) - period.start) // step)
    walk = [period.start + number * step for number in range(count + 1)]
    at = {str(one if by_hour else one.date()): number for number, one in enumerate(walk)}
    series: dict[UUID, list[int]] = defaultdict(lambda: [0] * len(at))
    for target_id, key, number in connection.execute(found):
        series[target_id][at.get(str(key), -1)] += int(number)
    return {id_: values if values[-1] else values[:-1] for id_, values in series.items()}
