"""News between features: a named event reaches its subscribers inside the transaction of its cause."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

Subscriber = Callable[[Connection, str, UUID, dict[str, Any]], None]
Collector = Callable[[Connection, str, UUID, Sequence[dict[str, Any]]], None]
Interest = Callable[[Connection, str, UUID], bool]
EVERY = "*"


@dataclass(frozen=True, slots=True)
class _Ear:
    """One subscriber. `all_at_once` takes many payloads of one event and account; `wants`: does it take them."""

    take: Subscriber
    all_at_once: Collector | None = None
    wants: Interest | None = None

    def hears(self, connection: Connection, name: str, account_id: UUID) -> bool:
        return self.wants is None or self.wants(connection, name, account_id)


_ears: dict[str, list[_Ear]] = defaultdict(list)


def subscribe(
    name: str, subscriber: Subscriber, *, all_at_once: Collector | None = None, wants: Interest | None = None
) -> None:
    """Calls `subscriber(connection, name, account_id, payload)` for each event of this name; `*` takes all. Who can
    take many at less cost gives `all_at_once`; who takes those of some accounts only says which by `wants`, which must
    be quick: it is asked for each event."""
    if all(ear.take != subscriber for ear in _ears[name]):
        _ears[name].append(_Ear(subscriber, all_at_once, wants))


def unsubscribe(name: str, subscriber: Subscriber) -> None:
    """Undoes `subscribe`."""
    _ears[name] = [ear for ear in _ears[name] if ear.take != subscriber]


def subscribed() -> frozenset[str]:
    """The names that somebody takes."""
    return frozenset(name for name, ears in _ears.items() if ears)


def is_heard(connection: Connection, name: str, account_id: UUID) -> bool:
    """Whether anybody takes this account's events of this name: for those who would make up thousands of payloads for
    nobody."""
    return any(True for _ in _listening(connection, name, account_id))


def emit(connection: Connection, name: str, account_id: UUID, payload: dict[str, Any]) -> None:
    """Tells the subscribers of an event ("pixel.deleted"). Runs in the caller's write transaction, so what they write
    commits with its cause; nothing is stored for an event that nobody takes. Those who take all hear it first: what
    others do about it is told after it."""
    for ear in _listening(connection, name, account_id):
        ear.take(connection, name, account_id, payload)


def emit_all(connection: Connection, name: str, account_id: UUID, payloads: Sequence[dict[str, Any]]) -> None:
    """As `emit` for each payload, in their order, for one subscriber after the other."""
    if not payloads:
        return
    for ear in _listening(connection, name, account_id):
        if ear.all_at_once is not None:
            ear.all_at_once(connection, name, account_id, payloads)
            continue
        for payload in payloads:
            ear.take(connection, name, account_id, payload)


def _listening(connection: Connection, name: str, account_id: UUID) -> list[_Ear]:
    ears = (*_ears.get(EVERY, ()), *_ears.get(name, ()))
    return [ear for ear in ears if ear.hears(connection, name, account_id)]
