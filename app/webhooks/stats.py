"""How the calls of one webhook went, by day: from the figures that are kept as attempts are logged."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from uuid import UUID

from sqlalchemy import Connection, Select, func, select

from app.webhooks.models import WebhookHour

DAYS = 30


@dataclass(frozen=True, slots=True)
class Day:
    """`average_ms` None: nothing was called."""

    date: date
    successful: int = 0
    failed: int = 0
    average_ms: float | None = None


@dataclass(frozen=True, slots=True)
class Stats:
    """Attempts, each try counted."""

    total: int
    successful: int
    failed: int
    average_ms: float | None
    days: list[Day] = field(default_factory=list)

    @property
    def success_rate(self) -> float | None:
        """0 to 1."""
        return self.successful / self.total if self.total else None


def of(
    connection: Connection,
    account_id: UUID,
    webhook_id: UUID,
    now: datetime,
    days: int = DAYS,
    zone: tzinfo = UTC,
) -> Stats:
    """The last `days` days of `zone`, today the last of them; every day is there. An hour counts to the day it begins
    in."""
    today = now.astimezone(zone).date()
    dates = [today - timedelta(days=back) for back in range(days - 1, -1, -1)]
    sums: dict[date, tuple[int, int, int]] = dict.fromkeys(dates, (0, 0, 0))
    for hour, *numbers in connection.execute(_hours(account_id, webhook_id, dates[0], zone)):
        day = hour.astimezone(zone).date()
        if day in sums:
            sent, failed, duration_ms = (one + int(more) for one, more in zip(sums[day], numbers, strict=True))
            sums[day] = sent, failed, duration_ms
    sent, failed, duration_ms = (sum(column) for column in zip(*sums.values(), strict=True))
    each = [Day(day, good, bad, _average(ms, good + bad)) for day, (good, bad, ms) in sums.items()]
    return Stats(sent + failed, sent, failed, _average(duration_ms, sent + failed), each)


def _hours(account_id: UUID, webhook_id: UUID, since: date, zone: tzinfo) -> Select[datetime, int, int, int]:
    counted = WebhookHour
    return (
        select(counted.hour, func.sum(counted.sent), func.sum(counted.failed), func.sum(counted.duration_ms))
        .where(
            counted.account_id == account_id,
            counted.hour >= datetime.combine(since, time(), zone).astimezone(UTC),
            counted.webhook_id == webhook_id,
        )
        .group_by(counted.hour)
    )


def _average(total_ms: int, number: int) -> float | None:
    return round(total_ms / number, 1) if number else None
