"""What happened to a contact: entries from events, and reading them back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, insert, select
from sqlalchemy.orm import Session

from app.contacts.models import TimelineEntry
from app.core import clock
from app.core.access import Actor
from app.core.ids import uuid7

SHOWN = 200


def note(
    connection: Connection,
    account_id: UUID,
    contact_id: UUID,
    kind: str,
    facts: dict[str, Any],
    actor: Actor | None = None,
) -> None:
    """Adds an entry in the caller's write transaction, which has the contact's row locked: so none outlives it. `facts`
    hold names of fields and ids, never what a person's fields say."""
    note_all(connection, account_id, [contact_id], kind, facts, actor, at=clock.now())


def note_all(
    connection: Connection,
    account_id: UUID,
    contact_ids: Iterable[UUID],
    kind: str,
    facts: dict[str, Any],
    actor: Actor | None,
    *,
    at: datetime,
) -> None:
    """The same entry for many contacts, one at least."""
    note_each(connection, account_id, dict.fromkeys(contact_ids, facts), kind, actor, at=at)


def note_each(
    connection: Connection,
    account_id: UUID,
    facts: Mapping[UUID, dict[str, Any]],
    kind: str,
    actor: Actor | None,
    *,
    at: datetime,
) -> None:
    """An entry for each of many contacts, one at least, with facts of its own."""
    same = {
        "account_id": account_id,
        "kind": kind,
        "actor_id": actor.user_id if actor else None,
        "actor": actor.name[:254] if actor else None,
        "at": at,
    }
    rows = [{"id": uuid7(), "contact_id": id_, "facts": own, **same} for id_, own in facts.items()]
    connection.execute(insert(TimelineEntry), rows)


def entries(session: Session, account_id: UUID, contact_id: UUID, limit: int = SHOWN) -> Sequence[TimelineEntry]:
    """The latest first."""
    mine = (TimelineEntry.account_id == account_id) & (TimelineEntry.contact_id == contact_id)
    found = select(TimelineEntry).where(mine).order_by(TimelineEntry.at.desc(), TimelineEntry.id.desc())
    return session.scalars(found.limit(limit)).all()
