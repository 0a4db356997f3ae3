"""A line as small as a word, for a table cell or beside a figure."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from app.charts import words
from app.charts.frame import drawn
from app.charts.model import Number, Unit, plain
from app.charts.scale import path, percent, runs, scale_of


def spark(values: Sequence[Number], title: str, *, unit: Unit = Unit.COUNT) -> Markup:
    """`title` says what it shows ("Opens, last 7 days"); screen readers hear it with the highest and the last value."""
    heights = [plain(value) for value in values]
    scale = scale_of(heights, unit)
    known = [value for value in heights if value is not None]
    last = max(len(heights) - 1, 1)
    spots = [None if value is None else (i / last, scale.y(value)) for i, value in enumerate(heights)]
    whole = runs(spots)
    return drawn(
        "spark.html",
        title=title,
        highest=words.full(max(known), unit) if known else None,
        latest=words.full(known[-1], unit) if known else None,
        lines=[path(run) for run in whole if len(run) > 1],
        areas=[path([(run[0][0], 1), *run, (run[-1][0], 1)]) + "Z" for run in whole if len(run) > 1],
        end=(percent(whole[-1][-1][0]), percent(whole[-1][-1][1])) if whole else None,
    )
