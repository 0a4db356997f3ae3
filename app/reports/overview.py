"""The numbers of the overview: what was accepted, what became of it, and how it compares. Read from rollups only, so
that its cost does not grow with the events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, func, select

from app.core.buckets import Bucket, before, buckets, by_weekday, gathered
from app.core.figure_cards import Change, more, points
from app.core.period import Compare, Period
from app.core.rollup import hour_of
from app.outbound import figures
from app.outbound.figures import Figures
from app.outbound.models import DeliveryHour
from app.reports import health
from app.reports.health import Health
from app.reports.mail import MailOpens, mail_opens
from app.tracking import matches
from app.tracking.matches import Matches


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
    mail: MailOpens | None  # None: never an open

    @property
    def changes(self) -> dict[str, Change | None]:
        """Of each of the six figures; None where there is nothing to compare with."""
        if self.comparison is None:
            return dict.fromkeys(FIGURES)
        ours, theirs = self.comparison.ours, self.comparison.total
        return {
            "accepted": more(ours.accepted, theirs.accepted),
            "delivered": points(self.total.delivered_share, theirs.delivered_share),
            "waiting": more(ours.waiting, theirs.waiting),
            "dead": more(ours.dead, theirs.dead),
            "delay": more(self.total.p95_s, theirs.p95_s),
            "matches": points(self.matches.quality, self.comparison.matches.quality),
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
        values=gathered(hours, [(place.start, place.end) for place in places], Figures(), added),
        weekdays=by_weekday({hour: one.accepted for hour, one in hours.items()}, period, now),
        health=health.of_targets(connection, account_id, period, targets, now),
        comparison=_comparison(connection, account_id, period, total, hours.get(hour_of(now)), places, now)
        if compare is Compare.PREVIOUS
        else None,
        mail=mail_opens(
            connection, account_id, period, period.previous(now) if compare is Compare.PREVIOUS else None, places, now
        ),
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
        values=gathered(hours, lines, Figures(), added),
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
        .where(figures.not_mail(account_id))
        .group_by(DeliveryHour.hour)
    )
    return {row[0]: Figures(*row[1:]) for row in connection.execute(found)}


def added(a: Figures, b: Figures, sign: int = 1) -> Figures:
    """Both together, or with `sign` -1 what is left of the first without the second."""
    delays = tuple(x + sign * y for x, y in zip(a.delays, b.delays, strict=True)) if any(b.delays) else a.delays
    return Figures(
        a.accepted + sign * b.accepted,
        a.done + sign * b.done,
        a.dead + sign * b.dead,
        a.cancelled + sign * b.cancelled,
        delays,
    )
