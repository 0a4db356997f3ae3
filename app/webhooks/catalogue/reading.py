"""The catalogue as people and programs read it: each event with its schema and an example of the whole body."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from app.core import event_types
from app.core.errors import localized
from app.core.event_types import EventType
from app.webhooks.words import group_word

EXAMPLE_TIME = "2026-11-22T12:00:00.123Z"


@dataclass(frozen=True, slots=True)
class Group:
    """Events about one thing; `name` is "deal" of `deal.*`."""

    name: str
    label: str
    types: list[EventType]


def search(text: str = "") -> list[Group]:
    """Those whose name, summary or group has the text, in the order of their groups."""
    found: dict[str, list[EventType]] = {}
    for one in event_types.public().values():
        if text.strip().casefold() in _searched(one):
            found.setdefault(one.group, []).append(one)
    return [Group(name, group_word(name), types) for name, types in found.items()]


def body(one: EventType) -> Mapping[str, Any]:
    """A whole body, as it is sent."""
    return {"event": one.name, "timestamp": EXAMPLE_TIME, "data": dict(one.example)}


def schema(one: EventType) -> dict[str, Any]:
    """JSON Schema of a whole body. Members may be added to `data` one day: a receiver leaves alone what it does not
    know."""
    data = dict(one.schema)
    definitions = data.pop("$defs", None)
    found: dict[str, Any] = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": one.name,
        "type": "object",
        "required": ["event", "timestamp", "data"],
        "properties": {
            "event": {"const": one.name},
            "timestamp": {"type": "string", "format": "date-time", "description": "When it happened, in UTC."},
            "data": data,
        },
    }
    return found | ({"$defs": definitions} if definitions else {})


def fields(one: EventType) -> Iterable[tuple[str, str]]:
    """The members of `data` with what they say."""
    properties: Mapping[str, Mapping[str, Any]] = one.schema.get("properties", {})
    return [(name, str(told.get("description", ""))) for name, told in properties.items()]


def _searched(one: EventType) -> str:
    return f"{one.name} {localized(one.summary)} {group_word(one.group)}".casefold()
