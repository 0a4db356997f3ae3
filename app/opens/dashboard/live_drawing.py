"""The live page as people see it: cards and charts, from its numbers."""

from __future__ import annotations

from datetime import timedelta

from flask_babel import gettext as _
from markupsafe import Markup

from app.charts import Series, bars
from app.core import i18n
from app.core.figure_cards import Card, card
from app.core.period import Period, to_wall
from app.core.period_words import full_label, short_label
from app.core.periods import HOUR
from app.opens.dashboard.links import Links
from app.opens.dashboard.live import Live

MINUTE = timedelta(minutes=1)


def cards(found: Live, links: Links) -> list[Card]:
    """Four figures of today, each with the rows behind it."""
    hour = to_wall(found.hour_start, found.period.zone)
    of_hour = Links(Period(hour, hour + HOUR, found.period.zone))
    views, ids = i18n.number(found.ever.views), i18n.number(found.ever.firsts)
    before = i18n.number(found.hour_before.views)
    return [
        card(_("Views today"), i18n.number(found.total.views), links.views(), note=_("%(views)s in all", views=views)),
        card(
            _("Unique views today"),
            i18n.number(found.total.firsts),
            links.firsts(),
            note=_("%(ids)s ids in all", ids=ids),
        ),
        card(
            _("Views this hour"),
            i18n.number(found.hour.views),
            of_hour.views(),
            note=_("%(views)s in the hour before", views=before),
        ),
        card(
            _("Automatic today"),
            i18n.number(found.total.automatic),
            links.automatics(),
            note=_("machines; not in the views"),
        ),
    ]


def today(found: Live) -> Markup:
    return bars(
        id="opens-today",
        title=_("Today by hour"),
        series=[
            Series(_("Views"), [one.views for one in found.values]),
            Series(_("Automatic"), [one.automatic for one in found.values]),
        ],
        labels=[short_label(place.first, True, True) for place in found.places],
        full_labels=[full_label(place.first, True) for place in found.places],
        partial_last=True,
        empty=_("No open yet today."),
    )


def minutes(found: Live) -> Markup:
    """The last half hour, minute by minute."""
    first = to_wall(found.first_minute, found.period.zone)
    labels = [f"{first + number * MINUTE:%H:%M}" for number in range(len(found.minutes))]
    return bars(
        id="opens-minutes",
        title=_("The last 30 minutes"),
        series=[Series(_("Views"), found.minutes)],
        labels=labels,
        partial_last=True,
        empty=_("No open in the last 30 minutes."),
    )
