"""From what happened to what is owed: a message, and a delivery of it to every webhook that takes the event."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock
from typing import Any
from uuid import UUID
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine, select

from app.core import config_version, event_types, events
from app.outbound.models import Target, TargetState
from app.webhooks import messages
from app.webhooks.models import KIND, Webhook
from app.webhooks.patterns import matches

MAX_KNOWN = 10_000  # accounts in the cache


class Patterns:
    """What each account's webhooks take, enabled or not (being on may change at any time, and `take_all` looks), as of
    one config_version."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._version = -1
        self._known: dict[UUID, frozenset[str]] = {}

    def of(self, connection: Connection, account_id: UUID) -> frozenset[str]:
        if config_version.is_moving(connection):  # its number is not committed: another change may come to bear it
            return _patterns(connection, account_id)
        version = config_version.current(connection)  # before the patterns, so that what is kept is never too old
        with self._lock:
            if version != self._version:
                self._version, self._known = version, {}
            found = self._known.get(account_id)
        if found is None:
            found = _patterns(connection, account_id)
            with self._lock:
                if version == self._version and len(self._known) < MAX_KNOWN:
                    self._known[account_id] = found
        return found


_of_engines: WeakKeyDictionary[Engine, Patterns] = WeakKeyDictionary()


def subscribe() -> None:
    events.subscribe(events.EVERY, take, all_at_once=take_all, wants=is_wanted)


def is_wanted(connection: Connection, name: str, account_id: UUID) -> bool:
    """Whether any webhook of the account takes events of this name; quick. One that is disabled counts too."""
    if not event_types.is_public(name):
        return False
    known = _of_engines.get(connection.engine) or _of_engines.setdefault(connection.engine, Patterns())
    return matches(known.of(connection, account_id), name)


def take(connection: Connection, name: str, account_id: UUID, payload: dict[str, Any]) -> None:
    take_all(connection, name, account_id, [payload])


def take_all(connection: Connection, name: str, account_id: UUID, payloads: Sequence[dict[str, Any]]) -> None:
    """Writes messages and their deliveries in the caller's transaction, and rings."""
    if not payloads or not event_types.is_public(name):
        return
    webhook_ids = _takers(connection, name, account_id)
    if not webhook_ids:
        return
    messages.owe(connection, account_id, name, payloads, kind=KIND, target_ids=webhook_ids)


def _takers(connection: Connection, name: str, account_id: UUID) -> list[UUID]:
    """The enabled webhooks of the account that take it, as they are now. One that is deleted just now leaves nothing
    open behind: the engine meets its target for as long as it owes it anything, and cancels that."""
    wanted = (
        select(Webhook.id, Webhook.events)
        .join(Target, Target.id == Webhook.id)
        .where(Webhook.account_id == account_id, Target.state == TargetState.ACTIVE)
        .order_by(Webhook.id)
    )
    return [row.id for row in connection.execute(wanted) if matches(row.events, name)]


def _patterns(connection: Connection, account_id: UUID) -> frozenset[str]:
    stored = connection.scalars(select(Webhook.events).where(Webhook.account_id == account_id))
    return frozenset(pattern for events_ in stored for pattern in events_)
