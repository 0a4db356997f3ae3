"""What is drawn: right heights, a table beside, words for readers, nothing that hostile text could break."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal

import pytest
from flask import Flask
from markupsafe import Markup

from app.charts import Point, Range, Series, Unit, bars, donut, heatmap, line, shares, spark
from app.charts.model import Number
from app.core import gallery
from tests.charts.reading import of_class, script, table, told, tree

HOSTILE = "</svg><script>alert(1)</script>' \" onload=x {{ 7*7 }}"
AWKWARD: list[list[Number]] = [
    [],
    [None, None],
    [0, 0, 0],
    [5],
    [None, 3],
    [math.nan, math.inf, 2],
    [-4, 6],
    [Decimal("1.5"), 10**15],
]


def a_line(values: list[Number], text: str = "x") -> Markup:
    return line(
        id="c", title=text, series=[Series(text, values)], labels=[text] * len(values), compare=Series(text, [1])
    )


def some_bars(values: list[Number], text: str = "x") -> Markup:
    return bars(id="c", title=text, series=[Series(text, values), Series(text, values)], labels=[text] * len(values))


def some_shares(values: list[Number], text: str = "x") -> Markup:
    return shares(id="c", title=text, points=[Point(text, value, f"/?q={text}") for value in values])


def a_donut(values: list[Number], text: str = "x") -> Markup:
    return donut(id="c", title=text, points=[Point(text, value) for value in values])


def a_heatmap(values: list[Number], text: str = "x") -> Markup:
    return heatmap(id="c", title=text, values=[values])


def a_spark(values: list[Number], text: str = "x") -> Markup:
    return spark(values, text)


EVERY_CHART = [a_line, some_bars, some_shares, a_donut, a_heatmap, a_spark]
pytestmark = pytest.mark.usefixtures("english")


@pytest.mark.parametrize("chart", EVERY_CHART)
@pytest.mark.parametrize("values", AWKWARD, ids=str)
def test_awkward_values_are_drawn_as_well_formed_markup(chart: Callable[..., Markup], values: list[Number]) -> None:
    drawn = chart(values)
    assert list(tree(drawn))
    assert "nan" not in drawn.lower()
    assert "inf" not in drawn.lower().replace("info", "")


@pytest.mark.parametrize("chart", EVERY_CHART)
def test_hostile_text_stays_text(chart: Callable[..., Markup]) -> None:
    drawn = chart([3, 4], HOSTILE)
    assert "<script" not in drawn
    assert not [element.tag for element in tree(drawn).iter() if {"onload", "style"} & set(element.attrib)]
    assert HOSTILE in "".join([*tree(drawn).itertext(), *(e.get("aria-label", "") for e in tree(drawn).iter())])


def test_line_tells_its_numbers_in_words_and_as_a_table() -> None:
    chart = line(
        id="opens",
        title="Opens by day",
        series=[Series("Opens", [1200, None, 30])],
        labels=["19/11", "20/11", "21/11"],
        full_labels=["Nov 19", "Nov 20", "Nov 21"],
        compare=Series("Before", [10, 20]),
        partial_last=True,
    )
    assert table(chart) == [
        ["Period", "Opens", "Before"],
        ["Nov 19", "1,200", "10"],
        ["Nov 20", "–", "20"],
        ["Nov 21 (so far)", "30", "–"],
    ]
    assert told(chart).startswith("Opens: total 1,230, highest 1,200 (Nov 19), lowest 30 (Nov 21 (so far)).")


def test_unfinished_last_bucket_is_dashed_and_the_rest_is_not() -> None:
    finished, open_ended = (
        line(id="c", title="x", series=[Series("x", [1, 2, 4])], labels=list("abc"), partial_last=partial)
        for partial in (False, True)
    )
    dashed = [
        [path.get("d") for path in tree(chart).iter("path") if path.get("stroke-dasharray")]
        for chart in (finished, open_ended)
    ]
    assert dashed == [[], ["M500.0 500.0L1000.0 0.0"]]


def test_script_is_told_texts_places_and_ranges() -> None:
    chart = line(
        id="c",
        title="x",
        series=[Series("Rate", [0.5, None, 1])],
        labels=list("abc"),
        unit=Unit.PERCENT,
        select=Range("/opens?platform=kwai", ["2026-11-19", "2026-11-20", "2026-11-21"]),
    )
    read = script(chart)
    assert read["rows"] == [["Rate", "c1", ["50%", "–", "100%"], ["50%", "", "0%"]]]
    assert (read["lefts"], read["step"], read["width"]) == ([0, 50, 100], 50, 0)
    assert read["ranges"][1] == ["2026-11-20", "2026-11-20"]


def test_stacked_bars_stand_on_each_other_and_sum_up() -> None:
    series = [Series("Sent", [6, 0]), Series("Failed", [2, 8])]
    chart = bars(id="c", title="x", series=series, labels=["a", "b"], partial_last=True)
    drawn = [(bar.get("y"), bar.get("height"), bar.get("fill-opacity")) for bar in of_class(chart, "chart-bar")]
    assert drawn == [("25%", "75%", None), ("0%", "25%", None), ("0%", "100%", ".5")]
    assert table(chart)[1:] == [["a", "6", "2", "8"], ["b (so far)", "0", "8", "8"]]


def test_bar_below_zero_hangs_from_the_ground() -> None:
    chart = bars(id="c", title="x", series=[Series("Balance", [-50, 100])], labels=["a", "b"], unit=Unit.MONEY)
    assert [(bar.get("y"), bar.get("height")) for bar in of_class(chart, "chart-bar")] == [
        ("66.67%", "33.33%"),
        ("0%", "66.67%"),
    ]


def test_shares_are_of_the_total_and_link_to_the_rows() -> None:
    chart = shares(id="c", title="x", points=[Point("Gmail", 30, "/opens?q=gmail"), Point("Other", 10)], total=80)
    assert table(chart)[1:] == [["Gmail", "30", "37.5%"], ["Other", "10", "12.5%"]]
    assert [link.get("href") for link in tree(chart).iter("a")] == ["/opens?q=gmail"]
    assert [bar.get("width") for bar in tree(chart).iter("rect")] == ["100%", "33.33%"]


def test_donut_gathers_the_smallest_parts() -> None:
    chart = donut(id="c", title="x", points=[Point(f"p{n}", n) for n in range(1, 9)])
    assert [row[0] for row in table(chart)[1:]] == ["p4", "p5", "p6", "p7", "p8", "Others"]
    assert table(chart)[-1] == ["Others", "6", "16.7%"]
    assert len(of_class(chart, "chart-slice")) == 6


def test_heatmap_names_its_busiest_hour() -> None:
    values = [[0] * 24 for _day in range(7)]
    values[1][10] = 40
    values[6][23] = 20
    chart = heatmap(id="c", title="Opens", values=values)
    assert "highest 40 (Tuesday, 10:00)" in told(chart)
    assert [cell.get("fill-opacity") for cell in of_class(chart, "chart-heat")][:2] == ["1.0", "0.56"]
    assert (len(table(chart)), len(table(chart)[0])) == (8, 25)


def test_empty_chart_says_so_at_full_height_and_reads_nothing_out() -> None:
    chart = line(id="c", title="x", series=[Series("x", [None])], labels=["a"], empty="Nothing was sent.")
    assert told(chart) == "Nothing was sent."
    assert of_class(chart, "chart-plot")[0].get("tabindex") is None
    assert "data-chart" not in chart


def test_gallery_shows_the_charts_and_production_has_no_gallery(charts_app: Flask) -> None:
    assert charts_app.test_client().get("/ui/").text.count('<figure class="chart') >= 9
    bare = Flask("bare")
    gallery.add_to_gallery(bare, "charts/_showcase.html", dict)
    assert gallery.EXTENSION not in bare.extensions
