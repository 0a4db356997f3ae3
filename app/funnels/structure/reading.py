"""Funnels and their stages, read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, select
from sqlalchemy.orm import Session

from app.contacts import named
from app.core import clock
from app.core.db import db
from app.core.errors import NotFound
from app.core.pagination import Column, order_by
from app.funnels.models import Funnel, Stage

KEEP_DELETED = timedelta(days=30)  # so long a deletion can be taken back
SORTS: dict[str, Column] = {
    "name": Funnel.folded_name,
    "createdAt": Funnel.created_at,
    "updatedAt": Funnel.updated_at,
}
STAGE_SORTS: dict[str, Column] = {"position": Stage.position, "name": Stage.folded_name}


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


def search(account_id: UUID, *, text: str = "", sort: str | None = None) -> Select[Funnel]:
    """The account's funnels as a query for a page of it. Raises Invalid for an unknown order."""
    found = select(Funnel).where(mine(account_id))
    if (held := named.holding(Funnel.folded_name, text)) is not None:
        found = found.where(held)
    return found.order_by(*order_by(sort, SORTS, "name", Funnel.id))


def deleted_of(session: Session, account_id: UUID) -> Sequence[Funnel]:
    """Those that can still be brought back, the latest first."""
    return session.scalars(select(Funnel).where(_is_kept(account_id)).order_by(Funnel.deleted_at.desc())).all()


def get_deleted(account_id: UUID, id: UUID | None, *, lock: bool = False) -> Funnel:
    """One that can still be brought back. Raises NotFound."""
    wanted = select(Funnel).where(_is_kept(account_id), Funnel.id == id)
    if lock:
        wanted = wanted.with_for_update().execution_options(populate_existing=True)
    found = db.session.scalar(wanted) if id is not None else None
    if found is None:
        raise NotFound
    return found


def gone_at(funnel: Funnel) -> datetime | None:
    """Until when a deleted one can be brought back."""
    return funnel.deleted_at and funnel.deleted_at + KEEP_DELETED


def _is_kept(account_id: UUID) -> ColumnElement[bool]:
    return and_(Funnel.account_id == account_id, Funnel.deleted_at > clock.now() - KEEP_DELETED)


def stages_of(session: Session, funnel_id: UUID) -> Sequence[Stage]:
    """From left to right."""
    found = select(Stage).where(Stage.funnel_id == funnel_id, Stage.deleted_at.is_(None))
    return session.scalars(found.order_by(Stage.position)).all()


def search_stages(funnel_id: UUID, sort: str | None = None) -> Select[Stage]:
    """A funnel's stages as a query for a page of it. Raises Invalid for an unknown order."""
    found = select(Stage).where(Stage.funnel_id == funnel_id, Stage.deleted_at.is_(None))
    return found.order_by(*order_by(sort, STAGE_SORTS, "position", Stage.id))


def stages_by_funnel(session: Session, ids: Iterable[UUID]) -> dict[UUID, list[Stage]]:
    """Of several funnels at once, each from left to right."""
    found: dict[UUID, list[Stage]] = {id: [] for id in ids}
    mine = select(Stage).where(Stage.funnel_id.in_(found), Stage.deleted_at.is_(None))
    for stage in session.scalars(mine.order_by(Stage.funnel_id, Stage.position)):
        found[stage.funnel_id].append(stage)
    return found


def get_stage(account_id: UUID, funnel_id: UUID | None, id: UUID | None) -> Stage:
    """Raises NotFound, also for a deleted one and another account's."""
    wanted = select(Stage).where(
        Stage.account_id == account_id, Stage.funnel_id == funnel_id, Stage.id == id, Stage.deleted_at.is_(None)
    )
    found = db.session.scalar(wanted) if id is not None else None
    if found is None:
        raise NotFound
    return found
