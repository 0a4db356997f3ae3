"""A believable example of a schema: what the schema itself gives, else by the name of a field, else by its type."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid5

from pydantic.json_schema import JsonSchemaValue

from app.core.openapi.schemas import resolved
from app.core.openapi.values import BY_NAME, TIMES

DEEPEST = 6
MANY = 8  # optional fields of a body are shown up to here
NAMESPACE = UUID("018f3c5e-0000-7000-8000-000000000000")
WORDS = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z]+")


def example_of(schema: JsonSchemaValue, components: Mapping[str, JsonSchemaValue], *, is_body: bool = False) -> Any:
    """A value that fits `schema`. Of a body only what is required and a few of the rest, since that is what people
    write; of an answer everything."""
    return _Maker(components, is_body).make(schema, "", 0)


class _Maker:
    def __init__(self, components: Mapping[str, JsonSchemaValue], is_body: bool) -> None:
        self.components = components
        self.is_body = is_body

    def make(self, schema: JsonSchemaValue, name: str, depth: int) -> Any:
        if schema.get("examples"):
            return schema["examples"][0]
        schema = resolved(schema, self.components)
        if schema.get("examples"):
            return schema["examples"][0]
        if "const" in schema:
            return schema["const"]
        if choices := schema.get("anyOf") or schema.get("oneOf"):
            if BY_NAME.get(_snake(name), name) is None and {"type": "null"} in choices:
                return None
            return self.make(_first_real(choices, self.components), name, depth)
        known = BY_NAME.get(_snake(name))
        if "enum" in schema:
            return known if known in schema["enum"] else schema["enum"][0]
        return self._of_type(schema, name, depth, known)

    def _of_type(self, schema: JsonSchemaValue, name: str, depth: int, known: Any) -> Any:
        match schema.get("type"):
            case "object":
                return self._object(schema, depth)
            case "array" if isinstance(known, list):
                return known
            case "array":
                return [] if depth > DEEPEST else [self.make(schema.get("items", {}), _singular(name), depth + 1)]
            case "string":
                return _text(schema, name, known)
            case "integer" | "number":
                return _number(schema, known)
            case "boolean":
                return known if isinstance(known, bool) else schema.get("default", True) is not False
        return known

    def _object(self, schema: JsonSchemaValue, depth: int) -> dict[str, Any]:
        properties: dict[str, JsonSchemaValue] = schema.get("properties", {})
        if depth > DEEPEST:
            return {}
        return {name: self.make(properties[name], name, depth + 1) for name in self._shown(schema, properties)}

    def _shown(self, schema: JsonSchemaValue, properties: Mapping[str, JsonSchemaValue]) -> list[str]:
        if not self.is_body:
            return list(properties)
        required = set(schema.get("required", ()))
        optional = [name for name in properties if name not in required][: max(0, MANY - len(required))]
        return [name for name in properties if name in required or name in optional]


def _first_real(choices: list[JsonSchemaValue], components: Mapping[str, JsonSchemaValue]) -> JsonSchemaValue:
    real = [each for each in choices if resolved(each, components).get("type") != "null"]
    return real[0] if real else choices[0]


def _snake(name: str) -> str:
    return "_".join(word.lower() for word in WORDS.findall(name))


def _singular(name: str) -> str:
    return name.removesuffix("s")


def _text(schema: JsonSchemaValue, name: str, known: Any) -> str:
    match schema.get("format"):
        case "uuid":
            return str(known) if name == "client_id" else _id(name)
        case "date-time":
            return next((at for word, at in TIMES.items() if name.lower().startswith(word)), "2026-11-21T17:03:12.481Z")
        case "date":
            return "2026-11-21"
        case "binary":
            return "…"
    if isinstance(known, str):
        return known[: schema.get("maxLength", len(known))]
    if isinstance(schema.get("default"), str):
        return str(schema["default"])
    if "pattern" in schema:  # of decimals as text, or of digits
        return next((text for text in ("1.50", "55", "abc") if re.search(schema["pattern"], text)), "")
    return _id(name) if _snake(name).endswith(("_id", "_ids")) or name == "id" else "texto"


def _id(name: str) -> str:
    """Always the same for a name, and shaped as ours are (UUIDv7)."""
    random = uuid5(NAMESPACE, name).hex
    return str(UUID(f"0193a7b25c1e7{random[:3]}9{random[3:6]}{random[6:18]}"))


def _number(schema: JsonSchemaValue, known: Any) -> float:
    lowest: float = schema.get("minimum", 0)
    highest: float = schema.get("maximum", math.inf)
    is_number = isinstance(known, int | float) and not isinstance(known, bool)
    given: Any = known if is_number else schema.get("default", 1)
    value: float = given if isinstance(given, int | float) else 1
    return max(lowest, min(highest, int(value) if schema["type"] == "integer" else value))
