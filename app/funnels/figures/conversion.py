"""Conversion: of the cards that came into a stage, how many went on, and how many were lost."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import and_, case, func, or_, select
from sqlalchemy.orm import Session

from app.funnels.figures.scope import Scope, Span, came_in
from app.funnels.models import CardChange, Stage
from app.funnels.states import State

WON_PLACE = 1_000_000  # a won stage is further right than every open one


@dataclass(frozen=True, slots=True)
class Flow:
    """Cards that entered an open stage in the period (made in it or moved into it, each counted once); of these the
    ones that afterwards, before the period's end, entered an open stage further right or a won one, and the ones that
    entered a lost one. A card that did both counts in both."""

    entered: int = 0
    went_on: int = 0
    lost: int = 0

    @property
    def rate(self) -> float | None:
        return self.went_on / self.entered if self.entered else None


def flows(session: Session, scope: Scope, span: Span) -> dict[UUID, Flow]:
    """Of every open stage that something entered. Stages that were deleted are left out, also as “further right”. With
    an owner: whoever owned the card when it entered; where it went then does not depend on that."""
    first = func.min(case((scope.owns(CardChange.owner_id), CardChange.revision)))
    place = case((CardChange.to_state == State.OPEN, func.min(Stage.position)), else_=WON_PLACE)
    visits = (
        select(
            CardChange.card_id,
            CardChange.to_stage_id,
            CardChange.to_state,
            first.label("first"),
            func.max(CardChange.revision).label("last"),
            place.label("place"),
        )
        .join(Stage, Stage.id == CardChange.to_stage_id)
        .where(scope.of_funnel, span.changes, came_in)
        .where(or_(CardChange.to_state != State.OPEN, and_(Stage.deleted_at.is_(None), Stage.kind == State.OPEN)))
        .group_by(CardChange.card_id, CardChange.to_stage_id, CardChange.to_state)
        .subquery()
    )
    is_lost = visits.c.to_state == State.LOST
    reached = case((~is_lost, visits.c.last))
    lost = case((is_lost, visits.c.last))
    steps = select(
        visits.c.to_stage_id,
        visits.c.to_state,
        visits.c.first,
        func.max(reached)
        .over(partition_by=visits.c.card_id, order_by=visits.c.place.desc(), rows=(None, -1))
        .label("reached"),
        func.max(lost).over(partition_by=visits.c.card_id).label("lost"),
    ).subquery()
    counted = (
        select(
            steps.c.to_stage_id,
            func.count(),
            func.count(case((steps.c.reached > steps.c.first, 1))),
            func.count(case((steps.c.lost > steps.c.first, 1))),
        )
        .where(steps.c.to_state == State.OPEN, steps.c.first.is_not(None))
        .group_by(steps.c.to_stage_id)
    )
    return {row[0]: Flow(*row[1:]) for row in session.execute(counted)}
