"""The verbs on one card, shared by pages, API and rules, each inside a write transaction."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.contacts import timeline
from app.contacts.models import Contact
from app.core import clock, events
from app.core.db import db
from app.core.errors import Conflict, Invalid, NotFound
from app.core.ids import to_uuid, uuid7
from app.funnels.cards import history, locking, news, placing
from app.funnels.cards.history import Doer
from app.funnels.cards.placing import Place
from app.funnels.cards.values import WIRE_NAMES, check
from app.funnels.models import Card, Funnel, Stage
from app.funnels.states import ChangeKind, Removal, State

NO_CONTACT = _l("There is no such contact.")
NO_STAGE = _l("There is no such stage.")
OPEN_ALREADY = _l("This contact has an open card in this funnel already.")


def get(account_id: UUID, id: UUID | None) -> Card:
    """Raises NotFound, also for a removed one and another account's."""
    wanted = select(Card).where(Card.account_id == account_id, Card.id == id, Card.removed_at.is_(None))
    found = db.session.scalar(wanted) if id is not None else None
    if found is None:
        raise NotFound
    return found


def of_contact(account_id: UUID, funnel_id: UUID | None, id: UUID | None) -> Card:
    """The card that a path names: by the contact (its open card, else its latest) or by its own id. Raises NotFound."""
    mine = select(Card).where(Card.account_id == account_id, Card.funnel_id == funnel_id, Card.removed_at.is_(None))
    wanted = mine.where((Card.contact_id == id) | (Card.id == id))
    found = (
        db.session.scalar(wanted.order_by(Card.state != State.OPEN, Card.created_at.desc()).limit(1)) if id else None
    )
    if found is None:
        raise NotFound
    return found


def create(doer: Doer, funnel_id: UUID | None, values: Mapping[str, Any]) -> Card:
    """A new card at the top of its stage. `values`: `contactId`, `stageId` (else the first one), and those of
    `values.check`; a card made in a closed stage is closed. Raises NotFound, Invalid by these names, or Conflict with
    the card of the contact that is open already."""
    session, account_id = db.session(), doer.actor.account_id
    try:
        contact = locking.contact(session, account_id, _id(values.get("contactId")))
    except NotFound:
        raise Invalid({"contactId": [NO_CONTACT]}) from None
    funnel = locking.funnel(session, account_id, funnel_id)
    clean = check(session, account_id, values)
    stage = _stage_for(session, funnel, values.get("stageId"))
    card = new_card(doer, stage, contact, placing.rank_for(session, Place(stage.id)), clean)
    if card.state == State.OPEN:
        refuse_second(session, card)
    session.add(card)
    session.flush()
    history.note(session, funnel, card, ChangeKind.CREATED, doer, None)
    tell(session, doer, funnel, card, "deal.created", news.of(card), {"stage": stage.name})
    return card


def new_card(doer: Doer, stage: Stage, contact: Contact, rank: str, columns: Mapping[str, Any]) -> Card:
    """A card as `create` begins it, not yet in the session; `columns` are those of `values.check`."""
    now = clock.now()
    return Card(
        **{"owner_id": contact.owner_id, "value": Decimal(0), **columns},
        id=uuid7(),
        account_id=stage.account_id,
        funnel_id=stage.funnel_id,
        stage_id=stage.id,
        contact_id=contact.id,
        state=stage.kind,
        rank=rank,
        entered_at=now,
        closed_at=None if stage.kind == State.OPEN else now,
        created_by=doer.actor.user_id,
        created_at=now,
        updated_at=now,
        revision=0,
    )


def update(doer: Doer, id: UUID | None, values: Mapping[str, Any], *, version: int | None = None) -> Card:
    """Changes what `values` gives of those of `values.check`. Raises NotFound, Invalid, or Conflict with the card when
    `version` is not the stored one."""
    session = db.session()
    funnel, card = locking.card(session, doer.actor.account_id, id)
    refuse_stale(card, version)
    clean = check(session, doer.actor.account_id, values)
    was = history.before(card)
    fields = [name for name, value in clean.items() if getattr(card, name) != value]
    if not fields:
        return card
    for name in fields:
        setattr(card, name, clean[name])
    touch(card)
    history.note(session, funnel, card, ChangeKind.EDITED, doer, was, fields=fields)
    told = [WIRE_NAMES[name] for name in fields]
    events.emit(session.connection(), "deal.updated", card.account_id, news.of(card) | {"fields": told})
    return card


