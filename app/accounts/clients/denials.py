"""A client's token used from where it may not be: an entry in the audit, some of many."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import Engine

from app.accounts import audit
from app.core.access import Actor
from app.core.db import begin_write
from app.core.ratelimit import Limit, RateLimiter

SOME = Limit("client-denials", 20, 300)  # a script that hammers on a closed door is one story


def note(engine: Engine, throttle: RateLimiter, actor: Actor, client_id: UUID, reason: str) -> None:
    """Writes in a transaction of its own."""
    if throttle.hit(SOME, str(client_id)) is None:
        with begin_write(engine) as connection:
            changes: audit.Changes = {"reason": [None, reason]}
            audit.record(connection, actor, "client.denied", subject_id=client_id, subject=actor.name, changes=changes)
