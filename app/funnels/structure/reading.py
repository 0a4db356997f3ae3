"""Funnels and their stages, read."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import Session

from app.core.db import db
from app.core.errors import NotFound
from app.funnels.models import Funnel, Stage


def get(account_id: UUID, id: UUID | None) -> Funnel:
    """Raises NotFound, also for a deleted one and another account's."""
    wanted = select(Funnel).where(mine(account_id), Funnel.id == id)
    found = db.session.scalar(wanted) if id is not None else None
    if found is None:
        raise NotFound
    return found


def mine(account_id: UUID) -> ColumnElement[bool]:
    """The account's funnels, without the deleted ones."""
    return and_(Funnel.account_id == account_id, Funnel.deleted_at.is_(None))


def stages_of(session: Session, funnel_id: UUID) -> Sequence[Stage]:
    """From left to right."""
    found = select(Stage).where(Stage.funnel_id == funnel_id, Stage.deleted_at.is_(None))
    return session.scalars(found.order_by(Stage.position)).all()


def get_stage(account_id: UUID, funnel_id: UUID | None, id: UUID | None) -> Stage:
    """Raises NotFound, also for a deleted one and another account's."""
    wanted = select(Stage).where(
        Stage.account_id == account_id, Stage.funnel_id == funnel_id, Stage.id == id, Stage.deleted_at.is_(None)
    )
    found = db.session.scalar(wanted) if id is not None else None
    if found is None:
        raise NotFound
    return found
