"""A card moved: to another stage, which may close or reopen it, or to another place in its own; and taken back."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from app.core import clock, events
from app.core.db import db
from app.core.errors import Conflict, Invalid, NotFound
from app.funnels.cards import history, locking, news, placing
from app.funnels.cards.history import Before, Doer
from app.funnels.cards.placing import Place
from app.funnels.cards.service import NO_STAGE, refuse_second, refuse_stale, tell, touch
from app.funnels.cards.values import reason_from
from app.funnels.models import Card, CardChange, Funnel, Stage
from app.funnels.states import ChangeKind, State

NEEDS_REASON = _l("Say why the deal was lost.")
CHANGED_SINCE = _l("The card was changed again meanwhile: this move cannot be taken back.")


def move(
    doer: Doer, id: UUID | None, place: Place, *, reason: str | None = None, version: int | None = None
) -> tuple[Card, CardChange]:
    """Puts a card where `place` says; into a lost stage only with a `reason`. The change is what `undo` takes. Raises
    NotFound, Invalid (`stageId`, `reason`), or Conflict with the card when `version` is not the stored one, or with the
    other card of its contact that is open already."""
    session = db.session()
    funnel, card = locking.card(session, doer.actor.account_id, id)
    refuse_stale(card, version)
    stage = locking.stage(session, funnel, place.stage_id)
    if stage is None:
        raise Invalid({"stageId": [NO_STAGE]})
    if stage.id == card.stage_id:
        return card, _reorder(session, doer, funnel, card, placing.rank_for(session, place, card.id))
    why = reason_from(reason)
    if stage.kind == State.LOST and why is None and card.state != State.LOST:
        raise Invalid({"reason": [NEEDS_REASON]})
    return card, enter(session, doer, funnel, card, stage, placing.rank_for(session, place, card.id), why)


def enter(
    session: Session,
    doer: Doer,
    funnel: Funnel,
    card: Card,
    stage: Stage,
    rank: str,
    reason: str | None = None,
    *,
    undone: bool = False,
) -> CardChange:
    """Puts a card into another stage; the caller holds the funnel locked."""
    was, now = history.before(card), clock.now()
    left = session.get(Stage, card.stage_id)
    _set_state(session, card, stage, reason)
    stayed_s = max(0, int((now - card.entered_at).total_seconds()))
    card.stage_id, card.rank, card.entered_at, card.entries = stage.id, rank, now, card.entries + 1
    touch(card)
    change = history.note(session, funnel, card, ChangeKind.MOVED, doer, was, stayed_s=stayed_s)
    facts = {"from": left.name if left else None, "stage": stage.name, "state": card.state}
    _tell_move(session, doer, funnel, card, change, was, facts, undone)
    return change


def undo(doer: Doer, change_id: UUID | None) -> tuple[Card, CardChange]:
    """Takes back a move that is the latest change of its card. Raises NotFound, or Conflict with the card."""
    session, account_id = db.session(), doer.actor.account_id
    mine = select(CardChange).where(CardChange.account_id == account_id, CardChange.id == change_id)
    change = session.scalar(mine) if change_id is not None else None
    if change is None or change.kind not in (ChangeKind.MOVED, ChangeKind.ORDERED):
        raise NotFound
    funnel, card = locking.card(session, account_id, change.card_id)
    stage = locking.stage(session, funnel, change.from_stage_id)
    if card.revision != change.revision or stage is None or change.from_rank is None:
        raise Conflict(CHANGED_SINCE, current=card)
    rank = change.from_rank if _is_free(session, stage.id, change.from_rank) else None
    if rank is None:
        rank = placing.rank_for(session, Place(stage.id), card.id)
    if stage.id == card.stage_id:
        return card, _reorder(session, doer, funnel, card, rank)
    before = session.scalar(_reason_before(card, change))
    return card, enter(session, doer, funnel, card, stage, rank, before, undone=True)


def _reorder(session: Session, doer: Doer, funnel: Funnel, card: Card, rank: str) -> CardChange:
    was = history.before(card)
    card.rank = rank
    touch(card)
    return history.note(session, funnel, card, ChangeKind.ORDERED, doer, was)


def _set_state(session: Session, card: Card, stage: Stage, reason: str | None) -> None:
    """A closed card that goes on to another stage of its kind keeps when and why it was closed."""
    if stage.kind == card.state:
        card.reason = None if stage.kind == State.OPEN else reason or card.reason
        return
    if stage.kind == State.OPEN:
        refuse_second(session, card)
    card.state = stage.kind
    card.reason = None if stage.kind == State.OPEN else reason
    card.closed_at = None if stage.kind == State.OPEN else clock.now()


def _tell_move(
    session: Session,
    doer: Doer,
    funnel: Funnel,
    card: Card,
    change: CardChange,
    was: Before,
    facts: dict[str, str | None],
    undone: bool,
) -> None:
    payload = news.of_move(card, change) | ({"undone": True} if undone else {})
    closed = card.state if card.state != was.state and card.state != State.OPEN else None
    noted = f"deal.{closed}" if closed else "deal.moved"
    if closed:
        events.emit(session.connection(), f"deal.{closed}", card.account_id, payload)
    tell(session, doer, funnel, card, "deal.moved", payload, facts, noted=noted)


def _is_free(session: Session, stage_id: UUID, rank: str) -> bool:
    return session.scalar(select(Card.id).where(Card.stage_id == stage_id, Card.rank == rank)) is None


def _reason_before(card: Card, change: CardChange) -> Select[Any]:
    """Why it was closed as it was before the change: said by the latest earlier move."""
    earlier = select(CardChange.reason).where(CardChange.card_id == card.id, CardChange.revision < change.revision)
    return earlier.where(CardChange.kind == ChangeKind.MOVED).order_by(CardChange.revision.desc()).limit(1)
