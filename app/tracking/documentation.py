"""The intake endpoints in the OpenAPI document: they are answered in front of Flask, so nothing else declares them."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from app.core.openapi import document
from app.tracking.intake import MAX_BATCH, SINGLE_PATHS
from app.tracking.schema import EventBody

PERMISSION = "events.write"


class Batch(BaseModel):
    events: list[EventBody] = Field(min_length=1, max_length=MAX_BATCH)


class Accepted(BaseModel):
    """The event is on disk. 200: the platform took it (or consent was denied); 202: it will be sent."""

    success: bool = True
    message: str
    request_id: str
    event_id: str
    duplicate: bool | None = None


class NotSent(BaseModel):
    """The first attempt failed; the event is on disk, and `retrying` says whether it will be tried again."""

    success: bool = False
    error: str
    resp: str
    request_id: str
    event_id: str
    retrying: bool
    duplicate: bool | None = None


class BatchLine(BaseModel):
    model_config = ConfigDict(extra="allow")

    index: int
    request_id: str | None = None
    event_id: str | None = None
    duplicate: bool | None = None
    error: str | None = None
    fields: dict[str, Any] | None = None


class BatchAccepted(BaseModel):
    accepted: int
    rejected: int
    results: list[BatchLine]


def describe() -> None:
    for path in SINGLE_PATHS:
        document(
            path,
            "POST",
            summary="Report a conversion",
            description="Waits for the platform's first answer unless `Prefer: respond-async` is sent or the client is"
            " set to acknowledge at once. `Idempotency-Key` or `event_id` make a repeat known for seven days. What is"
            " over the client's limits, or its limits at this pixel, is 429; from addresses and origins that the client"
            " does not list: 403.",
            permission=PERMISSION,
            body=EventBody,
            answers={200: Accepted, 202: Accepted, 409: None, 429: None, 500: NotSent, 503: None},
            tag="tracking",
            headers=(
                ("Prefer", "`respond-async`: 202 as soon as the event is on disk, without waiting for the platform."),
                ("Idempotency-Key", "Printable text of your choice: the same key again, within 7 days, is a repeat."),
            ),
        )
    document(
        "/api/tracking/events/batch",
        "POST",
        summary="Report many conversions",
        description="Each event is judged by itself; bad ones do not stop good ones. Over the client's own limits the"
        " whole batch is 429; over those at a pixel, only the events that do not fit are refused, in their results.",
        permission=PERMISSION,
        body=Batch,
        answers={202: BatchAccepted, 429: None, 503: None},
        tag="tracking",
    )
    for path in (*SINGLE_PATHS, "/api/tracking/events/batch"):
        document(path, "OPTIONS", summary="CORS preflight", public=True, answers={204: None}, tag="tracking")
