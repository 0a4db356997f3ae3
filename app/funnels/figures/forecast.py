"""Forecast: the open cards by the month in which they are expected to close."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum

from sqlalchemy import BigInteger, case, cast, func, select, type_coerce
from sqlalchemy.orm import Session

from app.funnels.figures.scope import Scope
from app.funnels.models import Card, Stage
from app.funnels.states import State

MONTHS = 6  # named, this one included; what is expected after them is “later”
CENT = Decimal("0.01")


class When(StrEnum):
    OVERDUE = "overdue"  # before today
    LATER = "later"
    UNDATED = "undated"


@dataclass(frozen=True, slots=True)
class Expected:
    """Open cards expected at the same time: `when` is the first day of a month, or one of When. Values in reais;
    `weighted` is each value times the chance of its stage, added up and rounded half up to the cent."""

    when: date | When
    count: int = 0
    value: Decimal = Decimal(0)
    weighted: Decimal = Decimal(0)


def forecast(session: Session, scope: Scope, today: date) -> list[Expected]:
    """As of now: what is overdue, this month (from today on) and each of the next five, later, and without a date; in
    this order, also where there is nothing. With an owner: whoever owns the cards now."""
    starts = [month_after(today, number) for number in range(MONTHS + 1)]
    places: list[date | When] = [When.OVERDUE, *starts[:-1], When.LATER, When.UNDATED]
    due = Card.expected_close
    place = case(
        (due.is_(None), len(places) - 1),
        (due < today, 0),
        *((due < end, number) for number, end in enumerate(starts[1:], 1)),
        else_=len(places) - 2,
    ).label("place")
    mine = (Card.account_id == scope.account_id) & (Card.funnel_id == scope.funnel_id)
    hundredths = cast(func.sum(type_coerce(Card.value, BigInteger) * Stage.chance), BigInteger)  # of a cent
    found = (
        select(place, func.count(), func.sum(Card.value), hundredths)
        .join(Stage, Stage.id == Card.stage_id)
        .where(mine, Card.removed_at.is_(None), Card.state == State.OPEN, scope.owns(Card.owner_id))
        .group_by(place)
    )
    rows = {
        row[0]: Expected(places[row[0]], row[1], row[2], Decimal(row[3]).scaleb(-4).quantize(CENT, ROUND_HALF_UP))
        for row in session.execute(found)
    }
    return [rows.get(number, Expected(when)) for number, when in enumerate(places)]


def month_after(day: date, months: int) -> date:
    """The first day of the month so many months later."""
    number = day.year * 12 + day.month - 1 + months
    return date(number // 12, number % 12 + 1, 1)
