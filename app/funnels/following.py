"""Cards follow their contacts: deleted and brought back with them, moved to the one that a contact is merged into, and
emptied when the person is forgotten. In the transactions of the contacts, which hold their rows locked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, select, update
from sqlalchemy.orm import Session

from app.core import events
from app.core.access import Actor
from app.core.errors import Conflict
from app.funnels.cards import history
from app.funnels.cards.history import Doer
from app.funnels.cards.service import put_back, take_off, touch
from app.funnels.cards.values import MAX_NOTES
from app.funnels.models import Card, CardChange, Funnel
from app.funnels.states import ChangeKind, Removal, State

IS_SHOWN = Card.removed_at.is_(None)


def init_app() -> None:
    events.subscribe("contact.deleted", deleted)
    events.subscribe("contact.restored", restored)
    events.subscribe("contact.merged", merged)
    events.subscribe("contact.purged", purged)


def deleted(connection: Connection, _name: str, account_id: UUID, told: dict[str, Any]) -> None:
    """Its cards leave the boards."""
    theirs = _cards_of([UUID(told["contactId"])], IS_SHOWN)
    with _each(connection, account_id, theirs) as (session, found):
        for funnel, card in found:
            take_off(session, _system(account_id), funnel, card, Removal.CONTACT)


def restored(connection: Connection, _name: str, account_id: UUID, told: dict[str, Any]) -> None:
    """The cards that left with it come back."""
    theirs = _cards_of([UUID(told["contactId"])], Card.removed_why == Removal.CONTACT)
    with _each(connection, account_id, theirs) as (session, found):
        for funnel, card in found:
            try:
                put_back(session, _system(account_id), funnel, card)
            except Conflict:  # no stage is left for it: it stays away
                continue


def merged(connection: Connection, _name: str, account_id: UUID, told: dict[str, Any]) -> None:
    """They become cards of the kept contact. Of two open ones in a funnel the kept contact's stays and takes in what
    the other one knows."""
    theirs = _cards_of([UUID(told["mergedId"])])
    with _each(connection, account_id, theirs) as (session, found):
        for funnel, card in found:
            was, kept_id = history.before(card), UUID(told["keptId"])
            second = _open_card(session, funnel, kept_id) if history.is_open(card) else None
            card.contact_id = kept_id
            if second is not None:
                take_off(session, _system(account_id), funnel, card, Removal.MERGED)
                _take_in(session, account_id, funnel, second, card)
                continue
            touch(card)  # boards show another name
            history.note(session, funnel, card, ChangeKind.EDITED, _system(account_id), was, fields=["contact"])


def purged(connection: Connection, _name: str, account_id: UUID, told: dict[str, Any]) -> None:
    """Their rows are about to go for good: what is left of the cards are figures that name nobody."""
    with _each(connection, account_id, _cards_of([UUID(id_) for id_ in told["contactIds"]])) as (session, found):
        for funnel, card in found:
            card.contact_id = None
            forget(session, account_id, funnel, card)


def forget(session: Session, account_id: UUID, funnel: Funnel, card: Card) -> None:
    """Off the board, without what people wrote about the person: only reasons off the funnel's own list stay."""
    if card.removed_at is None:
        take_off(session, _system(account_id), funnel, card, Removal.ERASED)
    card.removed_why, card.notes = Removal.ERASED, ""
    if card.reason not in funnel.reasons:
        card.reason = None
    session.flush()
    typed = (CardChange.card_id == card.id) & CardChange.reason.is_not(None)
    session.execute(update(CardChange).where(typed, CardChange.reason.not_in(funnel.reasons)).values(reason=None))


def _system(account_id: UUID) -> Doer:
    return Doer(Actor(account_id, None, "system"))


def _cards_of(contact_ids: Sequence[UUID], *conditions: ColumnElement[bool]) -> list[ColumnElement[bool]]:
    return [Card.contact_id.in_(contact_ids), *conditions]


@contextmanager
def _each(
    connection: Connection, account_id: UUID, conditions: Sequence[ColumnElement[bool]]
) -> Iterator[tuple[Session, Iterator[tuple[Funnel, Card]]]]:
    """The cards with their funnels, deleted ones too; mostly there are none, which costs one look at an index. All
    funnels of the account are locked, in one order: one transaction may follow many contacts one by one, and two of
    these would meet in funnels locked in the order of the contacts."""
    mine = (Card.account_id == account_id, *conditions)
    if connection.scalar(select(Card.id).where(*mine).limit(1)) is None:
        yield Session(), iter(())
        return
    connection.execute(
        select(Funnel.id).where(Funnel.account_id == account_id).order_by(Funnel.id).with_for_update()
    ).all()
    with Session(bind=connection) as session:  # of the transaction that is under way, which it neither begins nor ends
        found = select(Funnel, Card).join(Card, Card.funnel_id == Funnel.id).where(*mine)
        rows = session.execute(found.order_by(Card.funnel_id, Card.id)).all()
        yield session, ((row.Funnel, row.Card) for row in rows)
        session.flush()


def _open_card(session: Session, funnel: Funnel, contact_id: UUID) -> Card | None:
    mine = (Card.funnel_id == funnel.id) & (Card.contact_id == contact_id)
    return session.scalar(select(Card).where(mine, Card.state == State.OPEN, IS_SHOWN))


def _take_in(session: Session, account_id: UUID, funnel: Funnel, kept: Card, other: Card) -> None:
    was = history.before(kept)
    notes = "\n\n".join(text for text in (kept.notes, other.notes) if text)[:MAX_NOTES]
    after = {
        "notes": notes,
        "value": kept.value if kept.value != Decimal(0) else other.value,
        "owner_id": kept.owner_id or other.owner_id,
        "expected_close": kept.expected_close or other.expected_close,
    }
    fields = [name for name, value in after.items() if getattr(kept, name) != value]
    if fields:
        for name in fields:
            setattr(kept, name, after[name])
        touch(kept)
        history.note(session, funnel, kept, ChangeKind.EDITED, _system(account_id), was, fields=fields)
