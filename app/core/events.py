"""News between features: a named event reaches its subscribers inside the transaction of its cause."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

Subscriber = Callable[[Connection, str, UUID, dict[str, Any]], None]
_subscribers: dict[str, list[Subscriber]] = defaultdict(list)


def subscribe(name: str, subscriber: Subscriber) -> None:
    """Calls `subscriber(connection, name, account_id, payload)` for each event of this name; `*` takes all."""
    if subscriber not in _subscribers[name]:
        _subscribers[name].append(subscriber)


def is_heard(name: str) -> bool:
    """Whether anybody takes events of this name: for those who would make up thousands of payloads for nobody."""
    return bool(_subscribers.get(name) or _subscribers.get("*"))


def emit(connection: Connection, name: str, account_id: UUID, payload: dict[str, Any]) -> None:
    """Tells the subscribers of an event ("pixel.deleted"). Runs in the caller's write transaction, so what they write
    commits with its cause; nothing is stored for an event that nobody takes. Those who take all hear it first: what
    others do about it is told after it."""
    for subscriber in (*_subscribers.get("*", ()), *_subscribers.get(name, ())):
        subscriber(connection, name, account_id, payload)
