"""Charts drawn on the server as SVG: they swap with htmx, print, follow the theme, and each has its table.

Every function returns Markup that a view hands to its template (`{{ chart }}`), or is called right in the template
under the name in `init_app`. `id` is unique on the page and stable over swaps; `title` names the chart to screen
readers and heads its table, it is not drawn (the card around it shows its own). Values are numbers or None (a gap).
Text may be hostile: all of it is escaped. Nothing raises on empty, all-zero or single values, and charts keep their
height then.

    from app.charts import Range, Series, line
    chart = line(
        id="opens-by-day", title=_("Opens by day"), series=[Series(_("Opens"), [12, 40, 31])],
        labels=["19/11", "20/11", "21/11"], compare=Series(_("Week before"), [10, 22, 35]), partial_last=True,
        select=Range(url_with(), ["2026-11-19", "2026-11-20", "2026-11-21"]),
    )
"""

from __future__ import annotations

from flask import Flask

from app.charts.columns import bars
from app.charts.lines import line
from app.charts.model import Number, Point, Range, Series, Unit
from app.charts.ranking import shares
from app.charts.ring import donut
from app.charts.sparkline import spark
from app.charts.week import heatmap

__all__ = ["Number", "Point", "Range", "Series", "Unit", "bars", "donut", "heatmap", "line", "shares", "spark"]


def init_app(app: Flask) -> None:
    """The functions for templates, and their part of the gallery."""
    from app.charts import showcase
    from app.core import gallery

    app.jinja_env.globals.update(
        line_chart=line, bar_chart=bars, share_chart=shares, heatmap_chart=heatmap, donut_chart=donut, spark_chart=spark
    )
    gallery.add_to_gallery(app, "charts/_showcase.html", showcase.content)
