"""The document as a page of ours tells it: groups of operations, each with its fields, answers and samples."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from app.core.openapi import callers
from app.core.openapi.answers import NAMES
from app.core.openapi.samples import Call, Sample, samples, with_query
from app.core.openapi.schemas import resolved
from app.core.schema import MAX_TEXT

DEEPEST = 3  # how far fields of fields are listed
PERSON, CLIENT = "YOUR_ACCESS_TOKEN", "YOUR_CLIENT_TOKEN"
LIMITS = {"minLength": "≥ {} characters", "maxLength": "≤ {} characters", "minimum": "≥ {}", "maximum": "≤ {}"}
LIMITS |= {"minItems": "≥ {} items", "maxItems": "≤ {} items", "exclusiveMinimum": "> {}", "exclusiveMaximum": "< {}"}
Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the list at the side."""

    id: str
    method: str
    path: str
    summary: str


@dataclass(frozen=True, slots=True)
class Field:
    name: str  # "data[].id"
    kind: str
    required: bool
    text: str
    place: str = ""  # of a parameter: path, query


@dataclass(frozen=True, slots=True)
class Answer:
    status: str
    text: str
    headers: tuple[str, ...]
    example: Any
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class Told:
    """All about one operation."""

    line: Line
    description: str
    permission: str | None
    roles: tuple[str, ...]
    scopes: tuple[str, ...]
    confirmed: bool
    parameters: tuple[Field, ...]
    content_type: str
    body: tuple[Field, ...]
    body_text: str
    answers: tuple[Answer, ...]
    samples: tuple[Sample, ...]


def groups(api: Json) -> dict[str, list[Line]]:
    """Every operation by its group, as the list at the side has them."""
    found: dict[str, list[Line]] = {tag["name"]: [] for tag in api["tags"]}
    for path, method, operation in _operations(api):
        found[operation["tags"][0]].append(_line(path, method, operation))
    return found


def operations(api: Json, group: str) -> list[Told]:
    """The operations of one group in full; none for a group that does not exist."""
    return [
        _told(api, path, method, operation)
        for path, method, operation in _operations(api)
        if operation["tags"][0] == group
    ]


def pieces(text: str) -> list[tuple[bool, str]]:
    """A text cut at its backticks: (is it code, words)."""
    return [(bool(number % 2), part) for number, part in enumerate(text.split("`")) if part]


def pretty(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)


def _operations(api: Json) -> Iterator[tuple[str, str, Json]]:
    for path, methods in api["paths"].items():
        for method, operation in methods.items():
            yield path, method.upper(), operation


def _line(path: str, method: str, operation: Json) -> Line:
    return Line(operation["operationId"], method, path, operation["summary"])


def _told(api: Json, path: str, method: str, operation: Json) -> Told:
    components = api["components"]["schemas"]
    content_type, body = _content(operation.get("requestBody", {}))
    schema = body.get("schema", {})
    return Told(
        line=_line(path, method, operation),
        description=operation["description"].rpartition("\n\n")[0],
        permission=operation.get("x-permission"),
        roles=tuple(operation.get("x-roles", ())),
        scopes=tuple(operation.get("x-scopes", ())),
        confirmed=operation.get("x-confirmed", False),
        parameters=tuple(_parameter(each, components) for each in operation.get("parameters", ())),
        content_type=content_type,
        body=tuple(_fields(schema, components, nullable=False)),
        body_text=resolved(schema, components).get("description", ""),
        answers=tuple(_answer(api, status, each) for status, each in operation["responses"].items()),
        samples=tuple(samples(_call(api, path, method, operation, content_type, body))),
    )


def _content(told: Json) -> tuple[str, Json]:
    """The first content type of a body or an answer, with what is told of it."""
    content: Mapping[str, Json] = told.get("content", {})
    return next(iter(content.items()), ("", {}))


def _parameter(parameter: Json, components: Json) -> Field:
    schema = parameter["schema"]
    text = " ".join(filter(None, [parameter.get("description", ""), *_limits(schema)]))
    return Field(parameter["name"], _kind(schema, components, False), parameter["required"], text, parameter["in"])


