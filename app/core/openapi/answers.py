"""What an operation answers: its own models, and the errors that really come, written once for all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from app.core.errors import CONFIRM, MESSAGES
from app.core.openapi.examples import example_of
from app.core.openapi.routes import VARIABLE, Route
from app.core.openapi.schemas import REF, Schemas

DONE = {200: "Done", 201: "Created", 202: "Accepted: the work goes on", 204: "Done, nothing to say"}
NAMES = {
    400: "Malformed",
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    409: "Conflict",
    413: "TooLarge",
    415: "UnsupportedType",
    429: "TooManyRequests",
    500: "Failed",
    503: "Unavailable",
}
HEADERS: dict[str, Any] = {
    "X-Request-Id": {"description": "Names this exchange; new on every answer.", "schema": {"type": "string"}},
    "Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer", "minimum": 1}},
    "RateLimit": {
        "description": 'What is left of the limit and the seconds until it is whole again: `"per_minute";r=0;t=42`.',
        "schema": {"type": "string"},
    },
    "RateLimit-Policy": {
        "description": 'The limit, its amount and the seconds of its window: `"per_minute";q=60;w=60`.',
        "schema": {"type": "string"},
    },
    "WWW-Authenticate": {"description": "What credentials are wanted.", "schema": {"type": "string"}},
}
OF_STATUS = {
    401: ("WWW-Authenticate",),
    429: ("Retry-After", "RateLimit", "RateLimit-Policy"),
    503: ("Retry-After",),
}
EXAMPLES: dict[int, dict[str, Any]] = {
    400: {"error": "Missing name", "fields": {"name": ["Missing"]}},
    401: {"error": "Invalid or expired token"},
    403: {"error": str(CONFIRM), "confirmRequired": True},
    409: {"error": MESSAGES[409], "current": {"version": 4}},
}


def headers(status: int) -> dict[str, Any]:
    names = ("X-Request-Id", *OF_STATUS.get(status, ()))
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def errors() -> dict[str, Any]:
    """components.responses: one for each status of an error, by name."""
    return {name: error(status) for status, name in NAMES.items()}


def error(status: int) -> dict[str, Any]:
    example = EXAMPLES.get(status, {"error": MESSAGES[status]})
    content = {"application/json": {"schema": {"$ref": REF.format(model="Error")}, "example": example}}
    return {"description": MESSAGES[status], "headers": headers(status), "content": content}


def responses(route: Route, schemas: Schemas, components: dict[str, Any]) -> dict[str, Any]:
    """Each status that can come, in order."""
    own = dict(route.operation.answers)
    told: dict[str, Any] = {}
    for status in sorted({*_usual_errors(route), *own}):
        model = own.get(status)
        if model is None and status in NAMES:
            told[str(status)] = {"$ref": f"#/components/responses/{NAMES[status]}"}
            continue
        told[str(status)] = {"description": DONE.get(status) or MESSAGES.get(status) or f"Status {status}"}
        told[str(status)]["headers"] = headers(status)
        if model is not None:
            schema = schemas[model, "serialization"]
            example = example_of(schema, components)
            told[str(status)]["content"] = {"application/json": {"schema": schema, "example": example}}
        elif status == 200 and route.operation.media:
            told[str(status)]["content"] = {media: {} for media in route.operation.media}
    return told


def _usual_errors(route: Route) -> Iterator[int]:
    operation = route.operation
    if operation.body or operation.query:
        yield 400
    if operation.permission:
        yield from (401, 403)
    if VARIABLE.search(route.rule.rule):
        yield 404
    if operation.body:
        yield from (413, 415)
    if operation.confirmed or (operation.body and (operation.permission is None or route.tag == "auth")):
        yield 429  # whatever takes guesses is limited
    yield from (500, 503)
