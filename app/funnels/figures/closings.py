"""Won and lost: the closings of a period, by reason, by owner and by day."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Subquery, and_, case, func, select
from sqlalchemy.orm import Session

from app.funnels.figures.scope import Scope, Span, changed_state, day_of, quarter_of, seconds
from app.funnels.models import Card, CardChange
from app.funnels.states import ChangeKind, State

DAY_S = 86_400
Key = TypeVar("Key")


@dataclass(frozen=True, slots=True)
class Closing:
    """Cards closed alike within the same quarter of an hour: `value` is that of the closings, in reais, `lived_s` the
    seconds from making to closing, added up."""

    state: str
    reason: str | None
    owner_id: UUID | None
    quarter: int
    count: int
    value: Decimal
    lived_s: int


@dataclass(frozen=True, slots=True)
class Side:
    """What was won, or what was lost."""

    count: int = 0
    value: Decimal = Decimal(0)
    lived_s: int = 0

    def __add__(self, other: Side) -> Side:
        return Side(self.count + other.count, self.value + other.value, self.lived_s + other.lived_s)

    @property
    def average(self) -> Decimal | None:
        """The size of a deal, to the cent."""
        return round(self.value / self.count, 2) if self.count else None

    @property
    def days(self) -> float | None:
        """From making to closing, on average."""
        return self.lived_s / self.count / DAY_S if self.count else None


@dataclass(frozen=True, slots=True)
class Outcome:
    """Won and lost of the same cards."""

    won: Side = field(default_factory=Side)
    lost: Side = field(default_factory=Side)

    @property
    def rate(self) -> float | None:
        """Won of all that was decided."""
        decided = self.won.count + self.lost.count
        return self.won.count / decided if decided else None


@dataclass(frozen=True, slots=True)
class Cohort:
    """Cards made in the period, and those of them that stand as won at its end. With an owner: whoever owned the card
    when it was made."""

    created: int = 0
    won: int = 0

    @property
    def rate(self) -> float | None:
        return self.won / self.created if self.created else None


def closings(session: Session, scope: Scope, span: Span) -> tuple[list[Closing], Cohort]:
    """A closing counts when it is its card's last change of state before the period's end and lies in the period: a
    card that was reopened does not count, of one that was closed again the last closing does. Its value, reason and
    owner are those at that time. A card that was removed later stays counted. The cohort comes in the same pass."""
    turn = last_turns(scope, span)
    is_closed = turn.c.to_state != State.OPEN
    reason, owner_id = case((is_closed, turn.c.reason)), case((is_closed, turn.c.owner_id))
    at = case((is_closed, quarter_of(turn.c.at)))
    mine = case((is_closed & scope.owns(turn.c.owner_id), 1), else_=0)
    lived = func.sum(seconds(turn.c.at) - seconds(Card.created_at))
    found = (
        select(turn.c.to_state, reason, owner_id, at, func.count(), func.sum(turn.c.value), lived, mine, turn.c.made)
        .outerjoin(Card, (Card.id == turn.c.card_id) & is_closed)
        .where(turn.c.number == 1)
        .group_by(turn.c.to_state, reason, owner_id, at, mine, turn.c.made)
    )
    closed, created, won = [], 0, 0
    for state, said, owner, quarter, count, value, lived_s, is_mine, is_made in session.execute(found):
        if is_mine:
            closed.append(Closing(state, said, owner, quarter, count, value, int(lived_s)))
        created += count * is_made
        won += count * is_made * (state == State.WON)
    return closed, Cohort(created, won)


def last_turns(scope: Scope, span: Span) -> Subquery:
    """Every change of state within the period, being made among them; `number` 1 is the last one of its card, and
    `made` is 1 where the card was made in it. Numbered in one pass: joined with themselves, as SQLite plans it, 100,000
    changes took minutes."""
    of_card = CardChange.card_id
    is_made = and_(CardChange.kind == ChangeKind.CREATED, scope.owns(CardChange.owner_id))
    return (
        select(
            of_card,
            CardChange.to_state,
            CardChange.reason,
            CardChange.owner_id,
            CardChange.value,
            CardChange.at,
            func.row_number().over(partition_by=of_card, order_by=CardChange.revision.desc()).label("number"),
            func.max(case((is_made, 1), else_=0)).over(partition_by=of_card).label("made"),
        )
        .where(scope.of_funnel, span.changes, changed_state)
        .subquery()
    )


def outcome_of(found: Iterable[Closing]) -> Outcome:
    return grouped(found, lambda _one: None).get(None, Outcome())


def grouped(found: Iterable[Closing], key: Callable[[Closing], Key]) -> dict[Key, Outcome]:
    """Won and lost of the closings that share a key."""
    sides: dict[Key, dict[str, Side]] = {}
    for one in found:
        both = sides.setdefault(key(one), {})
        both[one.state] = both.get(one.state, Side()) + Side(one.count, one.value, one.lived_s)
    return {name: Outcome(both.get(State.WON, Side()), both.get(State.LOST, Side())) for name, both in sides.items()}


def won_by_day(found: Iterable[Closing], zone: ZoneInfo) -> dict[date, Decimal]:
    """The value of what was won on each day, in reais."""
    days = grouped(found, lambda one: day_of(one.quarter, zone))
    return {day: one.won.value for day, one in days.items() if one.won.count}


def ranked(found: dict[Any, Side]) -> list[tuple[Any, Side]]:
    """The most frequent first."""
    kept = [(name, side) for name, side in found.items() if side.count]
    return sorted(kept, key=lambda one: (-one[1].count, -one[1].value, str(one[0] or "")))
