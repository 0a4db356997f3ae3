"""The history of cards: every change noted in the funnel's own order, with what the figures need."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core import clock
from app.core.access import Actor
from app.core.ids import uuid7
from app.funnels.models import Card, CardChange, Funnel
from app.funnels.states import ChangeKind, State


@dataclass(frozen=True, slots=True)
class Doer:
    """Who changes a card: somebody, or a rule in nobody's name."""

    actor: Actor
    rule_id: UUID | None = None


class Before(NamedTuple):
    """What a card was before a change."""

    stage_id: UUID
    rank: str
    state: str
    open_value: Decimal


def before(card: Card) -> Before:
    return Before(card.stage_id, card.rank, card.state, open_value(card))


def is_open(card: Card) -> bool:
    """Whether it is on the board and still on its way."""
    return card.state == State.OPEN and card.removed_at is None


def open_value(card: Card) -> Decimal:
    """What the card adds to the open value of its funnel."""
    return card.value if is_open(card) else Decimal(0)


def note(
    session: Session,
    funnel: Funnel,
    card: Card,
    kind: ChangeKind,
    doer: Doer,
    was: Before | None,
    *,
    fields: Sequence[str] = (),
    stayed_s: int | None = None,
) -> CardChange:
    """Adds the change of a card, which has its new values already, and gives both the funnel's next revision. The
    caller holds the funnel's row locked."""
    change = next_change(funnel, card, kind, doer, was, fields=fields, stayed_s=stayed_s)
    session.add(change)
    session.flush()
    return change


def next_change(
    funnel: Funnel,
    card: Card,
    kind: ChangeKind,
    doer: Doer,
    was: Before | None,
    *,
    fields: Sequence[str] = (),
    stayed_s: int | None = None,
) -> CardChange:
    """As `note`, for who changes many cards and adds their changes to the session all at once."""
    funnel.revision += 1
    card.revision = funnel.revision
    return CardChange(
        id=uuid7(),
        account_id=card.account_id,
        funnel_id=card.funnel_id,
        card_id=card.id,
        revision=funnel.revision,
        kind=kind,
        from_stage_id=was.stage_id if was else None,
        to_stage_id=card.stage_id,
        from_rank=was.rank if was else None,
        from_state=was.state if was else None,
        to_state=card.state,
        value=card.value,
        open_delta=open_value(card) - (was.open_value if was else Decimal(0)),
        owner_id=card.owner_id,
        reason=card.reason if kind == ChangeKind.MOVED else None,
        fields=list(fields),
        stayed_s=stayed_s,
        rule_id=doer.rule_id,
        actor_id=doer.actor.user_id,
        actor=doer.actor.name[:254],
        at=clock.now(),
    )


def changes_of(session: Session, card: Card, limit: int = 200) -> Sequence[CardChange]:
    """The latest first."""
    mine = select(CardChange).where(CardChange.account_id == card.account_id, CardChange.card_id == card.id)
    return session.scalars(mine.order_by(CardChange.revision.desc()).limit(limit)).all()
