"""The OpenAPI 3.1 document, built from what the endpoints themselves declare."""

from __future__ import annotations

import inspect
from typing import Any

from flask import Flask
from pydantic.json_schema import JsonSchemaValue

from app.core.api import Operation
from app.core.openapi import answers, callers
from app.core.openapi.callers import CallersOf, nobody_told
from app.core.openapi.examples import example_of
from app.core.openapi.routes import VARIABLE, Route, routes
from app.core.openapi.schemas import Schemas, of_models, resolved, used
from app.core.pagination import CursorQuery, PageQuery

TOKEN_PATH = "/api/oauth/token"  # noqa: S105
CONVERTERS: dict[str, JsonSchemaValue] = {
    "uuid": {"type": "string", "format": "uuid"},
    "int": {"type": "integer", "minimum": 0},
    "float": {"type": "number"},
}
ABOUT = """\
**Versions.** Everything under `/api` is also served under `/api/v1`. A change that would break a caller gets a new
prefix; new fields and new optional parameters may come at any time.

**Who calls.** A client app sends its API client token, or a token of one hour from `/api/oauth/token`, and reaches what
its scopes name. A person sends the access token of `/api/auth/login`, and reaches what their role may. Both go in
`Authorization: Bearer …`, never in the address. What belongs to another account is 404.

**Bodies** are JSON objects in UTF-8 (`Content-Type: application/json`), camelCase but for tracking and images, which
keep their snake_case; `null` means absent. Times are ISO 8601 in UTC.

**Lists** take `page` and `limit` (up to 200) and answer `pagination`; those that may grow past 10,000 rows also take
`after`, the `next` of the page before, and then `total` stops at 10000 with `more` true.

**Repeats.** An event with an `event_id`, or sent with an `Idempotency-Key`, is known for seven days: a repeat is not
sent again and answers `"duplicate": true`. Objects that people change carry a `version`: send it along, and a change
made meanwhile is a 409 with the object as it is now.

**Errors** are JSON: `{"error": "…"}`, with `fields` where fields are wrong. 429 and 503 carry `Retry-After` in seconds;
a 429 names its limit in `RateLimit-Policy` and what is left of it in `RateLimit`. Every answer carries `X-Request-Id`:
tell us that number when you ask about a call."""


def build(app: Flask, public_url: str, callers_of: CallersOf = nobody_told) -> dict[str, Any]:
    """The whole document, as plain values."""
    told = sorted(routes(app), key=lambda route: (route.path, route.method))
    schemas, components = of_models(told)
    paths: dict[str, dict[str, Any]] = {}
    for route in told:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, schemas, components, callers_of)
    errors = answers.errors()
    return {
        "openapi": "3.1.0",
        "info": {"title": "Kalitrack API", "version": "1", "description": ABOUT},
        "servers": [{"url": public_url}],
        "tags": [{"name": name} for name in sorted({route.tag for route in told})],
        "paths": paths,
        "components": {
            "schemas": used(components, paths, errors),
            "responses": errors,
            "headers": answers.HEADERS,
            "securitySchemes": _schemes(public_url, told, callers_of),
        },
    }


def _schemes(public_url: str, told: list[Route], callers_of: CallersOf) -> dict[str, Any]:
    permissions = {route.operation.permission for route in told if route.operation.permission}
    scopes = sorted({scope for permission in permissions for scope in callers_of(permission).scopes})
    flow = {"tokenUrl": public_url + TOKEN_PATH, "scopes": {scope: f"Calls that name {scope}" for scope in scopes}}
    return {
        callers.ACCESS_TOKEN: {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "A person's token from /api/auth/login, for 15 minutes; /api/auth/refresh gives the next.",
        },
        callers.CLIENT_TOKEN: {
            "type": "http",
            "scheme": "bearer",
            "description": "The token of an API client, shown once when it is made (API clients, New).",
        },
        callers.CLIENT_CREDENTIALS: {
            "type": "oauth2",
            "description": "The same client by OAuth 2: a token of one hour for its id and its token.",
            "flows": {"clientCredentials": flow},
        },
    }


