"""One word for where an event stands, for the status API and the pages (CONTRACTS §4)."""

from __future__ import annotations

from enum import StrEnum

from app.outbound.models import Status, TargetState


class EventStatus(StrEnum):
    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"
    CANCELLED = "cancelled"
    PAUSED = "paused"


FINAL = {
    Status.DONE: EventStatus.DELIVERED,
    Status.DEAD: EventStatus.FAILED,
    Status.CANCELLED: EventStatus.CANCELLED,
}


def event_status(delivery_status: str | None, target_state: str | None) -> str:
    """`pending|delivered|failed|cancelled|paused` from a delivery and its target. An event without a delivery was
    never to be sent (consent denied). What is still due of a deleted target is about to be cancelled."""
    if delivery_status is None:
        return EventStatus.CANCELLED
    final = FINAL.get(Status(delivery_status))
    if final is not None:
        return final
    if target_state == TargetState.DELETED:
        return EventStatus.CANCELLED
    return EventStatus.PAUSED if target_state == TargetState.PAUSED else EventStatus.PENDING
