"""The events of conversion events, as other systems may be told of them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _l
from pydantic import Field

from app.core.event_types import EventType, declare
from app.core.schema import Out

DELIVERED: dict[str, Any] = {
    "eventId": "order-1042",
    "requestId": "track_01937a3e4f107c3e8a526d3f6a4b9c01",
    "platform": "facebook",
    "pixelId": "123456789012345",
    "eventName": "EVENT_PURCHASE",
    "attempts": 1,
    "at": "2026-11-22T12:00:00.123Z",
}


class TrackingDelivered(Out):
    """Nothing of the person that the event is about."""

    event_id: str = Field(description="The id of the event, given by the sender or made at intake.")
    request_id: str = Field(description="As the intake answered: `GET /api/tracking/events/{requestId}`.")
    platform: str = Field(description="Where it went: kwai, facebook, …")
    pixel_id: str = Field(description="The pixel's id at the platform.")
    event_name: str = Field(description="The name it was sent by: EVENT_PURCHASE, …")
    attempts: int = Field(ge=0, description="How many times it was tried.")
    at: datetime = Field(description="When that was settled.")


class TrackingFailed(TrackingDelivered):
    error: str | None = Field(None, description="The kind of fault, in a word.")
    detail: str | None = Field(None, description="What the platform said, in short.")


def declare_events() -> None:
    failed = DELIVERED | {"attempts": 3, "error": "refused", "detail": "HTTP 400: Invalid parameter"}
    declare(
        EventType("tracking.delivered", _l("A platform took a conversion event"), TrackingDelivered, DELIVERED),
        EventType("tracking.failed", _l("A conversion event was given up"), TrackingFailed, failed),
    )
