"""The figures of deliveries read back: from the rollups, at a cost that does not grow with what they count."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, func, select

from app.outbound.claim import open_targets
from app.outbound.mail.ledger import target_id as mail_server_of
from app.outbound.models import DELAY_BOUNDS_S, DELAYS, DeliveryHour, DeliveryTally


@dataclass(frozen=True, slots=True)
class Figures:
    """What became of the deliveries accepted in some hours. Shares are None where there is nothing to share."""

    accepted: int = 0
    done: int = 0
    dead: int = 0
    cancelled: int = 0
    delays: tuple[int, ...] = (0,) * len(DELAYS)

    @property
    def waiting(self) -> int:
        """Pending, or held by a pause."""
        return self.accepted - self.done - self.dead - self.cancelled

    @property
    def delivered_share(self) -> float | None:
        """Of all that was to be sent; what waits counts as not delivered."""
        wanted = self.accepted - self.cancelled
        return self.done / wanted if wanted else None

    @property
    def success_share(self) -> float | None:
        """Of what was decided, one way or the other."""
        decided = self.done + self.dead
        return self.done / decided if decided else None

    @property
    def p95_s(self) -> float | None:
        return percentile(self.delays, 0.95)


def percentile(delays: Sequence[int], share: float) -> float | None:
    """Seconds from acceptance to arrival that this share of the deliveries took at most, straight between the bounds
    of a bucket; the last one is open, so that its lower bound is all that is known."""
    total = sum(delays)
    if total <= 0:
        return None
    wanted, seen = share * total, 0
    for number, count in enumerate(delays):
        if count and seen + count >= wanted:
            if number == len(DELAY_BOUNDS_S):
                break
            low = DELAY_BOUNDS_S[number - 1] if number else 0.0
            return low + (DELAY_BOUNDS_S[number] - low) * (wanted - seen) / count
        seen += count
    return float(DELAY_BOUNDS_S[-1])


_COUNTS = [getattr(DeliveryHour, name) for name in ("accepted", "done", "dead", "cancelled", *DELAYS)]
_SUMS = [func.coalesce(func.sum(column), 0) for column in _COUNTS]


def _figures(row: Sequence[Any]) -> Figures:
    accepted, done, dead, cancelled, *delays = (int(number) for number in row)
    return Figures(accepted, done, dead, cancelled, tuple(delays))


def not_mail(account_id: UUID) -> ColumnElement[bool]:
    """What figures are about: an account's e-mails to people are deliveries too, and no events."""
    return DeliveryHour.target_id != mail_server_of(account_id)


def _within(account_id: UUID, start: datetime, end: datetime, targets: Sequence[UUID] | None) -> ColumnElement[bool]:
    found = (DeliveryHour.account_id == account_id) & (DeliveryHour.hour >= start) & (DeliveryHour.hour < end)
    return found & (not_mail(account_id) if targets is None else DeliveryHour.target_id.in_(targets))


def total(
    connection: Connection, account_id: UUID, start: datetime, end: datetime, targets: Sequence[UUID] | None = None
) -> Figures:
    """Of the hours that begin in [start, end), for all targets of the account but the mail server, or these."""
    return _figures(connection.execute(select(*_SUMS).where(_within(account_id, start, end, targets))).one())


def by_hour(
    connection: Connection, account_id: UUID, start: datetime, end: datetime, targets: Sequence[UUID] | None = None
) -> dict[datetime, Figures]:
    """By the UTC hour; hours without any are absent."""
    found = select(DeliveryHour.hour, *_SUMS).where(_within(account_id, start, end, targets))
    return {row[0]: _figures(row[1:]) for row in connection.execute(found.group_by(DeliveryHour.hour))}


def by_target(connection: Connection, account_id: UUID, start: datetime, end: datetime) -> dict[UUID, Figures]:
    found = select(DeliveryHour.target_id, *_SUMS).where(_within(account_id, start, end, None))
    return {row[0]: _figures(row[1:]) for row in connection.execute(found.group_by(DeliveryHour.target_id))}


@dataclass(slots=True)
class Now:
    """What one target has open and dead just now. `due_at` is when the first of the open ones is (or was) due."""

    open: int = 0
    dead: dict[str, int] = field(default_factory=dict)  # by ErrorClass
    due_at: datetime | None = None

    @property
    def dead_total(self) -> int:
        return sum(self.dead.values())


def now_by_target(connection: Connection, account_id: UUID | None = None) -> dict[UUID, Now]:
    """Of every target of the account (or of all accounts) that has open or dead deliveries."""
    counted = select(
        DeliveryTally.target_id, DeliveryTally.state, DeliveryTally.error, func.sum(DeliveryTally.number)
    ).group_by(DeliveryTally.target_id, DeliveryTally.state, DeliveryTally.error)
    if account_id is not None:
        counted = counted.where(DeliveryTally.account_id == account_id)
    found: dict[UUID, Now] = defaultdict(Now)
    for target_id, state, error, number in connection.execute(counted):
        if number and state == "open":
            found[target_id].open = int(number)
        elif number:
            found[target_id].dead[error] = int(number)
    for target in open_targets(connection):
        if target.id in found:
            found[target.id].due_at = target.due_at
    return dict(found)
