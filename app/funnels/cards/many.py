"""Many contacts put into a funnel at once, and taken off again: in one transaction what `service` does one by one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.contacts import timeline
from app.contacts.models import Contact
from app.core import clock, events
from app.core.errors import NotFound
from app.funnels import ranks
from app.funnels.cards import history, locking, news, placing
from app.funnels.cards.history import Doer
from app.funnels.cards.service import new_card, touch
from app.funnels.models import Card, CardChange, Funnel
from app.funnels.states import ChangeKind, Removal, State


class Made(NamedTuple):
    """The revisions of the funnel at which cards were made, without a gap; `last` is below `first` for none."""

    first: int
    last: int

    @property
    def number(self) -> int:
        return self.last - self.first + 1


def create(
    session: Session, doer: Doer, funnel_id: UUID, stage_id: UUID, serials: Sequence[int], columns: Mapping[str, Any]
) -> Made:
    """New cards at the bottom of an open stage, in the order of the contacts' serials; who is gone or has an open card
    in the funnel is passed over. `columns` are those of `values.check`; without `owner_id` each contact's own is the
    owner. Raises NotFound when the funnel or the stage is gone."""
    account_id = doer.actor.account_id
    people = _contacts(session, account_id, serials)
    funnel = locking.funnel(session, account_id, funnel_id)
    stage = locking.stage(session, funnel, stage_id)
    if stage is None or stage.kind != State.OPEN:
        raise NotFound
    busy = _with_open_card(session, funnel, [one.id for one in people])
    new = [one for one in people if one.id not in busy]
    places = ranks.some_between(placing.last_rank(session, stage.id), None, len(new))
    cards = [new_card(doer, stage, one, rank, columns) for one, rank in zip(new, places, strict=True)]
    made = Made(funnel.revision + 1, funnel.revision + len(cards))
    changes = [history.next_change(funnel, card, ChangeKind.CREATED, doer, None) for card in cards]
    session.add_all([*cards, *changes])
    session.flush()
    _tell(session, doer, funnel, cards, "deal.created", {"stage": stage.name})
    return made


def take_back(session: Session, doer: Doer, funnel_id: UUID, made: Made) -> int:
    """Takes off the board what `create` made and nobody has changed since; what rules did to a card does not keep it.
    How many. Raises NotFound when the funnel is gone."""
    account_id = doer.actor.account_id
    ids = _cards_of(session, account_id, funnel_id, made)
    theirs = select(Contact.serial).join(Card, Card.contact_id == Contact.id).where(Card.id.in_(ids))
    _contacts(session, account_id, session.scalars(theirs).all())
    funnel = locking.funnel(session, account_id, funnel_id)
    changed = set(session.scalars(_touched(ids, made)))
    found = select(Card).where(Card.id.in_([id_ for id_ in ids if id_ not in changed]), Card.removed_at.is_(None))
    cards = session.scalars(found.order_by(Card.id).execution_options(populate_existing=True)).all()
    for card in cards:
        was = history.before(card)
        card.removed_at, card.removed_why = clock.now(), Removal.PERSON
        touch(card)
        session.add(history.next_change(funnel, card, ChangeKind.REMOVED, doer, was))
    session.flush()
    _tell(session, doer, funnel, cards, "deal.updated", {}, fields=["removed"], noted="deal.removed")
    return len(cards)


def _contacts(session: Session, account_id: UUID, serials: Sequence[int]) -> Sequence[Contact]:
    """Those who are there, locked in the one order of all who change many contacts."""
    mine = (Contact.account_id == account_id) & Contact.deleted_at.is_(None) & Contact.serial.in_(serials)
    found = select(Contact).where(mine).order_by(Contact.serial).with_for_update()
    return session.scalars(found.execution_options(populate_existing=True)).all()


def _with_open_card(session: Session, funnel: Funnel, contact_ids: Sequence[UUID]) -> set[UUID | None]:
    is_open = (Card.state == State.OPEN) & Card.removed_at.is_(None)
    found = select(Card.contact_id).where(Card.funnel_id == funnel.id, is_open, Card.contact_id.in_(contact_ids))
    return set(session.scalars(found))


def _cards_of(session: Session, account_id: UUID, funnel_id: UUID, made: Made) -> Sequence[UUID]:
    mine = (CardChange.account_id == account_id) & (CardChange.funnel_id == funnel_id)
    at = CardChange.revision.between(made.first, made.last) & (CardChange.kind == ChangeKind.CREATED)
    return session.scalars(select(CardChange.card_id).where(mine, at)).all()


def _touched(ids: Sequence[UUID], made: Made) -> Any:
    later = (CardChange.revision > made.last) & CardChange.rule_id.is_(None)
    return select(CardChange.card_id).where(CardChange.card_id.in_(ids), later)


def _tell(
    session: Session,
    doer: Doer,
    funnel: Funnel,
    cards: Sequence[Card],
    event: str,
    facts: dict[str, Any],
    *,
    fields: Sequence[str] = (),
    noted: str | None = None,
) -> None:
    """As `service.tell`, of many: the timelines first, so that what rules do stands after it."""
    connection = session.connection()
    same = {"funnelId": str(funnel.id), "funnel": funnel.name, **facts}
    entries = {card.contact_id: {"cardId": str(card.id), **same} for card in cards if card.contact_id is not None}
    if entries:
        timeline.note_each(connection, funnel.account_id, entries, noted or event, doer.actor, at=clock.now())
    if events.is_heard(connection, event, funnel.account_id):
        more = {"fields": list(fields)} if fields else {}
        events.emit_all(connection, event, funnel.account_id, [news.of(card) | more for card in cards])
