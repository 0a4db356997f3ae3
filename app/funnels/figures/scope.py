"""What figures are about: a funnel, whole days, and whose cards; and how that is asked of the history."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, time
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import BigInteger, ColumnElement, and_, or_
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from app.core.period import Period
from app.core.periods import DAY, to_utc
from app.funnels.models import CardChange
from app.funnels.owners import Owner, owned_by

QUARTER_S = 900  # the days of every zone begin at a quarter of an hour of UTC


@dataclass(frozen=True, slots=True)
class Scope:
    """A funnel of an account. `owner` (an id, or NOBODY): only what was done while this person owned the card."""

    account_id: UUID
    funnel_id: UUID
    owner: Owner = None

    @property
    def of_funnel(self) -> ColumnElement[bool]:
        return and_(CardChange.account_id == self.account_id, CardChange.funnel_id == self.funnel_id)

    def owns(self, owner_id: Any) -> ColumnElement[bool]:
        """Whether a column holds the owner that is asked for; true for everybody."""
        return owned_by(owner_id, self.owner)


@dataclass(frozen=True, slots=True)
class Span:
    """From `start` until just before `end`, UTC."""

    start: datetime
    end: datetime

    @property
    def changes(self) -> ColumnElement[bool]:
        return and_(CardChange.at >= self.start, CardChange.at < self.end)


def whole_days(period: Period) -> Period:
    """From the midnight its first day began until the one its last day ends."""
    first = datetime.combine(period.first.date(), time())
    last = datetime.combine(period.last.date(), time())
    return replace(period, first=first, last=last if last == period.last else last + DAY)


def span_of(period: Period) -> Span:
    """Exactly, also in zones that are half an hour off: these figures are not kept by hours."""
    return Span(to_utc(period.first, period.zone), to_utc(period.last, period.zone))


def days_of(period: Period, now: datetime) -> list[date]:
    """The days of a period until today."""
    today, day, days = now.astimezone(period.zone).date(), period.first.date(), []
    while day < period.last.date() and day <= today:
        days.append(day)
        day += DAY
    return days


def day_of(quarter: int, zone: ZoneInfo) -> date:
    """The day that a quarter of an hour (of `quarter_of`) lies in."""
    return datetime.fromtimestamp(quarter * QUARTER_S, zone).date()


class seconds(FunctionElement[int]):
    """Whole seconds from 1970 to a time, rounded down."""

    type = BigInteger()
    inherit_cache = True


@compiles(seconds, "sqlite")
def _seconds_of_text(element: seconds, compiler: Any, **options: Any) -> str:
    """SQLite keeps times as text; without the fraction, which its own functions would round."""
    return f"CAST(strftime('%s', substr({compiler.process(element.clauses, **options)}, 1, 19)) AS INTEGER)"


@compiles(seconds, "postgresql")
def _seconds_of_time(element: seconds, compiler: Any, **options: Any) -> str:
    return f"CAST(floor(extract(epoch FROM {compiler.process(element.clauses, **options)})) AS BIGINT)"


def quarter_of(at: Any) -> ColumnElement[int]:
    """The quarter of an hour since 1970 that a time lies in: of these days are made, which no database needs to know
    the zones for."""
    return seconds(at) // QUARTER_S


came_in: ColumnElement[bool] = or_(
    CardChange.from_stage_id.is_(None), CardChange.from_stage_id != CardChange.to_stage_id
)
changed_state: ColumnElement[bool] = or_(CardChange.from_state.is_(None), CardChange.from_state != CardChange.to_state)
