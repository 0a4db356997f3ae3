"""The latest events, with where they stand: the only raw rows of the overview, found by their key."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, select

from app.outbound.models import Delivery, Target
from app.tracking.models import TrackedEvent
from app.tracking.status import event_status

SHOWN = 10


@dataclass(frozen=True, slots=True)
class Latest:
    id: UUID
    at: datetime
    name: str
    pixel: str  # as deliveries name it
    status: str  # EventStatus

    @property
    def request_id(self) -> str:
        return f"track_{self.id.hex}"


def latest(connection: Connection, account_id: UUID) -> list[Latest]:
    """Newest first."""
    event = (
        select(TrackedEvent.id, TrackedEvent.created_at, TrackedEvent.event_name, TrackedEvent.target_id)
        .where(TrackedEvent.account_id == account_id)
        .order_by(TrackedEvent.created_at.desc(), TrackedEvent.id.desc())
        .limit(SHOWN)
        .subquery()
    )
    found = (
        select(event.c.id, event.c.created_at, event.c.event_name, Target.label, Delivery.status, Target.state)
        .outerjoin(Delivery, (Delivery.account_id == account_id) & (Delivery.id == event.c.id))
        .outerjoin(Target, Target.id == event.c.target_id)
        .order_by(event.c.created_at.desc(), event.c.id.desc())
    )
    return [
        Latest(id_, at, name, label or "", event_status(status, state))
        for id_, at, name, label, status, state in connection.execute(found)
    ]
