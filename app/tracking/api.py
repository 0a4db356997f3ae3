"""GET /api/tracking/events/{request_id}: where a client's own event stands."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict
from sqlalchemy import select

from app.core.api import current, endpoint, resource_blueprint
from app.core.db import db
from app.core.errors import NotFound
from app.core.ids import created_at, to_uuid7
from app.outbound import attempts
from app.outbound.models import Delivery, Status, Target
from app.tracking.models import TrackedEvent
from app.tracking.status import EventStatus, event_status

PREFIX = "track_"
bp = resource_blueprint("tracking_api", __name__, "/tracking")


class AttemptOut(BaseModel):
    """The tracking endpoints keep the snake_case of their source."""

    model_config = ConfigDict(from_attributes=True)

    at: datetime
    duration_ms: int
    http_status: int | None
    outcome: str
    detail: str | None


class StatusOut(BaseModel):
    request_id: str
    event_id: str
    platform: str
    pixel_id: str
    event_name: str
    status: str
    attempts: list[AttemptOut]
    next_attempt_at: datetime | None
    response: str | None


@bp.get("/events/<request_id>")
@endpoint(summary="Where an event stands", permission="events.write", answers={200: StatusOut})
def status(request_id: str) -> StatusOut:
    """The attempts made so far, the next one, and the platform's last answer. Only events of the calling client."""
    event = _own_event(request_id)
    row: Any = db.session.execute(
        select(Delivery, Target.state)
        .join(Target, Target.id == Delivery.target_id)
        .where(Delivery.account_id == event.account_id, Delivery.ref_id == event.id)
        .order_by(Delivery.generation.desc())
        .limit(1)
    ).one_or_none()
    delivery, target_state = row if row is not None else (None, None)
    word = event_status(delivery.status if delivery else None, target_state)
    return StatusOut(
        request_id=f"{PREFIX}{event.id.hex}",
        event_id=event.event_id,
        platform=event.platform,
        pixel_id=event.pixel_id,
        event_name=event.event_name,
        status=word,
        attempts=_attempts(delivery) if delivery else [],
        next_attempt_at=_next_attempt_at(delivery, word),
        response=delivery.response if delivery else None,
    )


def _next_attempt_at(delivery: Delivery | None, word: str) -> datetime | None:
    """None while an attempt is under way: what is in the row then is the end of the lease."""
    is_waiting = delivery is not None and delivery.status == Status.PENDING and word == EventStatus.PENDING
    return delivery.next_at if delivery is not None and is_waiting else None


def _own_event(request_id: str) -> TrackedEvent:
    """Its time is in its id, so one partition is read. Raises NotFound for another client's as for none."""
    id_ = to_uuid7(request_id.removeprefix(PREFIX)) if request_id.startswith(PREFIX) else None
    if id_ is None:
        raise NotFound()
    caller = current()
    event = db.session.get(TrackedEvent, (caller.account_id, created_at(id_), id_))
    if event is None or event.client_id != caller.client_id:
        raise NotFound()
    return event


def _attempts(delivery: Delivery) -> list[AttemptOut]:
    rows = attempts.newest(db.session(), delivery.account_id, [delivery.id], delivery.created_at)
    return [
        AttemptOut(
            at=row.started_at,
            duration_ms=row.duration_ms,
            http_status=row.http_status,
            outcome=row.outcome,
            detail=row.detail,
        )
        for row in reversed(rows)
    ]
