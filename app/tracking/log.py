"""The event log read back: a list newest first, and one event with everything that was tried."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, false, literal, or_, select, tuple_
from sqlalchemy.orm import aliased

from app.core import ids
from app.core.db import db
from app.core.errors import NotFound
from app.core.pagination import Page, keyset
from app.outbound.models import OPEN_STATUSES, Attempt, Delivery, Status, Target, TargetState
from app.tracking.models import TrackedEvent
from app.tracking.status import EventStatus, event_status

CLOCK_SKEW = timedelta(hours=1)  # between the hosts of web and worker
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
    return ids.to_uuid7(text.removeprefix(PREFIX))


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
    found = select(TrackedEvent).where(TrackedEvent.account_id == account_id)
    if platform:
        found = found.where(TrackedEvent.platform == platform)
    if name:
        found = found.where(TrackedEvent.event_name == name)
    if pixel is not None:
        found = found.where(TrackedEvent.target_id == pixel)
    if status:
        found = found.where(_stands(account_id, status))
    order: list[ColumnElement[Any]] = [TrackedEvent.created_at.desc(), TrackedEvent.id.desc()]
    page = keyset(db.session(), found, order, after, limit)
    return Page(_lines(account_id, page.rows), page.page, page.limit, page.total, page.more, page.next)


def _stands(account_id: UUID, status: str) -> ColumnElement[bool]:
    """What `event_status` says, as SQL. Delivered events are most of them, so each is looked up in turn; of the others
    there are few, so these are found first and lead to their events. Statuses are literals, since SQLite takes a
    partial index for nothing else."""
    owed = select(Delivery.ref_at, Delivery.ref_id).where(Delivery.account_id == account_id, _is_latest())
    of_event = TrackedEvent.id == Delivery.ref_id, TrackedEvent.target_id == Delivery.target_id
    key = tuple_(TrackedEvent.created_at, TrackedEvent.id)
    is_open = Delivery.status.in_([_literal(one) for one in OPEN_STATUSES])
    match status:
        case EventStatus.DELIVERED:
            return owed.where(*of_event, Delivery.status == _literal(Status.DONE)).correlate(TrackedEvent).exists()
        case EventStatus.FAILED:
            return key.in_(owed.where(Delivery.status == _literal(Status.DEAD)))
        case EventStatus.CANCELLED:
            dropped = and_(is_open, _target_is(account_id, TargetState.DELETED))
            return key.in_(owed.where(or_(Delivery.status == _literal(Status.CANCELLED), dropped)))
        case EventStatus.PAUSED:
            return key.in_(owed.where(is_open, _target_is(account_id, TargetState.PAUSED)))
        case EventStatus.PENDING:
            return key.in_(owed.where(is_open, _target_is(account_id, TargetState.ACTIVE)))
    return false()


def _is_latest() -> ColumnElement[bool]:
    """A replay makes another delivery of the same event; only the newest counts."""
    newer = aliased(Delivery)
    return ~exists().where(
        newer.account_id == Delivery.account_id,
        newer.ref_id == Delivery.ref_id,
        newer.kind == Delivery.kind,
        newer.target_id == Delivery.target_id,
        newer.generation > Delivery.generation,
    )


def _target_is(account_id: UUID, state: TargetState) -> ColumnElement[bool]:
    own = select(Target.id).where(Target.account_id == account_id, Target.state == state)
    return Delivery.target_id.in_(own)


def _literal(status: Status) -> ColumnElement[str]:
    return literal(status.value, literal_execute=True)


def _lines(account_id: UUID, events: list[TrackedEvent]) -> list[Line]:
    """The events with where they stand: one look-up for the whole page."""
    wanted = [event.id for event in events]
    owed = select(Delivery, Target.state).outerjoin(Target, Target.id == Delivery.target_id)
    owed = owed.where(Delivery.account_id == account_id, Delivery.ref_id.in_(wanted)).order_by(Delivery.generation)
    latest = {(delivery.ref_id, delivery.target_id): (delivery, state) for delivery, state in db.session.execute(owed)}
    return [_line(event, *latest.get((event.id, event.target_id), (None, None))) for event in events]


def _line(event: TrackedEvent, delivery: Delivery | None, target_state: str | None) -> Line:
    status = event_status(delivery.status if delivery else None, target_state)
    failed = delivery is not None and status != EventStatus.DELIVERED
    return Line(event, status, delivery.detail if delivery and failed else None)


def get(account_id: UUID, event_id: UUID | None) -> Detail:
    """One event by its id, which carries the partition it is in. Raises NotFound, also for another account's."""
    event = None
    if event_id is not None:
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
        Attempt.created_at >= event.created_at - CLOCK_SKEW,  # older partitions cannot hold any
    )
    return list(db.session.scalars(tried.order_by(Attempt.created_at.desc(), Attempt.id.desc()).limit(MAX_ATTEMPTS)))
