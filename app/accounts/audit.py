"""The audit trail: who changed what, when, from where. Rows are only ever added."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, insert, select
from sqlalchemy.orm import Session

from app.accounts.models import AuditEntry, User
from app.core.access import Actor
from app.core.ids import created_at, uuid7

SYSTEM = "system"
Changes = dict[str, list[Any]]


def record(
    store: Session | Connection,
    actor: Actor,
    action: str,
    *,
    subject_id: object = None,
    subject: str | None = None,
    changes: Changes | None = None,
) -> None:
    """Adds an entry to the caller's write transaction. `action` is `thing.done` ("pixel.updated"), `changes` field →
    [before, after] without secrets."""
    id_ = uuid7()
    store.execute(
        insert(AuditEntry).values(
            id=id_,
            account_id=actor.account_id,
            user_id=actor.user_id,
            actor=actor.name[:254],
            action=action,
            subject_id=None if subject_id is None else str(subject_id)[:64],
            subject=None if subject is None else subject[:255],
            changes=changes,
            ip_address=actor.ip_address,
            request_id=actor.request_id,
            created_at=created_at(id_),  # so that one partition is read for an id
        )
    )


def system_actor(account_id: UUID) -> Actor:
    """What the product does by itself: at start, in jobs, on the command line."""
    return Actor(account_id, None, SYSTEM)


def actor_of(connection: Connection, account_id: UUID, user_id: UUID | None) -> Actor:
    """Who asked for a long job, when it is done; the system's where nobody is known any more."""
    email = connection.scalar(select(User.email).where(User.id == user_id))
    return Actor(account_id, user_id, email or SYSTEM)


def values_of(row: object, fields: Iterable[str]) -> dict[str, Any]:
    """The named fields as the audit can keep them; take it before and after a change."""
    return {field: plain(getattr(row, field)) for field in fields}


def changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> Changes:
    """Field → [before, after] of what differs."""
    return {field: [before.get(field), value] for field, value in after.items() if before.get(field) != value}


def plain(value: Any) -> Any:
    """A column's value as JSON can keep it."""
    if isinstance(value, datetime | UUID | StrEnum):
        return str(value)
    return list(value) if isinstance(value, tuple | set | frozenset) else value
