"""What all charts share: legend, axes, read-out, words for screen readers, and the same numbers as a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from flask import render_template
from flask_babel import gettext as _
from markupsafe import Markup

from app.charts import words
from app.charts.axis import AxisLabel
from app.charts.model import Range, Unit
from app.charts.scale import Scale, percent

COLOURS = 6
BEFORE = "before"  # the class of a comparison


@dataclass(frozen=True, slots=True)
class Key:
    """One entry of the legend. `colour` is a class: c1 to c6, or `before`."""

    label: str
    colour: str
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """What the pointer is told about one series: a text per bucket, and how high its dot sits ('' for none)."""

    label: str
    colour: str
    texts: list[str]
    heights: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Table:
    """`rows`: the row's heading, then its cells, all as text."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True)
class Frame:
    id: str
    title: str
    told: str
    table: Table
    names: Sequence[str]  # of the buckets, whole
    lefts: Sequence[float]  # where the buckets begin, as shares
    width: float  # of one bucket; 0 for points on a line
    readings: Sequence[Reading] = ()
    columns: int | None = None  # buckets a row, where there are several rows (the heatmap)
    keys: Sequence[Key] = ()
    labels: Sequence[AxisLabel] = ()
    ticks: Sequence[tuple[str, str]] = ()  # (text, y), from the lowest up
    select: Range | None = None
    empty: str | None = None  # words when there is nothing to draw

    def for_script(self) -> dict[str, Any]:
        """What static/js/charts.js reads; texts come formatted, the script knows no language."""
        columns = self.columns or max(len(self.names), 1)
        return {
            "names": list(self.names),
            "lefts": [round(left * 100, 2) for left in self.lefts],
            "width": round(self.width * 100, 2),
            "step": round(100 * (self.width or 1 / max(columns - 1, 1)), 4),
            "columns": columns,
            "height": round(100 * columns / max(len(self.names), 1), 4),
            "rows": [[row.label, row.colour, row.texts, row.heights] for row in self.readings],
            "ranges": self.select.bounds()[: len(self.names)] if self.select else [],
        }


def colour(index: int) -> str:
    return f"c{index % COLOURS + 1}"


def ticks_of(scale: Scale, unit: Unit) -> list[tuple[str, str]]:
    return [(words.short(tick, unit), percent(scale.y(tick))) for tick in scale.ticks]


def table_of(heads: Sequence[str], names: Sequence[str], values: Sequence[Sequence[float | None]], unit: Unit) -> Table:
    """A row per bucket, a column per series."""
    rows = [[name, *(words.full(row[index], unit) for row in values)] for index, name in enumerate(names)]
    return Table([_("Period"), *heads], rows)


def names_of(labels: Sequence[str], full_labels: Sequence[str] | None, partial_last: bool) -> list[str]:
    """Whole names of the buckets; an unfinished one says so."""
    names = list(full_labels if full_labels is not None and len(full_labels) == len(labels) else labels)
    if names and partial_last:
        names[-1] = _("%(bucket)s (so far)", bucket=names[-1])
    return names


def nothing(values: Sequence[float | None], told: str | None) -> str | None:
    """The words of an empty chart, or None when there is something to draw; zero is something."""
    known = any(value is not None for value in values)
    return None if known else told or _("No data in this period.")


def drawn(template: str, **context: Any) -> Markup:
    return Markup(render_template(f"charts/{template}", **context))  # noqa: S704 - rendered with autoescape
