"""Every funnel of an account in one row: what is open now, what was won and lost in a period."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.funnels.figures.closings import Outcome, Side
from app.funnels.figures.scope import Span, changed_state
from app.funnels.models import Card, CardChange, Funnel
from app.funnels.owners import Owner, owned_by
from app.funnels.states import State


@dataclass(frozen=True, slots=True)
class Row:
    """`open_count` and `open_value` (reais) are of now, `outcome` of the period (as `closings.closings` counts)."""

    funnel_id: UUID
    name: str
    open_count: int
    open_value: Decimal
    outcome: Outcome


def rows(session: Session, funnels: Sequence[Funnel], span: Span, owner: Owner = None) -> list[Row]:
    """In the order of `funnels`, which are of one account. With an owner: cards that they own now, closings while they
    did."""
    ids = [one.id for one in funnels]
    is_open = Card.funnel_id.in_(ids) & Card.removed_at.is_(None) & (Card.state == State.OPEN)
    counted = select(Card.funnel_id, func.count(), func.sum(Card.value)).where(is_open, owned_by(Card.owner_id, owner))
    opened = {row[0]: (row[1], row[2]) for row in session.execute(counted.group_by(Card.funnel_id))}
    sides = _sides(session, ids, span, owner)
    none = 0, Decimal(0)
    return [
        Row(
            one.id,
            one.name,
            *opened.get(one.id, none),
            Outcome(sides.get((one.id, State.WON), Side()), sides.get((one.id, State.LOST), Side())),
        )
        for one in funnels
    ]


def _sides(session: Session, ids: Sequence[UUID], span: Span, owner: Owner) -> dict[tuple[UUID, str], Side]:
    last = func.row_number().over(partition_by=CardChange.card_id, order_by=CardChange.revision.desc())
    turn = (
        select(CardChange.funnel_id, CardChange.to_state, CardChange.owner_id, CardChange.value, last.label("number"))
        .where(CardChange.funnel_id.in_(ids), span.changes, changed_state)
        .subquery()
    )
    found = (
        select(turn.c.funnel_id, turn.c.to_state, func.count(), func.sum(turn.c.value))
        .where(turn.c.number == 1, turn.c.to_state != State.OPEN, owned_by(turn.c.owner_id, owner))
        .group_by(turn.c.funnel_id, turn.c.to_state)
    )
    return {(row[0], row[1]): Side(row[2], row[3]) for row in session.execute(found)}
