"""What people do to deliveries: send again what gave up, and drop what is not to be sent."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, select, update

from app.core.db import after_commit
from app.core.queue import ring
from app.outbound.models import Delivery, ErrorClass, Status, Target, TargetState
from app.outbound.tally import OPEN, Shift, Stand, shift

PART = 500  # rows of one short transaction
REPLAYABLE = (Status.DEAD, Status.CANCELLED)
CANCELLED_BY_HAND = "Cancelled by a person"


def replay(
    connection: Connection, account_id: UUID, ids: Sequence[UUID], now: datetime, *, with_done: bool = False
) -> list[UUID]:
    """Opens dead and cancelled deliveries again (at most PART; delivered ones only `with_done`), due at once, with all
    their attempts before them, and rings. Returns which: those that somebody else opened a moment ago, whose target is
    deleted or whose person refused consent stay as they are, so that however many ask, each is sent once."""
    final = (*REPLAYABLE, Status.DONE) if with_done else REPLAYABLE
    wanted = _found(connection, account_id, ids, Delivery.status.in_(final))
    rows = [row for row in wanted if row.error != ErrorClass.CONSENT and row.state != TargetState.DELETED]
    if not rows:
        return []
    connection.execute(
        update(Delivery)
        .where(Delivery.account_id == account_id, Delivery.id.in_([row.id for row in rows]))
        .values(
            status=Status.PENDING,
            generation=Delivery.generation + 1,
            attempts=0,
            next_at=now,
            lease_token=None,
            waiter=None,
            done_at=None,
            replayed_at=now,
        )
    )
    shift(connection, [_shift(row, Stand(row.status, row.error, row.done_at), OPEN) for row in rows])
    after_commit(connection, "bell", ring)
    return [row.id for row in rows]


def cancel(connection: Connection, account_id: UUID, ids: Sequence[UUID], now: datetime) -> list[UUID]:
    """Drops waiting and dead deliveries (at most PART); returns which. One in a worker's hands may be on its way, so
    it is left alone until its lease ends."""
    in_hand = (Delivery.status == Status.LEASED) & (Delivery.next_at > now)
    may_go = Delivery.status.in_((Status.PENDING, Status.LEASED, Status.DEAD)) & ~in_hand
    rows = _found(connection, account_id, ids, may_go)
    if not rows:
        return []
    connection.execute(
        update(Delivery)
        .where(Delivery.account_id == account_id, Delivery.id.in_([row.id for row in rows]))
        .values(
            status=Status.CANCELLED,
            lease_token=None,
            error=ErrorClass.BY_HAND,
            detail=CANCELLED_BY_HAND,
            done_at=now,
        )
    )
    after = Stand(Status.CANCELLED, ErrorClass.BY_HAND, now)
    shift(connection, [_shift(row, _stand(row), after) for row in rows])
    return [row.id for row in rows]


def _found(connection: Connection, account_id: UUID, ids: Sequence[UUID], which: Any) -> list[Row[Any]]:
    """The rows, locked on PostgreSQL (SQLite has one writer), with the state of their target."""
    if len(ids) > PART:
        raise ValueError(f"at most {PART} deliveries in one transaction")
    columns = (Delivery.id, Delivery.account_id, Delivery.target_id, Delivery.ref_at, Delivery.status, Delivery.error,
               Delivery.done_at, Target.state)  # fmt: skip
    found = (
        select(*columns)
        .join(Target, Target.id == Delivery.target_id)
        .where(Delivery.account_id == account_id, Delivery.id.in_(ids), which)
        .order_by(Delivery.id)
        .with_for_update(of=Delivery)
    )
    return [*connection.execute(found)]


def _stand(row: Row[Any]) -> Stand:
    return Stand(row.status, row.error, row.done_at) if row.status in (Status.DEAD, Status.DONE) else OPEN


def _shift(row: Row[Any], before: Stand, after: Stand) -> Shift:
    return Shift(row.account_id, row.target_id, row.ref_at, before, after)
