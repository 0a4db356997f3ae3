"""The chart of a mailing: how long opening took, or, without a list, when its period's first opens came."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from markupsafe import Markup
from sqlalchemy import Connection

from app.charts import Range, Series, bars, line
from app.core.buckets import buckets, is_by_hour
from app.core.period import Period, iso, to_wall
from app.core.period_words import full_label, short_label
from app.core.periods import DAY
from app.opens.mailings import figures
from app.opens.mailings.models import Mailing
from app.opens.mailings.words import delay_words

MOST_BARS = 62


@dataclass(frozen=True, slots=True)
class Drawn:
    """`median`: within how long half of the opened ids were, in words."""

    title: str
    chart: Markup
    median: str | None = None


def of_mailing(connection: Connection, mailing: Mailing, zone: ZoneInfo, now: datetime, log: str) -> Drawn:
    """`log`: the address of the log, which a stretch of the period leads to."""
    if mailing.listed:
        return _of_delays(figures.delays(connection, mailing))
    return _of_period(mailing, figures.first_opens(connection, mailing), zone, now, log)


def _of_delays(counts: list[int]) -> Drawn:
    names = delay_words()
    at = figures.median_bucket(counts)
    chart = bars(
        id="mailing-delays",
        title=_("Time from sending to opening"),
        series=[Series(_("Ids opened"), counts)],
        labels=[short for short, _full in names],
        full_labels=[full for _short, full in names],
        empty=_("Nothing was opened yet."),
    )
    return Drawn(_("Time to open"), chart, None if at is None else names[at][0])


def _of_period(mailing: Mailing, hours: Mapping[datetime, int], zone: ZoneInfo, now: datetime, log: str) -> Drawn:
    period = Period(to_wall(mailing.starts_at, zone), to_wall(mailing.ends_at, zone), zone)
    places = buckets(period, now)
    counts = [sum(hours[hour] for hour in hours if place.start <= hour < place.end) for place in places]
    by_hour, is_one_day = is_by_hour(period), period.last - period.first <= DAY
    draw = bars if len(places) <= MOST_BARS else line
    chart = draw(
        id="mailing-firsts",
        title=_("First opens"),
        series=[Series(_("First opens"), counts)],
        labels=[short_label(place.first, by_hour, is_one_day) for place in places],
        full_labels=[full_label(place.first, by_hour) for place in places],
        partial_last=bool(places) and places[-1].is_partial,
        select=Range(log, [iso(place.start, zone) for place in places], [iso(place.end, zone) for place in places]),
        empty=_("Nothing was opened yet."),
    )
    return Drawn(_("First opens in its period"), chart)