def remove(doer: Doer, id: UUID | None, *, version: int | None = None, why: Removal = Removal.PERSON) -> Card:
    """Takes a card off the board, so that it can be brought back. Raises NotFound or Conflict."""
    session = db.session()
    funnel, card = locking.card(session, doer.actor.account_id, id)
    refuse_stale(card, version)
    take_off(session, doer, funnel, card, why)
    return card


def take_off(session: Session, doer: Doer, funnel: Funnel, card: Card, why: Removal) -> None:
    """As `remove`, of a card whose funnel is locked."""
    was = history.before(card)
    card.removed_at, card.removed_why = clock.now(), why
    touch(card)
    history.note(session, funnel, card, ChangeKind.REMOVED, doer, was)
    tell(session, doer, funnel, card, "deal.updated", news.of(card) | {"fields": ["removed"]}, {}, noted="deal.removed")


def restore(doer: Doer, id: UUID | None) -> Card:
    """Brings a card that somebody removed back to where it was, or to the top of the first stage where its own is gone.
    Raises NotFound, also while its contact is deleted, or Conflict with the card of the contact that is open by now."""
    session = db.session()
    funnel, card = locking.card(session, doer.actor.account_id, id, removed=True)
    if card.removed_why != Removal.PERSON:
        raise NotFound
    locking.contact(session, card.account_id, card.contact_id)
    put_back(session, doer, funnel, card)
    return card


def put_back(session: Session, doer: Doer, funnel: Funnel, card: Card) -> None:
    """As `restore`, of a card whose funnel is locked."""
    was = history.before(card)
    stage = locking.stage(session, funnel, card.stage_id)
    state = card.state if stage is not None else State.OPEN
    if state == State.OPEN:
        refuse_second(session, card)
    if stage is None:
        _begin_again(session, funnel, card)
    card.removed_at = card.removed_why = None
    touch(card)
    history.note(session, funnel, card, ChangeKind.RESTORED, doer, was)
    tell(
        session, doer, funnel, card, "deal.updated", news.of(card) | {"fields": ["restored"]}, {}, noted="deal.restored"
    )


def _begin_again(session: Session, funnel: Funnel, card: Card) -> None:
    """In the first stage, as one that just came there."""
    stage = locking.first_stage(session, funnel)
    card.rank = placing.rank_for(session, Place(stage.id))
    card.stage_id, card.state, card.closed_at, card.reason = stage.id, stage.kind, None, None
    card.entered_at, card.entries = clock.now(), card.entries + 1


def refuse_second(session: Session, card: Card) -> None:
    """Raises Conflict with the other card of this contact that is open in the funnel."""
    mine = (Card.funnel_id == card.funnel_id) & (Card.contact_id == card.contact_id) & (Card.id != card.id)
    with session.no_autoflush:
        other = session.scalar(select(Card).where(mine, Card.state == State.OPEN, Card.removed_at.is_(None)))
    if other is not None:
        raise Conflict(OPEN_ALREADY, current=other)


def refuse_stale(card: Card, version: int | None) -> None:
    if version is not None and version != card.version:
        raise Conflict(current=card)


def touch(card: Card) -> None:
    """What every change brings with it."""
    card.updated_at = clock.now()
    card.version += 1


def tell(
    session: Session,
    doer: Doer,
    funnel: Funnel,
    card: Card,
    event: str,
    payload: dict[str, Any],
    facts: dict[str, Any],
    noted: str | None = None,
) -> None:
    """Tells whoever listens, and the timeline of the contact (as `noted`, where that differs)."""
    connection = session.connection()
    if card.contact_id is not None:
        seen = {"cardId": str(card.id), "funnelId": str(funnel.id), "funnel": funnel.name, **facts}
        actor = doer.actor
        timeline.note(connection, card.account_id, card.contact_id, noted or event, seen, actor)
    events.emit(connection, event, card.account_id, payload)


def _stage_for(session: Session, funnel: Funnel, id: Any) -> Stage:
    if id is None or id == "":
        return locking.first_stage(session, funnel)
    stage = locking.stage(session, funnel, _id(id))
    if stage is None:
        raise Invalid({"stageId": [NO_STAGE]})
    return stage


def _id(value: Any) -> UUID | None:
    return value if isinstance(value, UUID) else to_uuid(value)
