"""The catalogue of events: what each is called, what it says, in words, as a schema and by example."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

from app.core.errors import Text


@dataclass(frozen=True, slots=True)
class EventType:
    """One event that other systems may be told of. `payload` is the model of its `data` (camelCase on the wire) and
    `example` one such object. `is_emitted`: False while the product has nothing yet that it could happen to."""

    name: str
    summary: Text
    payload: type[BaseModel]
    example: Mapping[str, Any] = field(default_factory=dict)
    is_emitted: bool = True

    @property
    def group(self) -> str:
        """What it is about: "deal" of "deal.moved"."""
        return self.name.partition(".")[0]

    @property
    def schema(self) -> dict[str, Any]:
        """JSON Schema of `data`."""
        return self.payload.model_json_schema(by_alias=True, mode="serialization")


_public: dict[str, EventType] = {}
_internal: dict[str, str] = {}


def declare(*types: EventType) -> None:
    """Adds events to the catalogue; a name that is declared again is replaced."""
    _public.update({one.name: one for one in types})


def declare_internal(**reasons: str) -> None:
    """Names events that features tell each other and nobody else, and why: `contact__restored="…"` is
    contact.restored."""
    _internal.update({name.replace("__", "."): reason for name, reason in reasons.items()})


def public() -> dict[str, EventType]:
    """All that may be subscribed to, by name, in the order of their groups."""
    return dict(sorted(_public.items()))


def is_public(name: str) -> bool:
    return name in _public


def is_known(name: str) -> bool:
    return name in _public or name in _internal
