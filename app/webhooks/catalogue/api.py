"""The catalogue of events for programs: /api/custom-webhooks/events."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from app.core import event_types
from app.core.api import endpoint
from app.core.errors import localized
from app.core.schema import Out
from app.webhooks.api import bp
from app.webhooks.catalogue import reading


class EventOut(Out):
    name: str = Field(description="What a webhook subscribes to; `deal.*` takes all of a group, `*` all.")
    group: str
    summary: str
    is_emitted: bool = Field(description="False while the product has no cause for it yet.")
    example: dict[str, Any] = Field(description="A whole body, as it is sent.")
    body_schema: dict[str, Any] = Field(alias="schema", description="JSON Schema of a whole body.")


class EventsOut(Out):
    data: list[EventOut]


@bp.get("/events")
@endpoint(summary="List the events that webhooks may take", permission="webhooks.view", answers={200: EventsOut})
def events() -> EventsOut:
    """All of them, by name, each with an example and the JSON Schema of its body."""
    return EventsOut(data=[_told(one) for one in event_types.public().values()])


def _told(one: event_types.EventType) -> EventOut:
    return EventOut(
        name=one.name,
        group=one.group,
        summary=localized(one.summary),
        is_emitted=one.is_emitted,
        example=dict(reading.body(one)),
        body_schema=reading.schema(one),
    )
