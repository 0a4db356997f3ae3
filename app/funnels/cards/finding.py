"""The card that an address means: by its contact or by its own id, also one that was taken off the board."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.errors import NotFound
from app.funnels.cards import service
from app.funnels.models import Card, CardChange
from app.funnels.states import Removal
from app.funnels.structure import reading


def named(account_id: UUID, funnel_id: UUID | None, id: UUID | None) -> Card:
    """As `service.of_contact`, in a funnel that is there. Raises NotFound."""
    funnel = reading.get(account_id, funnel_id)
    return service.of_contact(account_id, funnel.id, id)


def removed(session: Session, account_id: UUID, funnel_id: UUID | None, id: UUID | None) -> UUID:
    """The id of the card that somebody took off last. What left with its contact comes back with that alone. Raises
    NotFound."""
    funnel = reading.get(account_id, funnel_id)
    theirs = (Card.funnel_id == funnel.id) & ((Card.contact_id == id) | (Card.id == id))
    found = select(Card.id).where(theirs, Card.removed_why == Removal.PERSON).order_by(Card.removed_at.desc()).limit(1)
    card_id = session.scalar(found) if id is not None else None
    if card_id is None:
        raise NotFound
    return card_id


def change(session: Session, card: Card, id: UUID | None) -> UUID:
    """The id of a change of this very card. Raises NotFound."""
    found = select(CardChange.id).where(CardChange.card_id == card.id, CardChange.id == id)
    change_id = session.scalar(found) if id is not None else None
    if change_id is None:
        raise NotFound
    return change_id
