"""The line chart: one line with its area or several lines, and what was before as a dashed line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from app.charts import words
from app.charts.axis import axis_labels
from app.charts.frame import BEFORE, Frame, Key, Reading, colour, drawn, names_of, nothing, table_of, ticks_of
from app.charts.model import Range, Series, Unit, padded
from app.charts.scale import Scale, path, percent, runs, scale_of


@dataclass(frozen=True, slots=True)
class Stroke:
    """How one series is drawn: `solid`, `dashed` and `areas` are path data, `dots` places of lone points."""

    label: str
    colour: str
    values: list[float | None]
    solid: list[str]
    dashed: list[str]
    areas: list[str]
    dots: list[tuple[str, str]]


def line(
    *,
    id: str,
    title: str,
    series: Sequence[Series],
    labels: Sequence[str],
    full_labels: Sequence[str] | None = None,
    unit: Unit = Unit.COUNT,
    compare: Series | None = None,
    partial_last: bool = False,
    select: Range | None = None,
    empty: str | None = None,
) -> Markup:
    """Values over time; one series gets an area. `labels` stand under the chart and thin out by themselves,
    `full_labels` ("21/11/2026, 14h") in read-out and table. `compare` is drawn dashed and grey on the same buckets.
    `partial_last`: the last bucket is not over, its stretch is dashed."""
    names = names_of(labels, full_labels, partial_last)
    places = [index / (len(labels) - 1) if len(labels) > 1 else 0.5 for index in range(len(labels))]
    shown = [*series, *([compare] if compare else [])]
    values = [padded(one.values, len(labels)) for one in shown]
    everything = [value for row in values for value in row]
    scale = scale_of(everything, unit)
    strokes = [
        stroke(
            one.label,
            BEFORE if one is compare else colour(index),
            values[index],
            places,
            scale,
            partial_last and one is not compare,
        )
        for index, one in enumerate(shown)
    ]
    frame = Frame(
        id=id,
        title=title,
        told=" ".join(words.told(one.label, one.values, names, unit) for one in strokes),
        table=table_of([one.label for one in shown], names, values, unit),
        names=names,
        lefts=places,
        width=0,
        readings=[reading(one, scale, unit) for one in strokes],
        keys=[Key(one.label, one.colour, words.total_of(one.values, unit)) for one in strokes if len(shown) > 1],
        labels=axis_labels(labels, places),
        ticks=ticks_of(scale, unit),
        select=select,
        empty=nothing(everything, empty),
    )
    return drawn("line.html", frame=frame, strokes=list(reversed(strokes)), has_area=len(series) == 1)


def stroke(
    label: str, tone: str, values: list[float | None], places: list[float], scale: Scale, partial_last: bool
) -> Stroke:
    spots = [None if value is None else (x, scale.y(value)) for x, value in zip(places, values, strict=True)]
    whole = runs(spots)
    dashed: list[str] = []
    finished = whole
    if partial_last and len(spots) > 1 and spots[-1] and spots[-2]:
        dashed = [path([spots[-2], spots[-1]])]
        finished = runs(spots[:-1])
    ground = scale.y(0)
    return Stroke(
        label=label,
        colour=tone,
        values=values,
        solid=[path(run) for run in finished if len(run) > 1],
        dashed=dashed,
        areas=[path([(run[0][0], ground), *run, (run[-1][0], ground)]) + "Z" for run in whole if len(run) > 1],
        dots=[(percent(run[0][0]), percent(run[0][1])) for run in whole if len(run) == 1],
    )


def reading(drawn_as: Stroke, scale: Scale, unit: Unit) -> Reading:
    return Reading(
        drawn_as.label,
        drawn_as.colour,
        [words.full(value, unit) for value in drawn_as.values],
        ["" if value is None else percent(scale.y(value)) for value in drawn_as.values],
    )