def _answer(api: Json, status: str, answer: Json) -> Answer:
    if "$ref" in answer:
        answer = api["components"]["responses"][answer["$ref"].rpartition("/")[2]]
    names = tuple(name for name in answer.get("headers", {}) if name != "X-Request-Id")
    kind, content = _content(answer)
    text = answer["description"] + (f" ({kind})" if kind and "schema" not in content else "")
    is_own = int(status) not in NAMES and "schema" in content
    fields = tuple(_fields(content["schema"], api["components"]["schemas"])) if is_own else ()
    return Answer(status, text, names, content.get("example"), fields)


def _fields(
    schema: Json, components: Json, before: str = "", depth: int = 0, *, nullable: bool = True
) -> Iterator[Field]:
    """Each field, and below it those of the objects in it. In what comes in null says nothing: it means absent."""
    found = resolved(dict(schema), components)
    for name, of in found.get("properties", {}).items():
        text = " ".join(filter(None, [of.get("description", ""), *_limits(of)]))
        yield Field(before + name, _kind(of, components, nullable), name in found.get("required", ()), text)
        inner, many = _inner(of, components)
        if inner is not None and depth < DEEPEST - 1:
            below = f"{before}{name}{'[]' if many else ''}."
            yield from _fields(inner, components, below, depth + 1, nullable=nullable)


def _inner(schema: Json, components: Json) -> tuple[Json | None, bool]:
    """The object in a field or in its list, and whether it is a list."""
    real = _real(schema, components)
    if real.get("type") == "array":
        inner = _real(real.get("items", {}), components)
        return (inner if inner.get("properties") else None), True
    return (real if real.get("properties") else None), False


def _real(schema: Json, components: Json) -> Json:
    found = resolved(dict(schema), components)
    for choice in found.get("anyOf", ()):
        if (chosen := resolved(choice, components)).get("type") != "null":
            return chosen
    return found


def _kind(schema: Json, components: Json, nullable: bool = True) -> str:
    found = resolved(dict(schema), components)
    if choices := found.get("anyOf"):
        kinds = dict.fromkeys(_kind(each, components) for each in choices)
        return " | ".join(kind for kind in kinds if nullable or kind != "null")
    if "const" in found or "enum" in found:
        return " | ".join(str(each) for each in found.get("enum", [found.get("const")]))
    if found.get("type") == "array":
        return f"[{_kind(found.get('items', {}), components)}]"
    return str(found.get("format") or found.get("type") or "any")


def _limits(schema: Json) -> list[str]:
    known = [schema, *schema.get("anyOf", ())]
    told = [
        LIMITS[name].format(each[name])
        for each in known
        for name in LIMITS
        if each.get(name) not in (None, MAX_TEXT)  # what holds for every text says nothing of this one
    ]
    default = schema.get("default")
    told += [f"by default {json.dumps(default)}"] if default not in (None, "", [], {}) else []
    return [", ".join(told)] if told else []


def _call(api: Json, path: str, method: str, operation: Json, content_type: str, body: Json) -> Call:
    query = {}
    for parameter in operation.get("parameters", ()):
        if parameter["in"] == "path":
            path = path.replace(f"{{{parameter['name']}}}", quote(str(parameter["example"]), safe=""))
        elif parameter["required"]:
            query[parameter["name"]] = parameter["schema"].get("default", 1)
    kinds = {name for each in operation["security"] for name in each}
    token = None if not kinds else CLIENT if callers.CLIENT_TOKEN in kinds else PERSON
    properties = body.get("schema", {}).get("properties", {})
    file = next((name for name, of in properties.items() if of.get("format") == "binary"), None)
    saves = any(
        status.startswith("2") and _content(each)[0] not in ("", "application/json")
        for status, each in operation["responses"].items()
    )
    is_form = content_type == "application/x-www-form-urlencoded"
    url = with_query(api["servers"][0]["url"] + path, query)
    return Call(method, url, token, body.get("example"), file, is_form, saves)
