"""Base models of what comes in and goes out of the API, and the only way to validate with them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel
from pydantic_core import ErrorDetails

from app.core.errors import Invalid

MAX_REPORTED = 50
MAX_NAME = 100
CONTROLS = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]"
)  # line breaks and tabs may stay
MAX_TEXT = 10_000  # of a string whose field says nothing tighter
M = TypeVar("M", bound=BaseModel)


class Schema(BaseModel):
    """What comes in: camelCase keys, unknown ones refused, strings trimmed (a password field says
    `StringConstraints(strip_whitespace=False)`), numbers finite.

    Validate with `validate`, whose strict JSON rules hold: true is no number, "5" no integer, decimals may be strings.
    A `mode="before"` validator of the whole model would lose them; one of a field is fine."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        extra="forbid",
        str_strip_whitespace=True,
        str_max_length=MAX_TEXT,
        allow_inf_nan=False,
        hide_input_in_errors=True,
    )


class Out(BaseModel):
    """What goes out: camelCase keys, made from a row by `PixelOut.model_validate(pixel)` or by keyword."""

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, from_attributes=True, hide_input_in_errors=True
    )


def validate(model: type[M], value: dict[str, Any]) -> M:
    """A model from what `jsonbody.parse` returned. Raises Invalid with the wire names of the wrong fields.

    It goes through JSON once more because pydantic knows JSON's own strictness only there: on Python values it either
    takes true for 1 or refuses an id in text. Null means absent, so a null key is left out."""
    refuse_control_characters(value)
    try:
        return model.model_validate_json(_compact(value), strict=True)
    except ValidationError as error:
        raise to_invalid(error, value) from None


def refuse_control_characters(value: dict[str, Any]) -> None:
    """Text that people will read holds nothing that moves the cursor or turns the direction of reading. Raises Invalid
    with the name of the field at the top."""
    for name, member in value.items():
        if CONTROLS.search(name) or any(CONTROLS.search(text) for text in _texts(member)):
            shown = CONTROLS.sub("", name)[:MAX_NAME]
            raise Invalid({shown: ["Control characters are not allowed"]}, f"{shown} has control characters")


def _texts(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, member in value.items():
            yield name
            yield from _texts(member)
    elif isinstance(value, list):
        for member in value:
            yield from _texts(member)


def validate_query(model: type[M], pairs: Iterable[tuple[str, str]]) -> M:
    """A model from the query string. A blank value means absent; a repeated name or a NUL is refused."""
    values: dict[str, str] = {}
    for name, value in pairs:
        if "\0" in name or "\0" in value:
            raise Invalid({}, "The query has a NUL character")
        if name in values:
            raise Invalid({name[:MAX_NAME]: ["Given more than once"]}, f"{name[:MAX_NAME]} is given more than once")
        if value.strip():
            values[name] = value
    try:
        return model.model_validate_strings(values)
    except ValidationError as error:
        raise to_invalid(error, values) from None


def to_invalid(error: ValidationError, value: Any) -> Invalid:
    """Pydantic's findings as field messages, the first one also as a sentence; nothing of the values is repeated."""
    fields: dict[str, list[str]] = {}
    sentence = ""
    for finding in error.errors(include_url=False, include_input=False)[:MAX_REPORTED]:
        name, message = _name(finding, value), _message(finding)
        sentence = sentence or _sentence(name, message)
        if name and message not in fields.setdefault(name, []):
            fields[name].append(message)
    return Invalid(fields, sentence)


def _name(finding: ErrorDetails, value: Any) -> str:
    """The path of a field as the caller wrote it: pydantic also puts the members of a union in, which are no keys."""
    path = []
    last = len(finding["loc"]) - 1
    for index, step in enumerate(finding["loc"]):
        found, value = _descend(value, step)
        if found or (index == last and finding["type"] == "missing"):
            path.append(str(step)[:MAX_NAME])
    return ".".join(path)


def _descend(value: Any, step: str | int) -> tuple[bool, Any]:
    if isinstance(value, dict) and step in value:
        return True, value[step]
    if isinstance(value, list) and isinstance(step, int) and step < len(value):
        return True, value[step]
    return False, value


def _message(finding: ErrorDetails) -> str:
    if finding["type"] == "missing":
        return "Missing"
    if finding["type"] == "extra_forbidden":
        return "Unknown field"
    return finding["msg"].removeprefix("Value error, ").removeprefix("Assertion failed, ")


def _sentence(name: str, message: str) -> str:
    if not name:
        return message
    if message in ("Missing", "Unknown field"):
        return f"{message} {name}"
    for subject in ("Input ", "String ", "List ", "Value "):
        if message.startswith(f"{subject}should"):
            return f"{name} {message.removeprefix(subject)}"
    return f"{name}: {message}"


def _compact(value: Any) -> str:
    """Parsed JSON as text again, without null members, decimals digit by digit."""
    if isinstance(value, dict):
        members = (f"{json.dumps(key)}:{_compact(member)}" for key, member in value.items() if member is not None)
        return "{" + ",".join(members) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_compact, value)) + "]"
    return str(value) if isinstance(value, Decimal) else json.dumps(value)
