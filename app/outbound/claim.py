"""Taking due deliveries by lease, fairly across targets."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import Connection, Uuid, bindparam, select, text, update
from sqlalchemy import tuple_ as row_of

from app.core import clock
from app.core.db import UtcDateTime
from app.core.direct import Direct
from app.outbound import suspects
from app.outbound.fence import release
from app.outbound.kinds import Leased
from app.outbound.limits.counting import MARGIN, Grant, Locked, lock
from app.outbound.limits.counting import count as count_calls
from app.outbound.limits.windows import Rates
from app.outbound.models import Breaker, Delivery, ErrorClass, Status, Target, TargetState
from app.outbound.tally import OPEN, Shift, Stand, shift

LONG_AGO = datetime.min.replace(tzinfo=UTC)
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
           target.updated_at, target.per_second, target.per_minute, target.per_hour, target.per_day,
           target.limited_until,
           (SELECT next_at FROM delivery WHERE target_id = open_target.id AND status IN ('pending', 'leased')
            ORDER BY next_at LIMIT 1) AS due_at
    FROM open_target JOIN target ON target.id = open_target.id
    """
).columns(
    id=Uuid, kind=Target.kind.type, state=Target.state.type, breaker=Target.breaker.type, breaker_until=UtcDateTime,
    not_before=UtcDateTime, updated_at=UtcDateTime, limited_until=UtcDateTime, due_at=UtcDateTime,
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
    updated_at: datetime  # when a person or a feature last changed it, or a refusal paused it
    due_at: datetime
    per_second: int | None = None
    per_minute: int | None = None
    per_hour: int | None = None
    per_day: int | None = None
    limited_until: datetime | None = None

    @property
    def is_limited(self) -> bool:
        """Whether each of its calls is counted."""
        return not (self.per_second is self.per_minute is self.per_hour is self.per_day is None)

    @property
    def ready_at(self) -> datetime | None:
        """When its next call may be made; None while a person is awaited."""
        if self.state == TargetState.DELETED:
            return LONG_AGO  # what is still open is cancelled whenever it would have been due
        if self.state == TargetState.PAUSED:
            return None
        held = [moment for moment in (self.not_before, self.breaker_until, self.limited_until) if moment is not None]
        return max([self.due_at, *held])

    def is_free_at(self, moment: datetime) -> bool:
        """Whether nothing holds its calls back; those that a full window counted already may still go."""
        held = [until for until in (self.not_before, self.breaker_until) if until is not None and until > moment]
        return self.state == TargetState.ACTIVE and not held

    @property
    def is_probe(self) -> bool:
        """Whether only one call may try if the target is back."""
        return self.breaker != Breaker.CLOSED

    def without_impossible_wait(self, now: datetime) -> DueTarget:
        """A wait for longer than its longest window was noted by a clock that has stepped back since."""
        longest = max(Rates.of(self).by_seconds, default=0)
        is_possible = self.limited_until is None or self.limited_until <= now + timedelta(seconds=longest)
        return self if is_possible else replace(self, limited_until=None)


def open_targets(connection: Connection) -> list[DueTarget]:
    """Every target with open deliveries, due or not; a read."""
    found = [DueTarget(**row._mapping) for row in connection.execute(_DUE_TARGETS)]
    now = clock.now()
    return [each if each.limited_until is None else each.without_impossible_wait(now) for each in found]


@dataclass(frozen=True, slots=True)
class Take:
    """What one target gave when `wanted` rows were asked of it."""

    target: DueTarget
    wanted: int
    rows: list[Leased]
    cancelled: int = 0
    grant: Grant | None = None  # the calls that were counted for the rows of a limited target

    @property
    def is_dry(self) -> bool:
        """Whether it has nothing more to give just now."""
        return self.target.is_probe or len(self.rows) < self.wanted


def one_by_one(_target_id: UUID) -> int:
    """Rows a call, where nobody knows better."""
    return 1


def claim(
    connection: Connection,
    wanted: Sequence[tuple[DueTarget, int]],
    now: datetime,
    lease: Mapping[str, timedelta],
    room: int = 1000,
    batch_of: Callable[[UUID], int] = one_by_one,
) -> list[Take]:
    """Leases up to the wanted number of due rows of each target, oldest first, until there are `room` of them; targets
    beyond are not asked. Attempts are counted here, so that a row which kills its worker cannot be tried for ever (and
    see `suspects`). A lease that ends is simply due again: `next_at` is its end. Of a limited target as many rows as go
    out in the calls that it may have, `batch_of` it in each, and those calls are counted with them."""
    token = uuid4().hex
    takes: list[Take] = []
    limited = [target.id for target, _ in wanted if target.is_limited]
    windows: Mapping[UUID, Locked] = {}
    for target, count in _in_lock_order(wanted) if limited else wanted:
        asked = min(count, room)
        if asked <= 0:
            break
        if target.state == TargetState.DELETED:
            takes.append(Take(target, asked, [], cancel_part(connection, target.id, now)))
            continue
        windows = windows or (lock(connection, limited) if target.is_limited else {})
        locked = windows.get(target.id)
        batch = batch_of(target.id)
        most = asked if locked is None else min(asked, locked.standing.granted(-(-asked // batch), MARGIN) * batch)
        rows = _take(connection, target, most, now, lease[target.kind], token) if most else []
        room -= len(rows)
        grant = count_calls(connection, locked, -(-len(rows) // batch), MARGIN) if locked is not None else None
        takes.append(Take(target, asked, rows, grant=grant))
    return takes


def _in_lock_order(wanted: Sequence[tuple[DueTarget, int]]) -> list[tuple[DueTarget, int]]:
    """Probes write on their target, and rows of targets are locked before windows."""
    return sorted(wanted, key=lambda each: not each[0].is_probe)


def _take(
    connection: Connection, target: DueTarget, count: int, now: datetime, length: timedelta, token: str
) -> list[Leased]:
    if not target.is_probe:
        return _lease(connection, target, count, now, length, token)
    rows = _lease(connection, target, 1, now, length, token)
    if rows and not _take_probe(connection, target, now, length):  # another worker probes
        release(connection, rows, now)
        return []
    return rows


_LEASE_COLUMNS = (
    Delivery.account_id, Delivery.id, Delivery.kind, Delivery.target_id, Delivery.ref_id, Delivery.ref_at,
    Delivery.attempts, Delivery.expires_at, Delivery.waiter,
)  # fmt: skip
# A CTE, which PostgreSQL runs once: a sub-select that it repeats in a nested loop skips what it has locked, and so
# takes more rows than its limit.
_DUE = (
    select(Delivery.account_id, Delivery.id)
    .where(Delivery.target_id == bindparam("target"), Delivery.next_at <= bindparam("now"))
    .where(text("status IN ('pending', 'leased')"))  # spelled as the partial index has it
    .order_by(Delivery.next_at)
    .limit(bindparam("count"))
    .with_for_update(skip_locked=True)
    .cte("due")
)
_LEASE = Direct(
    update(Delivery)
    .where(row_of(Delivery.account_id, Delivery.id).in_(select(_DUE.c.account_id, _DUE.c.id)))
    .values(
        status=Status.LEASED,
        next_at=bindparam("until"),
        lease_token=suspects.token_of_claim(),
        attempts=Delivery.attempts + 1,
    )
    .returning(*_LEASE_COLUMNS, Delivery.lease_token)
)


def _lease(
    connection: Connection, target: DueTarget, count: int, now: datetime, length: timedelta, token: str
) -> list[Leased]:
    values = {"target": target.id, "now": now, "count": count, "until": now + length, "token": token}
    return suspects.one_at_a_time(connection, [Leased._make(row) for row in _LEASE(connection, values)], now)


def _take_probe(connection: Connection, target: DueTarget, now: datetime, length: timedelta) -> bool:
    """One probe at a time: whoever moves `breaker_until` first makes it."""
    mine = connection.execute(
        update(Target)
        .where(Target.id == target.id, Target.breaker != Breaker.CLOSED, Target.breaker_until <= now)
        .values(breaker=Breaker.HALF_OPEN, breaker_until=now + length)
    )
    return mine.rowcount == 1


def cancel_part(connection: Connection, target_id: UUID, now: datetime) -> int:
    """Cancels some open deliveries of a deleted target, whenever they would have been due; those in somebody's hands
    only when their lease has ended, since their call may be on its way."""
    in_hand = (Delivery.status == Status.LEASED) & (Delivery.next_at > now)
    some = (
        select(Delivery.account_id, Delivery.id)
        .where(Delivery.target_id == target_id, text("status IN ('pending', 'leased')"), ~in_hand)
        .limit(CANCEL_PART)
    )
    done = connection.execute(
        update(Delivery)
        .where(row_of(Delivery.account_id, Delivery.id).in_(some))
        .values(
            status=Status.CANCELLED,
            done_at=now,
            lease_token=None,
            error=ErrorClass.GONE,
            detail="The target was deleted",
        )
        .returning(Delivery.account_id, Delivery.ref_at)
    ).all()
    gone = Stand(Status.CANCELLED, ErrorClass.GONE, now)
    shift(connection, [Shift(account_id, target_id, ref_at, OPEN, gone) for account_id, ref_at in done], apart=True)
    return len(done)
