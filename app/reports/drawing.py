"""The overview as people see it: six cards, charts, and links, from its numbers."""

from __future__ import annotations

from flask_babel import gettext as _
from markupsafe import Markup

from app.charts import Point, Range, Series, Unit, heatmap, line, shares, spark, words
from app.core import i18n
from app.core.buckets import is_by_hour
from app.core.figure_cards import Card, card
from app.core.htmx import url_with
from app.core.period import iso
from app.core.period_words import full_label, short_label
from app.core.periods import DAY
from app.destinations import registry
from app.outbound.figures import Figures
from app.reports.links import Links
from app.reports.overview import Overview
from app.reports.words import SIGNS, TIPS
from app.tracking.matches import Matches

MATCHING = "facebook"  # the platform whose events carry the signs


def cards(found: Overview, links: Links) -> list[Card]:
    """The six figures, each with the rows behind it."""
    ours, past = found.total, found.comparison
    theirs = past.total if past else None
    changes = found.changes
    return [
        card(
            _("Events"),
            i18n.number(ours.accepted),
            links.events(),
            changes["accepted"],
            i18n.number(theirs.accepted) if theirs else None,
        ),
        card(
            _("Delivery rate"),
            i18n.percent(ours.delivered_share),
            links.events("delivered"),
            changes["delivered"],
            i18n.percent(theirs.delivered_share) if theirs else None,
        ),
        card(
            _("Waiting"),
            i18n.number(ours.waiting),
            links.events("waiting"),
            changes["waiting"],
            i18n.number(theirs.waiting) if theirs else None,
            good="down",
        ),
        card(
            _("Failures"),
            i18n.number(ours.dead),
            links.events("failed"),
            changes["dead"],
            i18n.number(theirs.dead) if theirs else None,
            good="down",
        ),
        card(
            _("Delay (p95)"),
            seconds(ours),
            links.events("delivered"),
            changes["delay"],
            seconds(theirs) if theirs else None,
            good="down",
        ),
        card(
            _("Match quality"),
            i18n.percent(found.matches.quality),
            links.events(platform=MATCHING),
            changes["matches"],
            i18n.percent(past.matches.quality) if past else None,
        ),
    ]


def timeline(found: Overview) -> Markup:
    """Events by hour or day; dragging over it chooses those hours."""
    period, places = found.period, found.places
    by_hour = is_by_hour(period)
    is_one_day = period.last - period.first <= DAY
    return line(
        id="overview-events",
        title=timeline_title(found),
        series=[
            Series(_("Events"), [one.accepted for one in found.values]),
            *([Series(_("E-mail opens"), [one.views for one in found.mail.values])] if found.mail else []),
        ],
        labels=[short_label(place.first, by_hour, is_one_day) for place in places],
        full_labels=[full_label(place.first, by_hour) for place in places],
        compare=Series(
            _("Events before") if found.mail else _("Previous period"),
            [one.accepted for one in found.comparison.values],
        )
        if found.comparison
        else None,
        partial_last=bool(places) and places[-1].is_partial,
        select=Range(
            url_with(period=None),
            [iso(place.start, period.zone) for place in places],
            [iso(place.end, period.zone) for place in places],
        ),
    )


def _before(found: Overview) -> Series | None:
    if found.comparison is None:
        return None
    label = _("Events before") if found.mail else _("Previous period")
    return Series(label, [one.accepted for one in found.comparison.values])


def timeline_title(found: Overview) -> str:
    if found.mail:
        return str(_("Events and opens by hour") if is_by_hour(found.period) else _("Events and opens by day"))
    return str(_("Events by hour") if is_by_hour(found.period) else _("Events by day"))


def week(found: Overview) -> Markup:
    return heatmap(id="overview-week", title=_("Busy hours"), values=found.weekdays)


def signs(found: Matches, href: str | None, id: str = "overview-matches") -> Markup:
    """What share of Meta's events carried each sign; `href` leads to these events."""
    carried = found.signs if found.events else {}
    return shares(
        id=id,
        title=_("Match quality"),
        points=[Point(str(SIGNS[sign]), number, href) for sign, number in carried.items()],
        heading=_("Carries"),
        value_heading=_("Events"),
        total=found.events,
        empty=_("No event for Meta in this period."),
    )


def tip(found: Matches) -> tuple[str, str] | None:
    """The sign that most events lack, and what helps; None when none lacks any."""
    if not found.events:
        return None
    weakest = min(found.signs, key=lambda sign: found.signs[sign])
    return None if found.signs[weakest] == found.events else (str(SIGNS[weakest]), str(TIPS[weakest]))


def short_name(name: str) -> tuple[str, str]:
    """What people call a pixel, and its id at the platform: `Meta 123 (Loja)` is Loja, 123."""
    for label in registry.labels().values():
        name = name.removeprefix(f"{label} ")
    id_, _bracket, description = name.partition(" (")
    return (description.removesuffix(")"), id_) if description else (id_, "")


def event_name(name: str) -> list[str]:
    """`EVENT_ADD_TO_CART`, as the event log calls it, in parts between which it may break."""
    *first, last = name.split("_")
    return [*(f"{part}_" for part in first), last]


def pixel_line(name: str, accepted: list[int]) -> str:
    return spark(accepted, _("Events of %(pixel)s", pixel=name)) if len(accepted) > 1 else ""


def seconds(figures: Figures) -> str:
    return words.full(figures.p95_s, Unit.SECONDS)
