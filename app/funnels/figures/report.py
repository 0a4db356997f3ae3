"""Everything that the page, the API and the file say of one funnel in a period."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.period import WEEK, Compare, Period, to_wall
from app.funnels.figures import closings, conversion, staying, worth
from app.funnels.figures.closings import Closing, Cohort, Outcome, Side
from app.funnels.figures.conversion import Flow
from app.funnels.figures.forecast import Expected, forecast
from app.funnels.figures.scope import Scope, days_of, span_of, whole_days
from app.funnels.figures.staying import Standing, Stays
from app.funnels.models import CardChange
from app.funnels.states import State
from app.funnels.structure import reading

SECONDS = 5.0  # for all of it


@dataclass(frozen=True, slots=True)
class StageFigures:
    """One open stage, from left to right. `stays` and `standing` None: no card."""

    id: UUID
    name: str
    color: str
    flow: Flow
    stays: Stays | None
    standing: Standing | None


@dataclass(frozen=True, slots=True)
class Before:
    """The period before, as far as figures are compared. `open_value`: at its end."""

    period: Period
    cohort: Cohort
    outcome: Outcome
    open_value: Decimal


@dataclass(frozen=True, slots=True)
class Report:
    """`days` end with today; `values` are the open value at the end of each, `won` the value won on it, reais."""

    period: Period
    stages: list[StageFigures]
    cohort: Cohort
    outcome: Outcome
    closings: list[Closing]
    days: list[date]
    values: list[Decimal]
    won: list[Decimal]
    forecast: list[Expected]
    before: Before | None

    @property
    def open_value(self) -> Decimal | None:
        """At the end of the period, or by now; None for a period yet to come."""
        return self.values[-1] if self.values else None

    @property
    def by_owner(self) -> list[tuple[UUID | None, Outcome]]:
        """Who won the most first."""
        found = closings.grouped(self.closings, lambda one: one.owner_id)
        return sorted(found.items(), key=lambda one: (-one[1].won.value, -one[1].won.count, str(one[0])))

    @property
    def lost_by_reason(self) -> list[tuple[str | None, Side]]:
        """The most frequent first; None: no reason was said."""
        found = closings.grouped(self.closings, lambda one: one.reason)
        return closings.ranked({reason: one.lost for reason, one in found.items()})

    @property
    def won_by_reason(self) -> list[tuple[str | None, Side]]:
        found = closings.grouped(self.closings, lambda one: one.reason)
        return closings.ranked({reason: one.won for reason, one in found.items()})


def is_empty(session: Session, scope: Scope) -> bool:
    """Whether the funnel never had a card."""
    return session.scalar(select(CardChange.id).where(scope.of_funnel).limit(1)) is None


def report(session: Session, scope: Scope, asked: Period, compare: Compare, now: datetime) -> Report:
    """Of the whole days of a period; `standing` and `forecast` are as of now."""
    period = whole_days(asked)
    span, days = span_of(period), days_of(period, now)
    found, cohort = closings.closings(session, scope, span)
    won = closings.won_by_day(found, period.zone)
    past = previous(period, now) if compare is Compare.PREVIOUS else None
    values, then = worth.by_day(session, scope, span, days, period.zone, span_of(past).end if past else None)
    return Report(
        period=period,
        stages=_stages(session, scope, period, now),
        cohort=cohort,
        outcome=closings.outcome_of(found),
        closings=found,
        days=days,
        values=values,
        won=[won.get(day, Decimal(0)) for day in days],
        forecast=forecast(session, scope, now.astimezone(period.zone).date()),
        before=_before(session, scope, past, then) if past else None,
    )


def _stages(session: Session, scope: Scope, period: Period, now: datetime) -> list[StageFigures]:
    span = span_of(period)
    flows = conversion.flows(session, scope, span)
    stays, standing = staying.ended(session, scope, span), staying.standing(session, scope, now)
    return [
        StageFigures(one.id, one.name, one.color, flows.get(one.id, Flow()), stays.get(one.id), standing.get(one.id))
        for one in reading.stages_of(session, scope.funnel_id)
        if one.kind == State.OPEN
    ]


def previous(period: Period, now: datetime) -> Period:
    """The same weekdays before; of a period that is still running, the part that is over by now."""
    back = period.weeks * WEEK
    wall = to_wall(now, period.zone)
    last = wall if period.first < wall < period.last else period.last
    return replace(period, first=period.first - back, last=last - back, preset=None)


def _before(session: Session, scope: Scope, past: Period, open_value: Decimal) -> Before:
    span = span_of(past)
    found, cohort = closings.closings(session, scope, span)
    return Before(past, cohort, closings.outcome_of(found), open_value)
