"""Deliveries of things about a person who asked to be forgotten: none is sent any more, and no answer is kept."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, func, select, update
from sqlalchemy.orm import Session

from app.core.privacy import Counts, Recipient
from app.outbound import repair
from app.outbound.models import Attempt, Delivery, ErrorClass, Status, Target

FORGOTTEN = "The person asked to be forgotten"
ENDABLE = (Status.PENDING, Status.LEASED, Status.DEAD)


def in_hand(connection: Connection, account_id: UUID, refs: Sequence[UUID], now: datetime) -> set[UUID]:
    """Those of these events (at most PART) that a worker is sending just now: what it hears is still to be written."""
    held = (Delivery.status == Status.LEASED) & (Delivery.next_at > now)
    found = select(Delivery.ref_id).where(Delivery.account_id == account_id, Delivery.ref_id.in_(refs), held)
    return set(connection.scalars(found))


def forget(connection: Connection, account_id: UUID, refs: Sequence[UUID], now: datetime) -> Counts:
    """Drops what these events (at most PART) still owe, dead letters too, so that nobody can replay it, and blanks what
    receivers answered. Figures stay: a dropped delivery is counted as cancelled."""
    mine = (Delivery.account_id == account_id) & Delivery.ref_id.in_(refs)
    rows = connection.execute(select(Delivery.id, Delivery.status).where(mine)).all()
    endable = [row.id for row in rows if row.status in ENDABLE]
    if endable:
        repair.cancel(connection, account_id, endable, now)
    never = {"error": ErrorClass.CONSENT, "detail": FORGOTTEN}  # a replay passes these by
    connection.execute(update(Delivery).where(mine, Delivery.status == Status.CANCELLED).values(**never))
    connection.execute(update(Delivery).where(mine, Delivery.status != Status.CANCELLED).values(detail=None))
    connection.execute(update(Delivery).where(mine, Delivery.response.is_not(None)).values(response=None))
    ids = [row.id for row in rows]
    theirs = (Attempt.account_id == account_id) & Attempt.delivery_id.in_(ids)
    tried = connection.execute(update(Attempt).where(theirs).values(detail=None, response=None)).rowcount
    return {"delivery": len(rows), "attempt": tried}


def count(session: Session, account_id: UUID, refs: Sequence[UUID]) -> Counts:
    """Of these events: `delivery`, `attempt`, and how many of the deliveries are still `open` or `dead`."""
    mine = (Delivery.account_id == account_id) & Delivery.ref_id.in_(refs)
    rows = session.execute(select(Delivery.id, Delivery.status).where(mine)).all()
    theirs = (Attempt.account_id == account_id) & Attempt.delivery_id.in_([row.id for row in rows])
    tried = session.scalar(select(func.count()).select_from(Attempt).where(theirs)) or 0
    owed = sum(row.status in ENDABLE for row in rows)
    return {"delivery": len(rows), "attempt": tried, "owed": owed}


def recipients(session: Session, account_id: UUID, refs: Sequence[UUID]) -> list[tuple[UUID, Recipient]]:
    """Which targets took these events, by the target's id."""
    arrived = (Delivery.account_id == account_id) & Delivery.ref_id.in_(refs) & (Delivery.status == Status.DONE)
    counted = (
        select(Target.id, Target.label, Target.kind, func.count(), func.max(Delivery.done_at))
        .join(Delivery, Delivery.target_id == Target.id)
        .where(arrived)
        .group_by(Target.id, Target.label, Target.kind)
    )
    return [(id_, Recipient(label, kind, sent, at)) for id_, label, kind, sent, at in session.execute(counted)]
