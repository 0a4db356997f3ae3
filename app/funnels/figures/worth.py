"""Value over time: what the open cards of a funnel were worth at the end of each day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, FromClause, Select, case, func, literal, select, type_coerce
from sqlalchemy.orm import Session

from app.core.db import Cents
from app.funnels.figures.scope import Scope, Span, day_of, quarter_of
from app.funnels.models import CardChange
from app.funnels.states import ChangeKind

EARLIER, BETWEEN = 0, 1  # no quarters of an hour that a card was changed in
NOTHING = literal(Decimal(0), Cents)


def by_day(
    session: Session, scope: Scope, span: Span, days: Sequence[date], zone: ZoneInfo, earlier: datetime | None = None
) -> tuple[list[Decimal], Decimal]:
    """The open value at the end of each of `days` (the first is the day that `span` begins with), and just before
    `earlier`, a time that is not in `span` yet; in reais."""
    changes, delta = _changes(scope)
    at = changes.c.at
    place = case((at < (earlier or span.start), EARLIER), (at < span.start, BETWEEN), else_=quarter_of(at))
    found = select(place, func.sum(delta)).where(at < span.end, delta != NOTHING).group_by(place)
    steps: dict[int | date, Decimal] = {}
    for number, sum_ in session.execute(found):
        step = number if number in (EARLIER, BETWEEN) else day_of(number, zone)
        steps[step] = steps.get(step, Decimal(0)) + sum_
    before = steps.get(EARLIER, Decimal(0))
    value, values = before + steps.get(BETWEEN, Decimal(0)), []
    for day in days:
        value += steps.get(day, Decimal(0))
        values.append(value)
    return values, before


def _changes(scope: Scope) -> tuple[FromClause, ColumnElement[Decimal]]:
    """The history, and by how much each change of it altered the open value. For one owner also handing a card over
    does, so every change is seen with the one before it of the same card."""
    if scope.owner is None:
        found = select(CardChange.at, CardChange.open_delta).where(scope.of_funnel).subquery()
        return found, found.c.open_delta
    of_card: dict[str, Any] = {"partition_by": CardChange.card_id, "order_by": CardChange.revision}
    found = (
        select(
            CardChange.at,
            CardChange.open_delta,
            CardChange.owner_id,
            func.lag(CardChange.owner_id).over(**of_card).label("owner_before"),
            func.sum(CardChange.open_delta).over(**of_card).label("value"),
        )
        .where(scope.of_funnel, CardChange.kind != ChangeKind.ORDERED, CardChange.card_id.in_(_ever_owned(scope)))
        .subquery()
    )
    value, delta = found.c.value, found.c.open_delta
    after = case((scope.owns(found.c.owner_id), value), else_=NOTHING)
    before = case((scope.owns(found.c.owner_before), value - delta), else_=NOTHING)
    return found, type_coerce(after - before, Cents)


def _ever_owned(scope: Scope) -> Select[Any]:
    return select(CardChange.card_id).where(scope.of_funnel, scope.owns(CardChange.owner_id)).distinct()
