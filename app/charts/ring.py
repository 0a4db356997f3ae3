"""The donut: a few parts of one whole, with their numbers beside it as a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from flask_babel import gettext as _
from markupsafe import Markup

from app.charts import words
from app.charts.frame import COLOURS, colour, drawn, nothing
from app.charts.model import Point, Unit, plain
from app.charts.ranking import ranked

GAP = 0.6  # percent of the circle between two slices
INSIDE = 78  # width of the hole, in units of the viewBox
BIGGEST = 17


@dataclass(frozen=True, slots=True)
class Slice:
    """Lengths in percent of the circle (its pathLength is 100)."""

    colour: str
    length: str
    start: str


def donut(
    *,
    id: str,
    title: str,
    points: Sequence[Point],
    unit: Unit = Unit.COUNT,
    total_label: str | None = None,
    empty: str | None = None,
) -> Markup:
    """Parts of a whole, six at most: of more, the smallest are counted together as "Others". The sum stands in the
    middle over `total_label`. Values must add up (no rates)."""
    kept = gathered(points)
    values = [max(plain(point.value) or 0.0, 0.0) for point in kept]
    rows = [replace(row, colour=colour(index)) for index, row in enumerate(ranked(kept, unit, None))]
    total = words.short(sum(values), unit)
    told = "; ".join(f"{row.label}: {row.value} ({row.share})" for row in rows)
    return drawn(
        "donut.html",
        id=id,
        title=title,
        told=told,
        rows=rows,
        slices=slices(values),
        total=total,
        total_size=min(BIGGEST, round(INSIDE / (0.6 * len(total)), 1)),
        total_label=total_label or _("Total"),
        empty=nothing([plain(point.value) for point in points], empty),
    )


def gathered(points: Sequence[Point]) -> list[Point]:
    """At most six points: the biggest in their order, then the rest as one."""
    if len(points) <= COLOURS:
        return list(points)
    by_size = sorted(range(len(points)), key=lambda index: plain(points[index].value) or 0, reverse=True)
    biggest = set(by_size[: COLOURS - 1])
    rest = sum(max(plain(point.value) or 0.0, 0.0) for index, point in enumerate(points) if index not in biggest)
    return [*(point for index, point in enumerate(points) if index in biggest), Point(_("Others"), rest)]


def slices(values: Sequence[float]) -> list[Slice]:
    whole = sum(values)
    found, start = [], 0.0
    for index, value in enumerate(values):
        if value > 0:
            length = value / whole * 100
            visible = max(length - GAP, GAP) if length < 100 else length
            found.append(Slice(colour(index), f"{visible:.2f} {100 - visible:.2f}", f"{-start:.2f}"))
            start += length
    return found
