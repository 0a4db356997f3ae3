"""The catalogue of events, for people who write a receiver: /webhooks/events."""

from __future__ import annotations

import json
from typing import Any

from flask import Response, request

from app.core import event_types
from app.core.access import requires
from app.core.htmx import page
from app.core.runtime import runtime
from app.webhooks.catalogue import reading
from app.webhooks.pages import bp
from app.webhooks.samples import SAMPLES


@bp.get("/events")
@requires("webhooks.view")
def events() -> Response:
    """All, or those that fit `q`; each has its anchor, the name with a hyphen in place of the dot."""
    text = request.args.get("q", "")[:100]
    return page(
        "webhooks/events.html",
        fragment="webhooks/_catalogue.html",
        groups=reading.search(text),
        body=_body,
        schema=_schema,
        fields=reading.fields,
        samples=SAMPLES,
        seconds=round(runtime().settings.webhook_timeout),
    )


def _body(one: event_types.EventType) -> str:
    return _readable(dict(reading.body(one)))


def _schema(one: event_types.EventType) -> str:
    return _readable(reading.schema(one))


def _readable(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)
