"""The OpenAPI 3.1 document, built from what the endpoints themselves declare, and a page to read it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from flask import Flask, Response, render_template
from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue, models_json_schema
from pydantic_core import core_schema
from werkzeug.routing import Rule

from app.core.api import Answers, Operation, Resource, endpoint, operation_of
from app.core.errors import MESSAGES

NOT_IN_NAMES = re.compile(r"\W+")
VARIABLE = re.compile(r"<(?:(?P<converter>\w+)(?:\([^)]*\))?:)?(?P<name>\w+)>")
CONVERTERS: dict[str, JsonSchemaValue] = {
    "uuid": {"type": "string", "format": "uuid"},
    "int": {"type": "integer", "minimum": 0},
    "float": {"type": "number"},
}
REF = "#/components/schemas/{model}"
ERROR_SCHEMA: JsonSchemaValue = {
    "type": "object",
    "title": "Error",
    "required": ["error"],
    "properties": {
        "error": {"type": "string", "description": "What is wrong, in one sentence."},
        "fields": {
            "type": "object",
            "description": "Messages by field, when fields are wrong.",
            "additionalProperties": {"type": "array", "items": {"type": "string"}},
        },
        "current": {"type": "object", "description": "On a 409: the object as it is now."},
    },
}
REQUEST_ID = {
    "X-Request-Id": {"description": "Names this exchange; new on every answer.", "schema": {"type": "string"}}
}
RETRY_AFTER = {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}}}

Mode = Literal["validation", "serialization"]
Schemas = Mapping[Any, JsonSchemaValue]  # (model, mode) -> its schema, a $ref
_by_hand: dict[tuple[str, str], Operation] = {}


class WireSchema(GenerateJsonSchema):
    """Decimals leave as numbers (`wire`), where pydantic would write strings."""

    def decimal_schema(self, schema: core_schema.DecimalSchema) -> JsonSchemaValue:
        return {"type": "number"} if self.mode == "serialization" else super().decimal_schema(schema)


def document(
    path: str,
    method: str,
    *,
    summary: str,
    answers: Answers,
    permission: str | None = None,
    public: bool = False,
    body: type[BaseModel] | None = None,
    query: type[BaseModel] | None = None,
    description: str = "",
    tag: str = "",
) -> None:
    """Documents what is answered outside `@endpoint` (the front door's paths), under its path without /v1 as in the URL
    map: "/api/tracking/events". A later call for the same path and method replaces the earlier one."""
    if public is (permission is not None):
        raise TypeError(f"{method} {path} needs either permission=… or public=True")
    _by_hand[path, method.upper()] = Operation(summary, permission, answers, body, query, description, tag)


@dataclass(frozen=True, slots=True)
class Route:
    """One method of one path, with what it promises."""

    rule: Rule
    method: str
    operation: Operation

    @property
    def path(self) -> str:
        return VARIABLE.sub(r"{\g<name>}", self.rule.rule)

    @property
    def tag(self) -> str:
        blueprint = self.rule.endpoint.rpartition(".")[0]
        return self.operation.tag or blueprint.removesuffix("_api").removeprefix("api_") or "api"


def routes(app: Flask) -> Iterator[Route]:
    """Every documented operation under /api; its twin under /api/v1 is the same and is left out."""
    for rule in app.url_map.iter_rules():
        if not rule.rule.startswith("/api/") or rule.rule.startswith("/api/v1/"):
            continue
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            operation = _by_hand.get((rule.rule, method)) or operation_of(app.view_functions.get(rule.endpoint))
            if operation is not None:
                yield Route(rule, method, operation)


def undocumented(app: Flask) -> list[str]:
    """The rules under /api and /api/v1 that the document does not tell: must be empty, a test says so."""
    known = {(route.rule.rule, route.method) for route in routes(app)}
    missing = []
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith("/api/"):
            path = rule.rule.replace("/api/v1/", "/api/", 1)
            methods = (rule.methods or set()) - {"HEAD", "OPTIONS"}
            missing += [f"{method} {rule.rule}" for method in sorted(methods) if (path, method) not in known]
    return missing


def build(app: Flask, public_url: str) -> dict[str, Any]:
    """The whole document, as plain values."""
    told = sorted(routes(app), key=lambda route: (route.path, route.method))
    schemas, definitions = models_json_schema(
        sorted(_models(told), key=str), ref_template=REF, schema_generator=WireSchema
    )
    components = {"Error": ERROR_SCHEMA} | definitions.get("$defs", {})
    paths: dict[str, dict[str, Any]] = {}
    for route in told:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, schemas, components)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Kalitrack API",
            "version": "1",
            "description": "Everything under /api is also served under /api/v1.",
        },
        "servers": [{"url": public_url}],
        "tags": [{"name": name} for name in sorted({route.tag for route in told})],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
        },
    }


def _models(told: list[Route]) -> set[tuple[type[BaseModel], Mode]]:
    found: set[tuple[type[BaseModel], Mode]] = set()
    for route in told:
        operation = route.operation
        found |= {(model, "validation") for model in (operation.body, operation.query) if model}
        found |= {(model, "serialization") for model in operation.answers.values() if model}
    return found


def _operation(route: Route, schemas: Schemas, components: Mapping[str, JsonSchemaValue]) -> dict[str, Any]:
    operation = route.operation
    told: dict[str, Any] = {
        "operationId": NOT_IN_NAMES.sub("_", f"{route.method.lower()}{route.path.removeprefix('/api')}").rstrip("_"),
        "summary": operation.summary,
        "tags": [route.tag],
        "security": [{"bearer": []}] if operation.permission else [],
        "responses": _responses(route, schemas),
    }
    if operation.description:
        told["description"] = operation.description
    if operation.permission:
        told["x-permission"] = operation.permission
    if parameters := _path_parameters(route) + _query_parameters(operation, schemas, components):
        told["parameters"] = parameters
    if operation.body:
        told["requestBody"] = {
            "required": True,
            "content": _body(operation, schemas[operation.body, "validation"], components),
        }
    return told


def _body(operation: Operation, schema: JsonSchemaValue, components: Mapping[str, JsonSchemaValue]) -> dict[str, Any]:
    """JSON, or a form whose fields are those of the model and the file."""
    if operation.file is None:
        return _json(schema)
    fields = components[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
    form = {
        "type": "object",
        "required": [operation.file, *fields.get("required", ())],
        "properties": {
            operation.file: {"type": "string", "format": "binary", "contentMediaType": "application/octet-stream"},
            **fields.get("properties", {}),
        },
    }
    return {"multipart/form-data": {"schema": form}}


def _json(schema: JsonSchemaValue) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}


def _path_parameters(route: Route) -> list[dict[str, Any]]:
    return [
        {
            "name": variable["name"],
            "in": "path",
            "required": True,
            "schema": CONVERTERS.get(variable["converter"] or "", {"type": "string"}),
        }
        for variable in VARIABLE.finditer(route.rule.rule)
    ]


def _query_parameters(
    operation: Operation, schemas: Schemas, components: Mapping[str, JsonSchemaValue]
) -> list[dict[str, Any]]:
    if operation.query is None:
        return []
    schema = schemas[operation.query, "validation"]
    schema = components[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
    required = schema.get("required", ())
    return [
        {"name": name, "in": "query", "required": name in required, "schema": of}
        for name, of in schema.get("properties", {}).items()
    ]


def _responses(route: Route, schemas: Schemas) -> dict[str, Any]:
    answers: dict[int, type[BaseModel] | None] = dict.fromkeys(_usual_errors(route))
    answers |= dict(route.operation.answers)
    told: dict[str, Any] = {}
    for status, model in sorted(answers.items()):
        response: dict[str, Any] = {"description": _meaning(status), "headers": REQUEST_ID}
        if model is not None:
            response["content"] = _json(schemas[model, "serialization"])
        elif status >= 400:
            response["content"] = _json({"$ref": REF.format(model="Error")})
        if status in (429, 503):
            response["headers"] = REQUEST_ID | RETRY_AFTER
        told[str(status)] = response
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
    yield from (429, 500, 503)


def _meaning(status: int) -> str:
    done = {200: "Done", 201: "Created", 202: "Accepted: the work goes on", 204: "Done, nothing to say"}
    return done.get(status) or MESSAGES.get(status) or f"Status {status}"


def register(app: Flask, public_url: str) -> None:
    """Serves /api/openapi.json and /api/docs. The document is built once, at the first request, when every feature has
    registered its routes."""
    pages = Resource("api_document", __name__, "")
    document_once = cache(lambda: build(app, public_url))

    @pages.get("/openapi.json")
    @endpoint(summary="This document", public=True, answers={200: None})
    def openapi_json() -> dict[str, Any]:
        return document_once()

    @pages.get("/docs")
    @endpoint(summary="This document as a page", public=True, answers={200: None})
    def docs() -> Response:
        return Response(render_template("api/docs.html", api=document_once(), groups=_by_tag(document_once())))

    app.register_blueprint(pages)


def _by_tag(api: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    groups: dict[str, list[dict[str, Any]]] = {tag["name"]: [] for tag in api["tags"]}
    for path, methods in api["paths"].items():
        for method, operation in methods.items():
            groups[operation["tags"][0]].append({"path": path, "method": method.upper(), **operation})
    return groups
