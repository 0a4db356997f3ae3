"""The models of all operations as JSON schemas, named shortly, with an example each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue, models_json_schema
from pydantic_core import core_schema

from app.core.openapi.routes import Route

PREFIX = "#/components/schemas/"
REF = PREFIX + "{model}"
ERROR: JsonSchemaValue = {
    "type": "object",
    "title": "Error",
    "description": "What went wrong. Programs go by the status; the sentence is for people and may change.",
    "required": ["error"],
    "properties": {
        "error": {"type": "string", "description": "What is wrong, in one sentence."},
        "fields": {
            "type": "object",
            "description": "Messages by field, when fields are wrong.",
            "additionalProperties": {"type": "array", "items": {"type": "string"}},
        },
        "current": {"type": "object", "description": "On a 409 of a stale `version`: the object as it is now."},
        "confirmRequired": {
            "type": "boolean",
            "description": "On a 403: sign in again and repeat the call with the new token.",
        },
        "codeRequired": {"type": "boolean", "description": "On a 401 of the sign-in: send `code` too."},
    },
}
Mode = Literal["validation", "serialization"]
Schemas = Mapping[Any, JsonSchemaValue]  # (model, mode) -> its schema, a $ref


class WireSchema(GenerateJsonSchema):
    """Decimals leave as numbers (`wire`), where pydantic would write strings; examples keep their author's order."""

    def sort(self, value: JsonSchemaValue, parent_key: str | None = None) -> JsonSchemaValue:
        return value

    def decimal_schema(self, schema: core_schema.DecimalSchema) -> JsonSchemaValue:
        return {"type": "number"} if self.mode == "serialization" else super().decimal_schema(schema)


def of_models(told: Iterable[Route]) -> tuple[Schemas, dict[str, JsonSchemaValue]]:
    """Each model's schema, and the components that they refer to. Those of a query become parameters, and what only
    they name is dropped by `used`."""
    found: set[tuple[type[BaseModel], Mode]] = set()
    for route in told:
        operation = route.operation
        found |= {(model, "validation") for model in (operation.body, operation.query) if model}
        found |= {(model, "serialization") for model in operation.answers.values() if model}
    schemas, rest = models_json_schema(sorted(found, key=str), ref_template=REF, schema_generator=WireSchema)
    components = {_short(name): _with_short_names(schema) for name, schema in rest.get("$defs", {}).items()}
    return {key: _with_short_names(schema) for key, schema in schemas.items()}, {"Error": ERROR} | components


def _short(name: str) -> str:
    """ "app__opens__mailings__schemas__FiguresOut", as pydantic tells namesakes apart: "OpensMailingsFiguresOut"."""
    parts = name.split("__")
    return name if len(parts) < 4 else "".join(map(str.capitalize, parts[1:-2])) + parts[-1]


def _with_short_names(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: PREFIX + _short(member.removeprefix(PREFIX)) if name == "$ref" else _with_short_names(member)
            for name, member in value.items()
        }
    return [_with_short_names(each) for each in value] if isinstance(value, list) else value


def resolved(schema: JsonSchemaValue, components: Mapping[str, JsonSchemaValue]) -> JsonSchemaValue:
    """The schema that a `$ref` means."""
    while "$ref" in schema:
        schema = components[schema["$ref"].removeprefix(PREFIX)]
    return schema


def used(components: Mapping[str, JsonSchemaValue], *told: Any) -> dict[str, JsonSchemaValue]:
    """Only the components that `told` refers to, by way of others too."""
    kept: dict[str, JsonSchemaValue] = {}
    waiting = list(_references(told))
    while waiting:
        name = waiting.pop()
        if name not in kept:
            kept[name] = components[name]
            waiting += _references(components[name])
    return dict(sorted(kept.items()))


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        if isinstance(value.get("$ref"), str) and value["$ref"].startswith(PREFIX):
            yield value["$ref"].removeprefix(PREFIX)
        for member in value.values():
            yield from _references(member)
    elif isinstance(value, list | tuple):
        for member in value:
            yield from _references(member)
