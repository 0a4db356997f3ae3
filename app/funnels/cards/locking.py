"""The rows that a change of a card locks, always in one order (the contact, then the funnel), so that no two changes
wait for each other."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.contacts.models import Contact
from app.core.errors import Conflict, NotFound
from app.funnels.models import Card, Funnel, Stage
from app.funnels.states import State


def contact(session: Session, account_id: UUID, id: UUID | None) -> Contact:
    """The contact, locked. Raises NotFound, also for a deleted one."""
    wanted = select(Contact).where(Contact.account_id == account_id, Contact.id == id, Contact.deleted_at.is_(None))
    found = session.scalar(wanted.with_for_update().execution_options(populate_existing=True)) if id else None
    if found is None:
        raise NotFound
    return found


def funnel(session: Session, account_id: UUID, id: UUID | None) -> Funnel:
    """The funnel, locked: nobody else changes a card or a stage of it. Raises NotFound, also for a deleted one."""
    wanted = select(Funnel).where(Funnel.account_id == account_id, Funnel.id == id, Funnel.deleted_at.is_(None))
    found = session.scalar(wanted.with_for_update().execution_options(populate_existing=True)) if id else None
    if found is None:
        raise NotFound
    return found


def card(session: Session, account_id: UUID, id: UUID | None, *, removed: bool = False) -> tuple[Funnel, Card]:
    """The card with its contact and its funnel locked. Raises NotFound, also for a removed one (or, with `removed`, for
    one that is there), and Conflict when its contact was merged into another one in this very moment."""
    mine = (Card.account_id == account_id) & (Card.id == id)
    seen = session.execute(select(Card.contact_id, Card.funnel_id).where(mine)).one_or_none() if id else None
    if seen is None:
        raise NotFound
    if seen.contact_id is not None:
        session.execute(select(Contact.serial).where(Contact.id == seen.contact_id).with_for_update())
    owner = funnel(session, account_id, seen.funnel_id)
    found = session.scalar(select(Card).where(mine).execution_options(populate_existing=True))
    if found is None or (found.removed_at is not None) is not removed:
        raise NotFound
    if found.contact_id != seen.contact_id:
        raise Conflict(current=found)
    return owner, found


def stage(session: Session, owner: Funnel, id: UUID | None) -> Stage | None:
    """A stage of the funnel, None for one that is not there (any more). Whoever changes a card holds the funnel locked,
    so that it stays."""
    wanted = select(Stage).where(Stage.funnel_id == owner.id, Stage.id == id, Stage.deleted_at.is_(None))
    return session.scalar(wanted) if id else None


def first_stage(session: Session, owner: Funnel) -> Stage:
    """Where a card goes that is put nowhere: the leftmost open one. Raises Conflict in a funnel that has none."""
    mine = select(Stage).where(Stage.funnel_id == owner.id, Stage.deleted_at.is_(None), Stage.kind == State.OPEN)
    found = session.scalar(mine.order_by(Stage.position).limit(1))
    if found is None:
        raise Conflict
    return found
