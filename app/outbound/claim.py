"""Taking due deliveries by lease, fairly across targets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import Connection, Uuid, bindparam, select, text, update
from sqlalchemy import tuple_ as row_of

from app.core.db import UtcDateTime
from app.outbound.kinds import Leased
from app.outbound.models import OPEN_STATUSES, Breaker, Delivery, Status, Target, TargetState

CANCEL_PART = 500  # rows of a deleted target that one transaction cancels

# A loose scan of the partial index: one seek per target that has open deliveries, however many each has.
_DUE_TARGETS = text(
    """
    WITH RECURSIVE open_target(id) AS (
        SELECT (SELECT target_id FROM delivery WHERE status IN ('pending', 'leased') ORDER BY target_id LIMIT 1)
        UNION ALL
        SELECT (SELECT target_id FROM delivery
                WHERE status IN ('pending', 'leased') AND target_id > open_target.id ORDER BY target_id LIMIT 1)
        FROM open_target WHERE open_target.id IS NOT NULL
    )
    SELECT target.id, target.kind, target.state, target.breaker, target.breaker_until, target.not_before,
           (SELECT next_at FROM delivery WHERE target_id = open_target.id AND status IN ('pending', 'leased')
            ORDER BY next_at LIMIT 1) AS due_at
    FROM open_target JOIN target ON target.id = open_target.id
    """
).columns(
    id=Uuid, kind=Target.kind.type, state=Target.state.type, breaker=Target.breaker.type, breaker_until=UtcDateTime,
    not_before=UtcDateTime, due_at=UtcDateTime,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class DueTarget:
    """A target with open deliveries, as the last look found it."""

    id: UUID
    kind: str
    state: str
    breaker: str
    breaker_until: datetime | None
    not_before: datetime | None
    due_at: datetime

    @property
    def ready_at(self) -> datetime | None:
        """When its next call may be made; None while a person is awaited."""
        if self.state == TargetState.DELETED:
            return self.due_at
        if self.state == TargetState.PAUSED:
            return None
        held = [moment for moment in (self.not_before, self.breaker_until) if moment is not None]
        return max([self.due_at, *held])

    @property
    def is_probe(self) -> bool:
        """Whether only one call may try if the target is back."""
        return self.breaker != Breaker.CLOSED


def open_targets(connection: Connection) -> list[DueTarget]:
    """Every target with open deliveries, due or not; a read."""
    return [DueTarget(**row._mapping) for row in connection.execute(_DUE_TARGETS)]


def claim(
    connection: Connection, wanted: Sequence[tuple[DueTarget, int]], now: datetime, lease: Mapping[str, timedelta]
) -> list[Leased]:
    """Leases up to the wanted number of due rows of each target, oldest first. Attempts are counted here, so that a row
    which kills its worker cannot be tried for ever. A lease that ends is simply due again: `next_at` is its end."""
    token = uuid4().hex
    rows: list[Leased] = []
    for target, count in wanted:
        if target.state == TargetState.DELETED:
            cancel_part(connection, target.id, now)
            continue
        if target.is_probe and not _take_probe(connection, target, now, lease[target.kind]):
            continue
        rows += _lease(connection, target, 1 if target.is_probe else count, now, lease[target.kind], token)
    return rows


_LEASE_COLUMNS = (
    Delivery.account_id, Delivery.id, Delivery.kind, Delivery.target_id, Delivery.ref_id, Delivery.ref_at,
    Delivery.attempts, Delivery.expires_at, Delivery.waiter,
)  # fmt: skip
_DUE_IDS = (
    select(Delivery.account_id, Delivery.id)
    .where(Delivery.target_id == bindparam("target"), Delivery.next_at <= bindparam("now"))
    .where(text("status IN ('pending', 'leased')"))  # spelled as the partial index has it
    .order_by(Delivery.next_at)
    .limit(bindparam("count"))
    .with_for_update(skip_locked=True)
)
_LEASE = (
    update(Delivery)
    .where(row_of(Delivery.account_id, Delivery.id).in_(_DUE_IDS))
    .values(
        status=Status.LEASED,
        next_at=bindparam("until"),
        lease_token=bindparam("token"),
        attempts=Delivery.attempts + 1,
    )
    .returning(*_LEASE_COLUMNS)
)


def _lease(
    connection: Connection, target: DueTarget, count: int, now: datetime, length: timedelta, token: str
) -> list[Leased]:
    values = {"target": target.id, "now": now, "count": count, "until": now + length, "token": token}
    return [Leased(*row, token) for row in connection.execute(_LEASE, values)]


def _take_probe(connection: Connection, target: DueTarget, now: datetime, length: timedelta) -> bool:
    """One probe at a time: whoever moves `breaker_until` first makes it."""
    mine = connection.execute(
        update(Target)
        .where(Target.id == target.id, Target.breaker != Breaker.CLOSED, Target.breaker_until <= now)
        .values(breaker=Breaker.HALF_OPEN, breaker_until=now + length)
    )
    return mine.rowcount == 1


def cancel_part(connection: Connection, target_id: UUID, now: datetime) -> int:
    """Cancels some open deliveries of a deleted target, whenever they would have been due."""
    some = (
        select(Delivery.account_id, Delivery.id)
        .where(Delivery.target_id == target_id, Delivery.status.in_(OPEN_STATUSES))
        .limit(CANCEL_PART)
    )
    done = connection.execute(
        update(Delivery)
        .where(row_of(Delivery.account_id, Delivery.id).in_(some))
        .values(status=Status.CANCELLED, done_at=now, lease_token=None, detail="The target was deleted")
    )
    return done.rowcount


def release(connection: Connection, rows: Sequence[Leased], now: datetime, *, costs_attempt: bool = False) -> None:
    """Gives claimed rows back, due at once. `costs_attempt` when the call may have reached the receiver."""
    if not rows:
        return
    connection.execute(
        update(Delivery)
        .where(Delivery.account_id == bindparam("row_account"), Delivery.id == bindparam("row_id"))
        .where(Delivery.lease_token == bindparam("row_token"))
        .values(
            status=Status.PENDING,
            next_at=now,
            lease_token=None,
            attempts=Delivery.attempts - (0 if costs_attempt else 1),
        ),
        [{"row_account": row.account_id, "row_id": row.id, "row_token": row.token} for row in rows],
    )
