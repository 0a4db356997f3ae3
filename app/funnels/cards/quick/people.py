"""The contacts that a new card may be for, found as somebody types."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from app.contacts import search
from app.contacts import service as contacts
from app.contacts.models import Contact
from app.core.db import TooSlow, time_limited
from app.funnels.models import Card, Funnel
from app.funnels.states import State

MOST = 8
SEARCH_S = 3.0


class Found(NamedTuple):
    text: str
    rows: Sequence[tuple[Contact, Card | None]]  # with the card that the contact has open in the funnel
    is_slow: bool = False


def find(session: Session, funnel: Funnel, typed: str) -> Found:
    """The latest contacts that fit; nobody for nothing typed."""
    text = typed.replace("\0", "").strip()[: search.MAX_TEXT]
    if not text:
        return Found("", [])
    country = contacts.country_of(funnel.account_id)
    latest: list[ColumnElement[Any]] = [Contact.serial.desc()]
    try:
        with time_limited(session, SEARCH_S):
            page = search.page_of(session, funnel.account_id, [], latest, typed=text, country=country, limit=MOST)
    except TooSlow:
        return Found(text, [], is_slow=True)
    return Found(text, with_cards(session, funnel, page.rows))


def with_cards(session: Session, funnel: Funnel, people: Sequence[Contact]) -> list[tuple[Contact, Card | None]]:
    ids = [one.id for one in people]
    mine = select(Card).where(Card.funnel_id == funnel.id, Card.contact_id.in_(ids), Card.removed_at.is_(None))
    cards = {card.contact_id: card for card in session.scalars(mine.where(Card.state == State.OPEN))}
    return [(one, cards.get(one.id)) for one in people]
