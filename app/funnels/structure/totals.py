"""How many cards there are and what they are worth: of stages, of funnels, and those won since a day."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.core import clock
from app.funnels.models import Card, CardChange, Stage
from app.funnels.states import State


class Total(NamedTuple):
    """`value` in reais."""

    cards: int = 0
    value: Decimal = Decimal(0)


NOTHING = Total()


def of_stages(session: Session, funnel_ids: Iterable[UUID]) -> dict[UUID, Total]:
    """Of every stage of the funnels that has cards; an index answers alone."""
    cards = select(Card.stage_id, func.count(), func.sum(Card.value))
    mine = cards.where(Card.funnel_id.in_(list(funnel_ids)), Card.removed_at.is_(None))
    return {stage_id: Total(number, value) for stage_id, number, value in session.execute(mine.group_by(Card.stage_id))}


def open_of(stages: Sequence[Stage], totals: dict[UUID, Total]) -> Total:
    """Of the open stages together."""
    found = [totals.get(stage.id, NOTHING) for stage in stages if stage.kind == State.OPEN]
    return Total(sum(each.cards for each in found), sum((each.value for each in found), Decimal(0)))


def won_since(session: Session, funnel_ids: Iterable[UUID], start: datetime) -> dict[UUID, Total]:
    """Of each funnel, the cards that were won since then and still are. The changes since then tell which, so that
    years of won cards are not read."""
    ids = list(funnel_ids)
    changed = select(CardChange.card_id).where(CardChange.funnel_id.in_(ids), CardChange.at >= start)
    won = select(Card.funnel_id, func.count(), func.sum(Card.value)).where(
        Card.id.in_(changed.where(CardChange.to_state == State.WON)),
        Card.state == State.WON,
        Card.closed_at >= start,
        Card.removed_at.is_(None),
    )
    return {
        funnel_id: Total(number, value) for funnel_id, number, value in session.execute(won.group_by(Card.funnel_id))
    }


def month_start(zone: ZoneInfo) -> datetime:
    """When the present month began there, UTC."""
    here = clock.now().astimezone(zone)
    return here.replace(day=1, hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)
