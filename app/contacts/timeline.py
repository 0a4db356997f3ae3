"""What happened to a contact: entries from events, and reading them back."""

from __future__ import annotations

from collections.abc import Sequence
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
    """Adds an entry in the caller's write transaction. `facts` hold names of fields and ids, never what a person's
    fields say."""
    row = {
        "id": uuid7(),
        "account_id": account_id,
        "contact_id": contact_id,
        "kind": kind,
        "facts": facts,
        "actor_id": actor.user_id if actor else None,
        "actor": actor.name[:254] if actor else None,
        "at": clock.now(),
    }
    connection.execute(insert(TimelineEntry), row)


def entries(session: Session, account_id: UUID, contact_id: UUID, limit: int = SHOWN) -> Sequence[TimelineEntry]:
    """The latest first."""
    mine = (TimelineEntry.account_id == account_id) & (TimelineEntry.contact_id == contact_id)
    found = select(TimelineEntry).where(mine).order_by(TimelineEntry.at.desc(), TimelineEntry.id.desc())
    return session.scalars(found.limit(limit)).all()
