"""Where a card goes in a stage: a rank between its neighbours there."""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.funnels import ranks
from app.funnels.models import Card

SPREAD = 100  # cards on either side that are spread out with one whose rank grew long


class Place(NamedTuple):
    """The neighbours that somebody saw: the card is to be below `after_id` and above `before_id`. Of neighbours who are
    not in the stage any more the other one decides; without any the card goes to the top."""

    stage_id: UUID
    after_id: UUID | None = None
    before_id: UUID | None = None


def rank_for(session: Session, place: Place, card_id: UUID | None = None) -> str:
    """A free rank at the place; removed cards keep theirs, so they count. The caller holds the funnel locked."""
    above, below = _neighbours(session, place, card_id)
    rank = ranks.between(above, below)
    if len(rank) > ranks.LONG:
        _spread(session, place.stage_id, rank)
        above, below = _neighbours(session, place, card_id)
        rank = ranks.between(above, below)
    return rank


def last_rank(session: Session, stage_id: UUID) -> str | None:
    """Of the lowest card of a stage."""
    return session.scalar(select(Card.rank).where(Card.stage_id == stage_id).order_by(Card.rank.desc()).limit(1))


def first_rank(session: Session, stage_id: UUID) -> str | None:
    """Of the topmost card of a stage."""
    return session.scalar(select(Card.rank).where(Card.stage_id == stage_id).order_by(Card.rank).limit(1))


def _neighbours(session: Session, place: Place, card_id: UUID | None) -> tuple[str | None, str | None]:
    """The ranks right above and right below the place, the card itself aside."""
    others = (Card.stage_id == place.stage_id) & (Card.id != card_id if card_id else True)
    above = _rank_of(session, place.stage_id, place.after_id, card_id)
    if above is not None:
        next_one = select(Card.rank).where(others, Card.rank > above).order_by(Card.rank).limit(1)
        return above, session.scalar(next_one)
    below = _rank_of(session, place.stage_id, place.before_id, card_id)
    if below is not None:
        one_before = select(Card.rank).where(others, Card.rank < below).order_by(Card.rank.desc()).limit(1)
        return session.scalar(one_before), below
    return None, session.scalar(select(Card.rank).where(others).order_by(Card.rank).limit(1))


def _rank_of(session: Session, stage_id: UUID, id: UUID | None, card_id: UUID | None) -> str | None:
    if id is None or id == card_id:
        return None
    return session.scalar(select(Card.rank).where(Card.id == id, Card.stage_id == stage_id))


def _spread(session: Session, stage_id: UUID, around: str) -> None:
    """Gives the cards around a rank new ones, as short as there are between the cards further out."""
    mine = select(Card.id, Card.rank).where(Card.stage_id == stage_id)
    higher = list(session.execute(mine.where(Card.rank < around).order_by(Card.rank.desc()).limit(SPREAD + 1)))[::-1]
    lower = list(session.execute(mine.where(Card.rank > around).order_by(Card.rank).limit(SPREAD + 1)))
    top = higher.pop(0).rank if len(higher) > SPREAD else None
    bottom = lower.pop().rank if len(lower) > SPREAD else None
    crowd = [*higher, *lower]
    for row in crowd:  # out of the way first: no two of a stage have one rank, not even for a moment
        session.execute(update(Card).where(Card.id == row.id).values(rank=f"~{row.id.hex}"))
    for row, rank in zip(crowd, ranks.some_between(top, bottom, len(crowd)), strict=True):
        session.execute(update(Card).where(Card.id == row.id).values(rank=rank))
