"""What the company's own hub is told: one more subscriber of the bus, for the account that runs this installation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid5
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine, select
from sqlalchemy.dialects import postgresql, sqlite

from app.accounts.models import Account
from app.core import clock, events
from app.core.runtime import Runtime
from app.outbound.limits.counting import open_windows
from app.outbound.limits.defaults import BY_API
from app.outbound.models import Target
from app.webhooks import messages

KIND = "hub"
LABEL = "Hub"
NAMES = {  # ours -> the hub's (source 5)
    "contact.created": "lead.created",
    "tracking.delivered": "conversion.registered",
    "campaign.activated": "campaign.activated",
    "content.published": "content.published",
}
_INSERT: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
_open: WeakKeyDictionary[Engine, dict[str, UUID]] = WeakKeyDictionary()  # of installations that have a hub: whose it is


def subscribe(runtime: Runtime) -> None:
    """Subscribers are the process's, not an app's: by its engine is known whose settings count."""
    if runtime.settings.internal_api_token:
        _open.setdefault(runtime.engine, {})
    for name in NAMES:
        events.subscribe(name, take, all_at_once=take_all, wants=is_wanted)


def is_wanted(connection: Connection, _name: str, account_id: UUID) -> bool:
    """Nobody else's leads are the company's business."""
    known = _open.get(connection.engine)
    return known is not None and _first_account(connection, known) == account_id


def take(connection: Connection, name: str, account_id: UUID, payload: dict[str, Any]) -> None:
    take_all(connection, name, account_id, [payload])


def take_all(connection: Connection, name: str, account_id: UUID, payloads: Sequence[dict[str, Any]]) -> None:
    """Writes messages under the hub's names and deliveries of them, in the caller's transaction, and rings."""
    target = _target(connection, account_id)
    messages.owe(connection, account_id, NAMES[name], payloads, kind=KIND, target_ids=[target])


def target_id(account_id: UUID) -> UUID:
    """Told from the account, so that two who need it at once make the same."""
    return uuid5(account_id, KIND)


def _target(connection: Connection, account_id: UUID) -> UUID:
    """The hub's target, made when there is something to tell it."""
    id_, now = target_id(account_id), clock.now()
    if connection.scalar(select(Target.id).where(Target.id == id_)) is None:
        limits = BY_API["internal"]
        row = {"id": id_, "account_id": account_id, "kind": KIND, "label": LABEL, "updated_at": now}
        made = _INSERT[connection.dialect.name](Target).on_conflict_do_nothing()
        if connection.execute(made, row | limits._asdict()).rowcount:
            open_windows(connection, {id_: limits}, now)
    return id_


def _first_account(connection: Connection, known: dict[str, UUID]) -> UUID | None:
    """The one that the migration made; it never changes, so it is asked for once."""
    if KIND not in known:
        found = connection.scalar(select(Account.id).order_by(Account.created_at, Account.id).limit(1))
        if found is None:
            return None
        known[KIND] = found
    return known[KIND]
