"""The figures of a funnel as people see them: cards and charts."""

from __future__ import annotations

from datetime import datetime, time
from typing import Any
from uuid import UUID

from flask import url_for
from flask_babel import gettext as _
from markupsafe import Markup

from app.charts import Point, Range, Series, Unit, bars, line, shares
from app.core import i18n
from app.core.figure_cards import Card, Change, card, more, points
from app.core.htmx import url_with
from app.core.period_words import full_label, short_label
from app.funnels.figures import words
from app.funnels.figures.report import Report

MOST_REASONS = 12
LARGE = 10_000  # reais


def cards(found: Report, funnel_id: UUID) -> list[Card]:
    """Eight figures, each with what is behind it."""
    board, past = url_for("board.show", id=funnel_id), found.before
    won, lost = found.outcome.won, found.outcome.lost
    then = past.outcome if past else None

    def one(label: str, ours: Any, theirs: Any, text: Any, href: str, **more_: Any) -> Card:
        change = _change(ours, theirs, is_share=text is i18n.percent)
        return card(label, text(ours), href, change, text(theirs) if past else None, **more_)

    return [
        one(_("Cards made"), found.cohort.created, past and past.cohort.created, i18n.number, "#figures-conversion"),
        one(_("Won"), won.count, then and then.won.count, i18n.number, "#figures-won"),
        one(_("Lost"), lost.count, then and then.lost.count, i18n.number, "#figures-lost", good="down"),
        one(_("Win rate"), found.outcome.rate, then and then.rate, i18n.percent, "#figures-owners"),
        one(_("Value won"), won.value, then and then.won.value, _money, "#figures-value"),
        one(_("Average deal"), won.average, then and then.won.average, _money, "#figures-won"),
        one(_("Made to won"), won.days, then and then.won.days, words.days, "#figures-won", good="down"),
        one(_("Open value"), found.open_value, past and past.open_value, _money, board),
    ]


def _money(value: Any) -> str:
    """Large amounts without cents, which have no room in a card on a phone."""
    if value is None:
        return "–"
    return i18n.money(round(value))[: -len(",00")] if value >= LARGE else i18n.money(value)


def _change(ours: Any, theirs: Any, is_share: bool) -> Change | None:
    if ours is None or theirs is None:
        return None
    return points(float(ours), float(theirs)) if is_share else more(float(ours), float(theirs))


def entered(found: Report) -> Markup:
    """How many cards came into each stage: the shape of the funnel."""
    return shares(
        id="funnel-entered",
        title=_("Cards that entered each stage"),
        points=[Point(one.name, one.flow.entered) for one in found.stages],
        heading=_("Stage"),
        value_heading=_("Entered"),
        total=max((one.flow.entered for one in found.stages), default=0),
    )


def values(found: Report, now: datetime) -> Markup:
    return line(
        id="funnel-values",
        title=_("Open value at the end of each day"),
        series=[Series(_("Open value"), found.values)],
        unit=Unit.MONEY,
        **_days(found, now),
    )


def won(found: Report, now: datetime) -> Markup:
    return bars(
        id="funnel-won-values",
        title=_("Value won by day"),
        series=[Series(_("Won"), found.won)],
        unit=Unit.MONEY,
        **_days(found, now),
    )


def _days(found: Report, now: datetime) -> dict[str, Any]:
    walls = [datetime.combine(day, time()) for day in found.days]
    today = now.astimezone(found.period.zone).date()
    return {
        "labels": [short_label(wall, by_hour=False, is_one_day=False) for wall in walls],
        "full_labels": [full_label(wall, by_hour=False) for wall in walls],
        "partial_last": bool(found.days) and found.days[-1] == today,
        "select": Range(url_with(period=None), [day.isoformat() for day in found.days]),
    }


def reasons(found: Report, *, of_lost: bool) -> Markup:
    ranked = found.lost_by_reason if of_lost else found.won_by_reason
    shown = [Point(words.reason(reason), side.count) for reason, side in ranked[:MOST_REASONS]]
    rest = sum(side.count for _reason, side in ranked[MOST_REASONS:])
    if rest:
        shown.append(Point(_("Other reasons"), rest))
    return shares(
        id="funnel-lost-reasons" if of_lost else "funnel-won-reasons",
        title=_("Lost by reason") if of_lost else _("Won by reason"),
        points=shown,
        heading=_("Reason"),
        value_heading=_("Cards"),
        empty=_("Nothing was lost in this period.") if of_lost else _("Nothing was won in this period."),
    )


def forecast(found: Report) -> Markup:
    return bars(
        id="funnel-forecast",
        title=_("Weighted value by expected close"),
        series=[Series(_("Weighted"), [one.weighted for one in found.forecast])],
        labels=[words.short_when(one.when) for one in found.forecast],
        full_labels=[words.when(one.when) for one in found.forecast],
        unit=Unit.MONEY,
        empty=_("No open card."),
    )
