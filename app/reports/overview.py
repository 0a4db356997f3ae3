"""The numbers of the overview: what was accepted, what became of it, and how it compares. Read from rollups only, so
that its cost does not grow with the events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, func, select

from app.core.rollup import hour_of
from app.outbound import figures
from app.outbound.figures import Figures
from app.outbound.models import DeliveryHour
from app.reports import health
from app.reports.buckets import Bucket, added, before, buckets, by_weekday, gathered
from app.reports.health import Health
from app.reports.periods import Compare, Period
from app.tracking import matches
from app.tracking.matches import Matches


@dataclass(frozen=True, slots=True)
class Change:
    """Against the period before: `share` of it for counts and delays (0.12 = 12 % more), `points` for shares."""

    share: float | None = None
    points: float | None = None

    @property
    def size(self) -> float:
        return self.points if self.points is not None else self.share or 0.0


@dataclass(frozen=True, slots=True)
class Comparison:
    """The period before: its figures, what of ours they are compared with (the hours that are over), and its values
    at the places of our chart (accepted only)."""

    period: Period
    total: Figures
    ours: Figures
    matches: Matches
    values: list[Figures]


@dataclass(frozen=True, slots=True)
class Overview:
    """Everything that the page and the API show of one period. `values` are those of `places`, without delays."""

    period: Period
    total: Figures
    matches: Matches
    places: list[Bucket]
    values: list[Figures]
    weekdays: list[list[int | None]]
    health: list[Health]
    comparison: Comparison | None

    @property
    def changes(self) -> dict[str, Change | None]:
        """Of each of the six figures; None where there is nothing to compare with."""
        if self.comparison is None:
            return dict.fromkeys(FIGURES)
        ours, theirs = self.comparison.ours, self.comparison.total
        return {
            "accepted": _more(ours.accepted, theirs.accepted),
            "delivered": _points(self.total.delivered_share, theirs.delivered_share),
            "waiting": _more(ours.waiting, theirs.waiting),
            "dead": _more(ours.dead, theirs.dead),
            "delay": _more(self.total.p95_s, theirs.p95_s),
            "matches": _points(self.matches.quality, self.comparison.matches.quality),
        }


FIGURES = ("accepted", "delivered", "waiting", "dead", "delay", "matches")


def overview(connection: Connection, account_id: UUID, period: Period, compare: Compare, now: datetime) -> Overview:
    """Everything of one account and period. Counts are by the hour of acceptance, so that each equals the rows of the
    event log in the same period and state."""
    places = buckets(period, now)
    hours = counts_by_hour(connection, account_id, period.start, period.end)
    targets = figures.by_target(connection, account_id, period.start, period.end)
    total = Figures()
    for one in targets.values():
        total = added(total, one)
    return Overview(
        period=period,
        total=total,
        matches=matches.total(connection, account_id, period.start, period.end),
        places=places,
        values=gathered(hours, [(place.start, place.end) for place in places]),
        weekdays=by_weekday(hours, period, now),
        health=health.of_targets(connection, account_id, period, targets, now),
        comparison=_comparison(connection, account_id, period, total, hours.get(hour_of(now)), places, now)
        if compare is Compare.PREVIOUS
        else None,
    )


def _comparison(
    connection: Connection,
    account_id: UUID,
    period: Period,
    total: Figures,
    running: Figures | None,
    places: Sequence[Bucket],
    now: datetime,
) -> Comparison:
    past = period.previous(now)
    lines = [before(place, period) for place in places]
    hours = counts_by_hour(connection, account_id, lines[0][0], lines[-1][1], _SUMS[:1]) if lines else {}
    return Comparison(
        period=past,
        total=figures.total(connection, account_id, past.start, past.end),
        ours=added(total, running, -1) if running is not None and period.is_running(now) else total,
        matches=matches.total(connection, account_id, past.start, past.end),
        values=gathered(hours, lines),
    )


_COUNTS = (DeliveryHour.accepted, DeliveryHour.done, DeliveryHour.dead, DeliveryHour.cancelled)
_SUMS: list[Any] = [func.sum(column) for column in _COUNTS]


def counts_by_hour(
    connection: Connection, account_id: UUID, start: datetime, end: datetime, sums: Sequence[Any] = _SUMS
) -> dict[datetime, Figures]:
    """As `figures.by_hour`, without the delays, which would be four fifths of the cost; `sums`: only the first ones."""
    found = (
        select(DeliveryHour.hour, *sums)
        .where(DeliveryHour.account_id == account_id, DeliveryHour.hour >= start, DeliveryHour.hour < end)
        .group_by(DeliveryHour.hour)
    )
    return {row[0]: Figures(*row[1:]) for row in connection.execute(found)}


def _more(ours: float | None, theirs: float | None) -> Change | None:
    return None if ours is None or not theirs else Change(share=(ours - theirs) / theirs)


def _points(ours: float | None, theirs: float | None) -> Change | None:
    return None if ours is None or theirs is None else Change(points=ours - theirs)
