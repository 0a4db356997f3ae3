"""Vertical bars, stacked when there are several series."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flask_babel import gettext as _
from markupsafe import Markup

from app.charts import words
from app.charts.axis import axis_labels
from app.charts.frame import Frame, Key, Reading, colour, drawn, names_of, nothing, table_of, ticks_of
from app.charts.model import Range, Series, Unit, padded
from app.charts.scale import Scale, percent, scale_of

FILLED = 0.72  # share of its bucket that a bar is wide


@dataclass(frozen=True, slots=True)
class Bar:
    colour: str
    x: str
    y: str
    width: str
    height: str
    is_partial: bool


def bars(
    *,
    id: str,
    title: str,
    series: Sequence[Series],
    labels: Sequence[str],
    full_labels: Sequence[str] | None = None,
    unit: Unit = Unit.COUNT,
    partial_last: bool = False,
    select: Range | None = None,
    empty: str | None = None,
) -> Markup:
    """Amounts in buckets; several series (six at most, to be told apart) stand on each other in the order given, and
    are zero or more. `partial_last`: the last bucket is not over, its bar is paler. The rest is as in `line`."""
    count = len(labels)
    names = names_of(labels, full_labels, partial_last)
    layers = [padded(one.values, count) for one in series]
    sums = [added([row[index] for row in layers]) for index in range(count)]
    scale = scale_of(sums if len(series) > 1 else [value for row in layers for value in row], unit)
    lefts = [index / count for index in range(count)]
    heads, columns = [one.label for one in series], layers
    if len(series) > 1 and unit.adds_up:
        heads, columns = [*heads, _("Total")], [*layers, sums]
    frame = Frame(
        id=id,
        title=title,
        told=" ".join(words.told(head, row, names, unit) for head, row in zip(heads, columns, strict=True)),
        table=table_of(heads, names, columns, unit),
        names=names,
        lefts=lefts,
        width=1 / max(count, 1),
        readings=[
            Reading(head, colour(index) if index < len(series) else "", [words.full(value, unit) for value in row])
            for index, (head, row) in enumerate(zip(heads, columns, strict=True))
        ],
        keys=[
            Key(one.label, colour(index), words.total_of(layers[index], unit))
            for index, one in enumerate(series)
            if len(series) > 1
        ],
        labels=axis_labels(labels, [left + 0.5 / count for left in lefts]),
        ticks=ticks_of(scale, unit),
        select=select,
        empty=nothing(sums, empty),
    )
    return drawn("bars.html", frame=frame, bars=stacks(layers, scale, lefts, partial_last))


def added(layers: Sequence[float | None]) -> float | None:
    """The sum, or None where every layer has a gap."""
    known = [value for value in layers if value is not None]
    return sum(known) if known else None


def stacks(values: list[list[float | None]], scale: Scale, lefts: list[float], partial_last: bool) -> list[Bar]:
    found: list[Bar] = []
    for index, left in enumerate(lefts):
        ground = 0.0
        for layer, row in enumerate(values):
            value = row[index]
            if value:
                ends = sorted((scale.y(ground), scale.y(ground + value)))
                ground += value
                found.append(bar(layer, left, len(lefts), ends, partial_last and index == len(lefts) - 1))
    return found


def bar(layer: int, left: float, count: int, ends: list[float], is_partial: bool) -> Bar:
    x, width = left + (1 - FILLED) / 2 / count, FILLED / count
    return Bar(colour(layer), percent(x), percent(ends[0]), percent(width), percent(ends[1] - ends[0]), is_partial)
