"""Which columns of a board a person keeps narrow."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy.orm import Session

from app.accounts import choices
from app.core.ids import to_uuid


def collapsed(session: Session, user_id: UUID | None, funnel_id: UUID) -> frozenset[UUID]:
    kept = choices.read(session, user_id, _name(funnel_id)).get("collapsed", ())
    return frozenset(id for id in map(to_uuid, kept) if id is not None)


def keep(session: Session, user_id: UUID, funnel_id: UUID, stage_ids: Iterable[UUID]) -> None:
    """In the caller's write transaction."""
    chosen = sorted(str(id) for id in stage_ids)
    choices.keep(session.connection(), user_id, _name(funnel_id), {"collapsed": chosen})


def _name(funnel_id: UUID) -> str:
    return f"board.{funnel_id.hex}"
