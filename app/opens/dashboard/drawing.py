"""The dashboard of opens as people see it: cards, charts and links, from its numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from markupsafe import Markup

from app.charts import Point, Range, Series, donut, heatmap, line, shares
from app.core import i18n
from app.core.buckets import is_by_hour
from app.core.figure_cards import Card, card
from app.core.htmx import url_with
from app.core.period import iso
from app.core.period_words import full_label, short_label
from app.core.periods import DAY
from app.opens.dashboard.links import Links
from app.opens.dashboard.numbers import CLIENT, DEVICE, IMAGE, MOST, Dashboard
from app.opens.dashboard.words import CLASSES, image_name
from app.opens.figures import OpenFigures, Slice
from app.opens.mailings.words import delay_words
from app.opens.rules.words import client_word, device_word


def cards(found: Dashboard, links: Links) -> list[Card]:
    """Six figures, each with the rows behind it."""
    theirs = found.comparison.total if found.comparison else None
    return [_views(found, links, theirs), _unique(found, links, theirs), _rate(found, links), *_others(found, links)]


def _views(found: Dashboard, links: Links, theirs: OpenFigures | None) -> Card:
    return card(
        _("Total views"),
        i18n.number(found.views),
        links.views(),
        found.change("views"),
        i18n.number(theirs.shown(found.automatic)) if theirs else None,
        note=_("with automatic ones") if found.automatic else _("every open, each viewing once"),
    )


def _unique(found: Dashboard, links: Links, theirs: OpenFigures | None) -> Card:
    return card(
        _("Unique views"),
        i18n.number(found.total.firsts),
        links.firsts(),
        found.change("firsts"),
        i18n.number(theirs.firsts) if theirs else None,
        note=_("ids opened for the first time"),
    )


def _rate(found: Dashboard, links: Links) -> Card:
    """A rate only where mailings say to how many they went."""
    if found.rate is None:
        label, note = _("Ids opened so far"), _("of all time until the end of the period")
        return card(label, i18n.number(found.opened), links.opened(), note=note)
    sent = _("%(opened)s of %(sent)s sent", opened=i18n.number(found.rate.opened), sent=i18n.number(found.rate.sent))
    return card(_("Open rate"), i18n.percent(found.rate.share), url_for("mailings.index"), note=sent)


def _others(found: Dashboard, links: Links) -> list[Card]:
    theirs = found.comparison.total if found.comparison else None
    past = found.change("reopened") if theirs else None
    return [
        card(
            _("Re-opens"),
            i18n.percent(found.reopened),
            links.views(),
            past,
            good="",
            note=_("views of ids that were opened before"),
        ),
        card(
            _("Automatic"),
            i18n.number(found.total.automatic),
            links.automatics(),
            found.change("automatic"),
            i18n.number(theirs.automatic) if theirs else None,
            good="",
            note=_("counted in the views") if found.automatic else _("machines; not in the views"),
        ),
        card(
            _("Views today"),
            i18n.number(found.today.total.shown(found.automatic)),
            Links(found.today.period, found.automatic).views(),
            found.change("today"),
            note=_("against the same weekday before") if found.change("today") else "",
        ),
    ]


def timeline(found: Dashboard) -> Markup:
    """Views and unique views by hour or day; dragging over it chooses those hours."""
    period, places = found.period, found.places
    by_hour = is_by_hour(period)
    is_one_day = period.last - period.first <= DAY
    return line(
        id="opens-timeline",
        title=timeline_title(found),
        series=[
            Series(_("Views"), [one.shown(found.automatic) for one in found.values]),
            Series(_("Unique views"), [one.firsts for one in found.values]),
        ],
        labels=[short_label(place.first, by_hour, is_one_day) for place in places],
        full_labels=[full_label(place.first, by_hour) for place in places],
        compare=Series(_("Views before"), [one.shown(found.automatic) for one in found.comparison.values])
        if found.comparison
        else None,
        partial_last=bool(places) and places[-1].is_partial,
        select=Range(
            url_with(period=None, page=None),
            [iso(place.start, period.zone) for place in places],
            [iso(place.end, period.zone) for place in places],
        ),
    )


def timeline_title(found: Dashboard) -> str:
    return str(_("Opens by hour") if is_by_hour(found.period) else _("Opens by day"))


def week(found: Dashboard) -> Markup:
    return heatmap(id="opens-week", title=_("Peak hours"), values=found.weekdays)


def classes(found: Dashboard, links: Links) -> Markup:
    return donut(
        id="opens-classes",
        title=_("Who loaded the images"),
        points=[Point(str(CLASSES[name][0]), one.views, links.of_class(name)) for name, one in found.classes.items()],
        total_label=_("Viewings"),
    )


def clients(found: Dashboard, links: Links) -> Markup:
    rows = found.shown_by(CLIENT)
    return ranking("opens-clients", _("Mail programs"), rows, links, "client", client_word, found.views)


def devices(found: Dashboard, links: Links) -> Markup:
    rows = found.shown_by(DEVICE)
    return ranking("opens-devices", _("Devices"), rows, links, "device", device_word, found.views)


def ranking(
    id: str,
    title: str,
    rows: Sequence[tuple[Any, Slice]],
    links: Links,
    key: str,
    name: Any,
    total: int,
    most: int = MOST,
) -> Markup:
    """The most by name, each with its rows in the log by the filter `key`; the rest together."""
    first, rest = rows[:most], sum(one.views for _name, one in rows[most:])
    points = [
        Point(str(name(value)), one.views, links.views(**{key: value}) if value else None)
        for value, one in first
        if one.views
    ]
    return shares(
        id=id,
        title=title,
        points=[*points, Point(_("Others"), rest)] if rest else points,
        heading=title,
        value_heading=_("Views"),
        total=total,
    )


def images(found: Dashboard, links: Links) -> Markup:
    """Loads of each image that count as opens of it: a newsletter with two images has two here and one view."""
    points = [
        Point(str(image_name(id_, found.images)), one.opens, links.of_image(id_))
        for id_, one in sorted(found.shown_by(IMAGE), key=lambda pair: -pair[1].opens)[:MOST]
        if one.opens
    ]
    return shares(id="opens-images", title=_("Images"), points=points, heading=_("Image"), value_heading=_("Opens"))


def delays(found: Sequence[int]) -> Markup:
    """After how long the ids of mailings were opened."""
    return shares(
        id="opens-delays",
        title=_("Time to open"),
        points=[Point(full.capitalize(), ids) for (_short, full), ids in zip(delay_words(), found, strict=True)],
        heading=_("After it was sent"),
        value_heading=_("First opens"),
    )
