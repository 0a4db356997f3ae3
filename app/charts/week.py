"""The heatmap of a week: which hours of which weekdays are busy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from babel.dates import get_day_names
from flask_babel import gettext as _
from markupsafe import Markup

from app.charts import words
from app.charts.axis import AxisLabel
from app.charts.frame import Frame, Reading, Table, drawn, nothing
from app.charts.model import Number, Unit, padded
from app.charts.scale import percent
from app.core import i18n

DAYS, HOURS = 7, 24
FAINTEST = 0.12  # any value above zero is seen
LEGEND = (0.0, 0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True, slots=True)
class Cell:
    x: str
    y: str
    strength: float  # 0 to 1, opacity of the colour


def heatmap(
    *, id: str, title: str, values: Sequence[Sequence[Number]], unit: Unit = Unit.COUNT, empty: str | None = None
) -> Markup:
    """`values`: seven rows, Monday first, of 24 hours each, in the account's zone; missing ones are gaps."""
    rows = [padded(row, HOURS) for row in [*values, *([()] * DAYS)][:DAYS]]
    everything = [value for row in rows for value in row]
    days, short_days = day_names("wide"), day_names("abbreviated")
    hours = [_("%(hour)s:00", hour=hour) for hour in range(HOURS)]
    names = [f"{day}, {hour}" for day in days for hour in hours]
    frame = Frame(
        id=id,
        title=title,
        told=words.told(title, everything, names, unit),
        table=Table(
            [_("Weekday"), *hours],
            [[day, *(words.full(value, unit) for value in row)] for day, row in zip(days, rows, strict=True)],
        ),
        names=names,
        lefts=[index % HOURS / HOURS for index in range(DAYS * HOURS)],
        width=1 / HOURS,
        columns=HOURS,
        readings=[Reading("", "c1", [words.full(value, unit) for value in everything])],
        labels=[hour_label(hour, text) for hour, text in enumerate(hours) if hour % 3 == 0],
        empty=nothing(everything, empty),
    )
    return drawn("heatmap.html", frame=frame, cells=cells(everything), days=short_days, legend=LEGEND)


def day_names(width: str) -> list[str]:
    names = get_day_names(width, context="stand-alone", locale=i18n.locale())  # type: ignore[arg-type]
    return [names[day].rstrip(".") for day in range(DAYS)]


def hour_label(hour: int, text: str) -> AxisLabel:
    return AxisLabel(text, percent((hour + 0.5) / HOURS), "middle", "" if hour % 6 == 0 else "medium")


def cells(values: Sequence[float | None]) -> list[Cell]:
    most = max((value for value in values if value is not None), default=0)
    return [
        Cell(percent(i % HOURS / HOURS), percent(i // HOURS / DAYS), strength(value, most))
        for i, value in enumerate(values)
    ]


def strength(value: float | None, most: float) -> float:
    if value is None or value <= 0 or most <= 0:
        return 0.0
    return round(FAINTEST + (1 - FAINTEST) * value / most, 2)
