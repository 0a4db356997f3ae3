"""Horizontal bars: who has how much of the whole. They are a real table, so they need no twin."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flask_babel import gettext as _
from markupsafe import Markup

from app.charts import words
from app.charts.frame import drawn, nothing
from app.charts.model import Number, Point, Unit, plain
from app.charts.scale import percent


@dataclass(frozen=True, slots=True)
class Row:
    label: str
    value: str
    share: str
    width: str  # of the bar, against the longest
    href: str | None
    colour: str = "c1"


def shares(
    *,
    id: str,
    title: str,
    points: Sequence[Point],
    heading: str | None = None,
    value_heading: str | None = None,
    unit: Unit = Unit.COUNT,
    total: Number = None,
    empty: str | None = None,
) -> Markup:
    """Label, value and share of each point, in the order given; a point with `href` links. `total`: what the shares
    are of (default: the sum of the points; for rates and delays no share is shown). `heading` and `value_heading`
    name the columns."""
    rows = ranked(points, unit, plain(total))
    return drawn(
        "shares.html",
        id=id,
        title=title,
        rows=rows,
        heading=heading or _("Name"),
        value_heading=value_heading or _("Value"),
        has_share=unit.adds_up,
        empty=nothing([plain(point.value) for point in points], empty),
    )


def ranked(points: Sequence[Point], unit: Unit, total: float | None) -> list[Row]:
    values = [max(plain(point.value) or 0.0, 0.0) for point in points]
    whole = sum(values) if total is None else total
    longest = max(values, default=0)
    return [
        Row(
            label=point.label,
            value=words.full(plain(point.value), unit),
            share=words.full(value / whole, Unit.PERCENT) if whole > 0 else words.GAP,
            width=percent(value / longest) if longest else "0%",
            href=point.href,
        )
        for point, value in zip(points, values, strict=True)
    ]
