"""Who looks for what needs a person: each feature registers its checks; this package runs them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from app.core.runtime import Runtime


class Severity(StrEnum):
    WARNING = "warning"
    DANGER = "danger"


@dataclass(frozen=True, slots=True)
class Found:
    """One thing that needs a person of an account (None: of every account). `subject` tells things of one kind apart;
    `facts` are plain JSON values for the sentence about it, without personal data, and rounded: each difference from
    the last look is a write."""

    account_id: UUID | None
    kind: str
    subject: str
    severity: Severity
    facts: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Look:
    """What a check may use: a connection to read with, the moment, the runtime of its process."""

    connection: Connection
    now: datetime
    state: Runtime


Check = Callable[[Look], Iterable[Found]]


@dataclass(frozen=True, slots=True)
class Registered:
    name: str
    kinds: frozenset[str]  # all that it may find: those stay as they are while the check fails
    check: Check
    patience_s: float = 0.0  # what shows itself for less than this is not raised


_registered: dict[str, Registered] = {}


def register(name: str, kinds: Iterable[str], check: Check, patience_s: float = 0.0) -> None:
    """Has `check` run every few seconds, so its cost must not grow with the number of events. What it no longer finds
    is resolved. Registering a name again replaces it."""
    _registered[name] = Registered(name, frozenset(kinds), check, patience_s)


def unregister(name: str) -> None:
    _registered.pop(name, None)


def registered() -> list[Registered]:
    return list(_registered.values())
