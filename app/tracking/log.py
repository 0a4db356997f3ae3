"""The event log read back: a list newest first, and one event with everything that was tried."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, literal, or_, select
from sqlalchemy.orm import aliased

from app.core import ids
from app.core.db import db
from app.core.errors import NotFound
from app.core.pagination import Page, keyset
from app.outbound.models import OPEN_STATUSES, Attempt, Delivery, Status, Target, TargetState
from app.tracking.models import TrackedEvent
from app.tracking.status import EventStatus, event_status

PREFIX = "track_"  # of a request id; the rest is the hex of the event's id
MAX_ATTEMPTS = 200


@dataclass(frozen=True, slots=True)
class Line:
    """One event of the list, with where it stands."""

    event: TrackedEvent
    status: str
    last_error: str | None


@dataclass(frozen=True, slots=True)
class Detail:
    """One event; `attempts` newest first over all its deliveries (a replay adds one)."""

    event: TrackedEvent
    status: str
    delivery: Delivery | None
    target: Target | None
    attempts: list[Attempt]


def request_id(event_id: UUID) -> str:
    return f"{PREFIX}{event_id.hex}"


def to_event_id(text: str) -> UUID | None:
    """The id in `track_<hex>` or a bare UUID; None for anything else."""
    return ids.to_uuid(text.removeprefix(PREFIX))


def search(
    account_id: UUID,
    *,
    platform: str | None = None,
    name: str | None = None,
    status: str | None = None,
    pixel: UUID | None = None,
    after: str | None = None,
    limit: int = 50,
) -> Page[Line]:
    """Events newest first. An unknown status finds nothing. Raises Malformed for a cursor that is not ours."""
    found = _latest().where(TrackedEvent.account_id == account_id)
    if platform:
        found = found.where(TrackedEvent.platform == platform)
    if name:
        found = found.where(TrackedEvent.event_name == name)
    if pixel is not None:
        found = found.where(TrackedEvent.target_id == pixel)
    if status:
        found = found.where(_stands(status))
    order: list[ColumnElement[Any]] = [TrackedEvent.created_at.desc(), TrackedEvent.id.desc()]
    page = keyset(db.session(), found, order, after, limit)
    lines = [_line(event, delivery, target) for event, delivery, target in page.rows]
    return Page(lines, page.page, page.limit, page.total, page.more, page.next)


def _latest() -> Any:
    """Each event with its newest delivery and that delivery's target."""
    newer = aliased(Delivery)
    replayed = exists().where(
        newer.account_id == Delivery.account_id,
        newer.ref_id == Delivery.ref_id,
        newer.kind == Delivery.kind,
        newer.target_id == Delivery.target_id,
        newer.generation > Delivery.generation,
    )
    own = and_(
        Delivery.account_id == TrackedEvent.account_id,
        Delivery.ref_id == TrackedEvent.id,
        Delivery.target_id == TrackedEvent.target_id,
        ~replayed,
    )
    return (
        select(TrackedEvent, Delivery, Target)
        .select_from(TrackedEvent)
        .outerjoin(Delivery, own)
        .outerjoin(Target, Target.id == TrackedEvent.target_id)
    )


def _stands(status: str) -> ColumnElement[bool]:
    """What `event_status` says, as SQL. Statuses are literals: SQLite takes a partial index for nothing else."""
    is_open = Delivery.status.in_([_literal(one) for one in OPEN_STATUSES])
    match status:
        case EventStatus.DELIVERED:
            return Delivery.status == _literal(Status.DONE)
        case EventStatus.FAILED:
            return Delivery.status == _literal(Status.DEAD)
        case EventStatus.CANCELLED:
            dropped = and_(is_open, Target.state == TargetState.DELETED)
            return or_(Delivery.id.is_(None), Delivery.status == _literal(Status.CANCELLED), dropped)
        case EventStatus.PAUSED:
            return and_(is_open, Target.state == TargetState.PAUSED)
        case EventStatus.PENDING:
            return and_(is_open, Target.state == TargetState.ACTIVE)
    return literal(False)


def _literal(status: Status) -> ColumnElement[str]:
    return literal(status.value, literal_execute=True)


def _line(event: TrackedEvent, delivery: Delivery | None, target: Target | None) -> Line:
    status = event_status(delivery.status if delivery else None, target.state if target else None)
    failed = delivery is not None and status != EventStatus.DELIVERED
    return Line(event, status, delivery.detail if delivery and failed else None)


def get(account_id: UUID, event_id: UUID | None) -> Detail:
    """One event by its id, which carries the partition it is in. Raises NotFound, also for another account's."""
    event = None
    if event_id is not None and event_id.version == 7:
        event = db.session.get(TrackedEvent, (account_id, ids.created_at(event_id), event_id))
    if event is None:
        raise NotFound
    owed = select(Delivery).where(
        Delivery.account_id == account_id, Delivery.ref_id == event.id, Delivery.target_id == event.target_id
    )
    deliveries = list(db.session.scalars(owed.order_by(Delivery.generation.desc())))
    target = db.session.get(Target, event.target_id)
    delivery = deliveries[0] if deliveries else None
    status = event_status(delivery.status if delivery else None, target.state if target else None)
    return Detail(event, status, delivery, target, _attempts(account_id, event, deliveries))


def _attempts(account_id: UUID, event: TrackedEvent, deliveries: list[Delivery]) -> list[Attempt]:
    tried = select(Attempt).where(
        Attempt.account_id == account_id,
        Attempt.delivery_id.in_([delivery.id for delivery in deliveries]),
        Attempt.created_at >= event.created_at,  # older partitions cannot hold any
    )
    return list(db.session.scalars(tried.order_by(Attempt.created_at.desc(), Attempt.id.desc()).limit(MAX_ATTEMPTS)))