def _operation(
    route: Route, schemas: Schemas, components: dict[str, JsonSchemaValue], callers_of: CallersOf
) -> dict[str, Any]:
    operation = route.operation
    who = callers_of(operation.permission) if operation.permission else callers.Callers()
    described = [operation.description, _words_of_query(operation), callers.sentence(operation, who)]
    told: dict[str, Any] = {
        "operationId": route.id,
        "summary": operation.summary,
        "description": "\n\n".join(filter(None, described)),
        "tags": [route.tag],
        "security": callers.security(operation, who),
        "responses": answers.responses(route, schemas, components),
    }
    if operation.permission:
        told |= {"x-permission": operation.permission, "x-roles": list(who.roles), "x-scopes": list(who.scopes)}
    if operation.confirmed:
        told["x-confirmed"] = True
    parameters = _path_parameters(route) + _query_parameters(operation, schemas, components)
    if parameters := parameters + [_header(*each) for each in operation.headers]:
        told["parameters"] = parameters
    if operation.body:
        schema = schemas[operation.body, "validation"]
        told["requestBody"] = {"required": True, "content": _body(operation, schema, components)}
    return told


def _words_of_query(operation: Operation) -> str:
    """What a resource says of its own filters; not what every list has."""
    is_own = operation.query is not None and operation.query not in (PageQuery, CursorQuery)
    return inspect.cleandoc(operation.query.__doc__ or "") if is_own and operation.query else ""


def _body(operation: Operation, schema: JsonSchemaValue, components: dict[str, JsonSchemaValue]) -> dict[str, Any]:
    """JSON, or a form whose fields are those of the model, with the file if there is one."""
    if operation.file is None:
        kind = "application/x-www-form-urlencoded" if operation.form else "application/json"
        return {kind: {"schema": schema, "example": example_of(schema, components, is_body=True)}}
    fields = resolved(schema, components)
    form = {
        "type": "object",
        "required": [operation.file, *fields.get("required", ())],
        "properties": {
            operation.file: {"type": "string", "format": "binary", "contentMediaType": "application/octet-stream"},
            **fields.get("properties", {}),
        },
    }
    return {"multipart/form-data": {"schema": form}}


def _path_parameters(route: Route) -> list[dict[str, Any]]:
    return [
        {
            "name": variable["name"],
            "in": "path",
            "required": True,
            "schema": schema,
            "example": example_of({"examples": PATH_EXAMPLES.get(variable["name"]), **schema}, {}),
        }
        for variable in VARIABLE.finditer(route.rule.rule)
        for schema in [CONVERTERS.get(variable["converter"] or "", {"type": "string"})]
    ]


PATH_EXAMPLES = {
    "id": ["0193a7b2-5c1e-7d2a-9f40-3b6c8d1e2f00"],
    "request_id": ["track_0193a7b25c1e7d2a9f403b6c8d1e2f00"],
    "id_fatura": ["FAT001"],
    "group": ["pixels"],
}


def _header(name: str, description: str) -> dict[str, Any]:
    schema = {"type": "string", "minLength": 1, "maxLength": 255}
    return {"name": name, "in": "header", "required": False, "description": description, "schema": schema}


def _query_parameters(
    operation: Operation, schemas: Schemas, components: dict[str, JsonSchemaValue]
) -> list[dict[str, Any]]:
    if operation.query is None:
        return []
    schema = resolved(schemas[operation.query, "validation"], components)
    required = schema.get("required", ())
    return [_query_parameter(name, of, name in required) for name, of in schema.get("properties", {}).items()]


def _query_parameter(name: str, schema: JsonSchemaValue, required: bool) -> dict[str, Any]:
    told: dict[str, Any] = {"name": name, "in": "query", "required": required, "schema": schema}
    if "description" in schema:
        told["description"] = schema["description"]
    return told
