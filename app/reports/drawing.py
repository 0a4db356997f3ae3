"""The overview as people see it: six cards, charts, and links, from its numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from markupsafe import Markup

from app.charts import Point, Range, Series, Unit, heatmap, line, shares, spark, words
from app.core import i18n
from app.core.htmx import url_with
from app.core.periods import DAY
from app.destinations import registry
from app.outbound.figures import Figures
from app.reports.buckets import is_by_hour
from app.reports.links import Links
from app.reports.overview import Change, Overview
from app.reports.periods import iso
from app.reports.words import SIGNS, TIPS, full_label, short_label
from app.tracking.matches import Matches

UNSEEN = 0.0005  # a smaller change is none, as it is shown
NOISE = 0.01, 0.001  # a share, points: smaller changes are neither good nor bad
MATCHING = "facebook"  # the platform whose events carry the signs


@dataclass(frozen=True, slots=True)
class Card:
    """One figure. `change` is text, `up` its direction, `tone` whether that is good; `before` the figure it is compared
    with."""

    label: str
    value: str
    href: str
    change: str = ""
    up: bool = False
    tone: str = "secondary"
    before: str = ""


def cards(found: Overview, links: Links) -> list[Card]:
    """The six figures, each with the rows behind it."""
    ours, past = found.total, found.comparison
    theirs = past.total if past else None
    changes = found.changes
    return [
        Card(
            label=_("Events"),
            value=i18n.number(ours.accepted),
            href=links.events(),
            before=_before(i18n.number(theirs.accepted) if theirs else None),
            **_change(changes["accepted"], "up"),
        ),
        Card(
            label=_("Delivery rate"),
            value=i18n.percent(ours.delivered_share),
            href=links.events("delivered"),
            before=_before(i18n.percent(theirs.delivered_share) if theirs else None),
            **_change(changes["delivered"], "up"),
        ),
        Card(
            label=_("Waiting"),
            value=i18n.number(ours.waiting),
            href=links.events("waiting"),
            before=_before(i18n.number(theirs.waiting) if theirs else None),
            **_change(changes["waiting"], "down"),
        ),
        Card(
            label=_("Failures"),
            value=i18n.number(ours.dead),
            href=links.events("failed"),
            before=_before(i18n.number(theirs.dead) if theirs else None),
            **_change(changes["dead"], "down"),
        ),
        Card(
            label=_("Delay (p95)"),
            value=seconds(ours),
            href=links.events("delivered"),
            before=_before(seconds(theirs) if theirs else None),
            **_change(changes["delay"], "down"),
        ),
        Card(
            label=_("Match quality"),
            value=i18n.percent(found.matches.quality),
            href=links.events(platform=MATCHING),
            before=_before(i18n.percent(past.matches.quality) if past else None),
            **_change(changes["matches"], "up"),
        ),
    ]


def _before(value: str | None) -> str:
    return "" if value is None else str(_("before: %(value)s", value=value))


def _change(change: Change | None, good: str) -> dict[str, Any]:
    if change is None or abs(change.size) < UNSEEN:
        return {}
    is_up = change.size > 0
    text = (
        _("%(points)s pts", points=i18n.number(round(abs(change.size) * 100, 1)))
        if change.points is not None
        else i18n.percent(abs(change.size), 1 if abs(change.size) < 1 else 0)
    )
    is_noise = abs(change.size) < NOISE[change.points is not None]
    tone = "secondary" if is_noise else "success" if is_up == (good == "up") else "danger"
    return {"change": text, "up": is_up, "tone": tone}


def timeline(found: Overview) -> Markup:
    """Events by hour or day; dragging over it chooses those hours."""
    period, places = found.period, found.places
    by_hour = is_by_hour(period)
    is_one_day = period.last - period.first <= DAY
    return line(
        id="overview-events",
        title=timeline_title(found),
        series=[Series(_("Events"), [one.accepted for one in found.values])],
        labels=[short_label(place.first, by_hour, is_one_day) for place in places],
        full_labels=[full_label(place.first, by_hour) for place in places],
        compare=Series(_("Previous period"), [one.accepted for one in found.comparison.values])
        if found.comparison
        else None,
        partial_last=bool(places) and places[-1].is_partial,
        select=Range(
            url_with(period=None),
            [iso(place.start, period.zone) for place in places],
            [iso(place.end, period.zone) for place in places],
        ),
    )


def timeline_title(found: Overview) -> str:
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
