"""Time in stage: how long cards stayed that went, and how long those are there that stand there now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, case, cast, func, select
from sqlalchemy.orm import Session

from app.funnels.figures.scope import Scope, Span, seconds
from app.funnels.models import Card, CardChange


@dataclass(frozen=True, slots=True)
class Stays:
    """Stays in a stage that ended in the period, by a move out of it. Times in seconds."""

    count: int
    average_s: float
    median_s: float


@dataclass(frozen=True, slots=True)
class Standing:
    """Cards that stand in a stage now, and for how many seconds so far, on average."""

    count: int
    average_s: float


def ended(session: Session, scope: Scope, span: Span) -> dict[UUID, Stays]:
    """By stage. The median of an even number is the middle of the middle two. With an owner: whoever owned the card
    when it went."""
    stage, stayed = CardChange.from_stage_id, CardChange.stayed_s
    lined_up = (
        select(
            stage.label("stage_id"),
            stayed.label("stayed_s"),
            func.row_number().over(partition_by=stage, order_by=stayed).label("number"),
            func.count().over(partition_by=stage).label("size"),
        )
        .where(scope.of_funnel, span.changes, stayed.is_not(None), scope.owns(CardChange.owner_id))
        .subquery()
    )
    number, size, stayed_s = lined_up.c.number, lined_up.c.size, lined_up.c.stayed_s
    middle = case((number.in_([(size + 1) // 2, (size + 2) // 2]), stayed_s))
    found = select(
        lined_up.c.stage_id, func.count(), func.sum(stayed_s), func.sum(middle), func.count(middle)
    ).group_by(lined_up.c.stage_id)
    return {row[0]: Stays(row[1], float(row[2]) / row[1], float(row[3]) / row[4]) for row in session.execute(found)}


def standing(session: Session, scope: Scope, now: datetime) -> dict[UUID, Standing]:
    """By stage, of the cards on the board. With an owner: whoever owns them now."""
    mine = (Card.account_id == scope.account_id) & (Card.funnel_id == scope.funnel_id)
    since = cast(func.sum(seconds(Card.entered_at)), BigInteger)
    found = (
        select(Card.stage_id, func.count(), since)
        .where(mine, Card.removed_at.is_(None), scope.owns(Card.owner_id))
        .group_by(Card.stage_id)
    )
    until = int(now.timestamp())
    return {row[0]: Standing(row[1], max(0.0, until - row[2] / row[1])) for row in session.execute(found)}
