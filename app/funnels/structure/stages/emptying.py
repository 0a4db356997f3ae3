"""The end of a stage: its cards go over to another one, part by part, and then it is gone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session, aliased

from app.contacts.models import Contact
from app.core import jobs
from app.core.access import Actor
from app.core.db import write
from app.core.errors import Conflict, Invalid, NotFound
from app.funnels import ranks
from app.funnels.cards import locking, moving, placing
from app.funnels.cards.history import Doer
from app.funnels.cards.service import NO_STAGE
from app.funnels.cards.values import reason_from
from app.funnels.models import Card, Funnel, Stage
from app.funnels.states import State
from app.funnels.structure import reading
from app.funnels.structure.service import held
from app.funnels.structure.stages.service import of_held, refuse_last_open, remove

PART = 10  # cards of one write transaction: 7 to 10 ms, most of it the history, the timeline and the news
AT_ONCE = 1_000  # cards that are moved while somebody waits; more are left to a worker
KIND = "empty_stage"  # of the long job
ELSEWHERE = _l("Choose another stage than the one that is deleted.")
SECOND = _l("Contacts of these cards have another card that is open, or would get two: choose a closed stage for them.")


class HasCards(Conflict):
    """Nobody said where the cards go; a program reads their number in `cards`."""

    def __init__(self, number: int) -> None:
        super().__init__(_l("Cards in this stage: %(number)d. Say to which other stage they go.", number=number))
        self.extra = {"cards": number}


@dataclass(frozen=True, slots=True)
class Leaving:
    """Which stage ends; `to`: the one that its cards go to, with the `reason` where that one is lost."""

    account_id: UUID
    funnel_id: UUID
    stage_id: UUID
    to: UUID | None = None
    reason: str | None = None

    @classmethod
    def from_params(cls, account_id: UUID, params: dict[str, Any]) -> Leaving:
        """Of a job; `to_params` wrote them."""
        funnel_id, stage_id, to = (UUID(params[name]) for name in ("funnel", "stage", "to"))
        return cls(account_id, funnel_id, stage_id, to, params["reason"])

    def to_params(self) -> dict[str, Any]:
        return {
            "funnel": str(self.funnel_id),
            "stage": str(self.stage_id),
            "to": str(self.to),
            "reason": self.reason,
        }


def delete(
    actor: Actor,
    funnel_id: UUID | None,
    id: UUID | None,
    *,
    to: UUID | None = None,
    reason: str | None = None,
    version: int | None = None,
    at_once: int = AT_ONCE,
) -> UUID | None:
    """Deletes a stage, whose cards go to the end of the stage `to`, while somebody waits; or has a worker do it when
    there are more than `at_once`: the job's id. Not inside `write()`. Raises NotFound, Invalid (`to`, `reason`),
    HasCards without a `to`, or Conflict: with the stage when `version` is not the stored one, for the last open stage,
    or for cards that cannot be reopened."""
    with write() as session:
        funnel = held(session, actor, funnel_id, None)
        stage = of_held(actor, funnel, id, version)
        others = [each for each in reading.stages_of(session, funnel.id) if each.id != stage.id]
        refuse_last_open(stage, others)
        number = count(session, stage.id)
        if number == 0:
            remove(session, actor, funnel, stage, 0)
            return None
        if to is None:
            raise HasCards(number)
        leaving = Leaving(actor.account_id, funnel.id, stage.id, to, reason_from(reason))
        _refuse_second(session, stage, _target(session, funnel, stage, leaving))
        if number > at_once:
            return jobs.start(
                session.connection(),
                account_id=actor.account_id,
                kind=KIND,
                params=leaving.to_params(),
                total=number,
                created_by=actor.user_id,
            )
    moved, is_gone = 0, False
    while not is_gone:
        with write() as session:
            number, is_gone = move_part(session, actor, leaving, moved)
        moved += number
    return None


def count(session: Session, stage_id: UUID) -> int:
    """Cards in the stage, without those that were taken off the board."""
    inside = select(func.count()).select_from(Card).where(*_inside(stage_id))
    return session.scalar(inside) or 0


def move_part(session: Session, actor: Actor, leaving: Leaving, moved_before: int) -> tuple[int, bool]:
    """Moves a part of the cards in a write transaction, and deletes the stage when it is empty by that: how many were
    moved, and whether it is gone. Raises NotFound when it is gone already, Invalid or Conflict when what was asked for
    does not go any more."""
    found = select(Card.id, Card.contact_id).where(*_inside(leaving.stage_id)).order_by(Card.rank).limit(PART)
    seen = {row.id: row.contact_id for row in session.execute(found)}
    _lock_contacts(session, seen.values())
    funnel = locking.funnel(session, leaving.account_id, leaving.funnel_id)
    stage = locking.stage(session, funnel, leaving.stage_id)
    if stage is None:
        raise NotFound
    cards = _still_there(session, stage, seen)
    if cards:
        _move(session, Doer(actor), funnel, cards, _target(session, funnel, stage, leaving), leaving.reason)
    is_empty = session.scalar(select(Card.id).where(*_inside(stage.id)).limit(1)) is None
    if is_empty:
        others = [each for each in reading.stages_of(session, funnel.id) if each.id != stage.id]
        refuse_last_open(stage, others)
        remove(session, actor, funnel, stage, moved_before + len(cards))
    return len(cards), is_empty


def _move(session: Session, doer: Doer, funnel: Funnel, cards: Sequence[Card], to: Stage, reason: str | None) -> None:
    """Below those that are there, in the order that they had. Rules do not answer to it."""
    places = ranks.some_between(placing.last_rank(session, to.id), None, len(cards))
    for card, rank in zip(cards, places, strict=True):
        why = reason if to.kind == State.LOST and card.state != State.LOST else None
        try:
            moving.enter(session, doer, funnel, card, to, rank, why, undone=True)
        except Conflict:  # their contact got another one since that was looked at
            raise Conflict(SECOND) from None


def _target(session: Session, funnel: Funnel, stage: Stage, leaving: Leaving) -> Stage:
    """Where the cards go. Raises Invalid."""
    to = locking.stage(session, funnel, leaving.to)
    if to is None or to.id == stage.id:
        raise Invalid({"to": [NO_STAGE if to is None else ELSEWHERE]})
    if to.kind == State.LOST and stage.kind != State.LOST and leaving.reason is None:
        raise Invalid({"reason": [moving.NEEDS_REASON]})
    return to


def _refuse_second(session: Session, stage: Stage, to: Stage) -> None:
    """Raises Conflict when closed cards would be reopened beside another open one of their contact."""
    if to.kind != State.OPEN or stage.kind == State.OPEN:
        return
    other = aliased(Card)
    would_be_open = (other.state == State.OPEN) | (other.stage_id == stage.id)
    same = (other.funnel_id == Card.funnel_id) & (other.contact_id == Card.contact_id) & (other.id != Card.id)
    found = select(Card.id).where(
        *_inside(stage.id), select(other.id).where(same, would_be_open, other.removed_at.is_(None)).exists()
    )
    if session.scalar(found.limit(1)) is not None:
        raise Conflict(SECOND)


def _lock_contacts(session: Session, ids: Iterable[UUID | None]) -> None:
    """Before the funnel, as every change of a card does, and in the order that all who lock several keep."""
    known = {id for id in ids if id is not None}
    session.execute(select(Contact.id).where(Contact.id.in_(known)).order_by(Contact.serial).with_for_update())


def _still_there(session: Session, stage: Stage, seen: dict[UUID, UUID | None]) -> list[Card]:
    """Those that nobody moved, took off or gave to another contact before the funnel was locked."""
    found = select(Card).where(Card.id.in_(seen), *_inside(stage.id)).order_by(Card.rank)
    cards = session.scalars(found.execution_options(populate_existing=True)).all()
    return [card for card in cards if card.contact_id == seen[card.id]]


def _inside(stage_id: UUID) -> tuple[ColumnElement[bool], ...]:
    return Card.stage_id == stage_id, Card.removed_at.is_(None)
