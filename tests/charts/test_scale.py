"""Ticks are round, few, and hold every value."""

from __future__ import annotations

import itertools

import pytest

from app.charts.axis import ROOMS, axis_labels
from app.charts.model import Unit
from app.charts.scale import INTERVALS, path, percent, round_step, runs, scale_of


@pytest.mark.parametrize(
    ("values", "unit", "ticks"),
    [
        ([], Unit.COUNT, (0, 1)),
        ([0, 0], Unit.PERCENT, (0, 0.5, 1)),
        ([1], Unit.COUNT, (0, 1)),
        ([3, None], Unit.COUNT, (0, 1, 2, 3)),
        ([7], Unit.COUNT, (0, 2, 4, 6, 8)),
        ([97], Unit.COUNT, (0, 50, 100)),
        ([12345], Unit.COUNT, (0, 5000, 10000, 15000)),
        ([0.97], Unit.PERCENT, (0, 0.5, 1)),
        ([0.3], Unit.SECONDS, (0, 0.1, 0.2, 0.3)),
        ([-40, 100], Unit.MONEY, (-50, 0, 50, 100)),
        ([-3], Unit.COUNT, (-3, -2, -1, 0)),
    ],
)
def test_ticks_are_round_and_hold_every_value(values: list[float | None], unit: Unit, ticks: tuple[float, ...]) -> None:
    assert scale_of(values, unit).ticks == ticks


@pytest.mark.parametrize("most", [10.0**power * factor for power in range(-9, 15) for factor in (1, 1.01, 3.7, 9.99)])
def test_scale_is_never_crowded_whatever_the_size(most: float) -> None:
    scale = scale_of([most], Unit.MONEY)
    assert 2 <= len(scale.ticks) <= INTERVALS + 2
    assert scale.ticks[-1] >= most * (1 - 1e-9)
    assert 0 <= round(scale.y(most), 9) <= scale.y(0) == 1


@pytest.mark.parametrize(("least", "step"), [(0.9, 1), (1, 1), (1.1, 2), (2.5, 5), (6, 10), (0.03, 0.05), (700, 1000)])
def test_steps_are_one_two_or_five(least: float, step: float) -> None:
    assert round_step(least) == pytest.approx(step)


def test_gaps_break_a_line_in_two() -> None:
    places = [None, (0.0, 0.5), (0.25, 1.0), None, None, (1.0, 0.0)]
    assert runs(places) == [[(0.0, 0.5), (0.25, 1.0)], [(1.0, 0.0)]]
    assert path(runs(places)[0]) == "M0.0 500.0L250.0 1000.0"
    assert [percent(share) for share in (0, 0.125, 1 / 3, 1)] == ["0%", "12.5%", "33.33%", "100%"]


@pytest.mark.parametrize("count", [1, 2, 7, 24, 31, 90, 400])
@pytest.mark.parametrize("text", ["9h", "21/11", "21 de nov.", "x" * 300])
def test_labels_never_meet_however_narrow_the_chart(count: int, text: str) -> None:
    labels = axis_labels([text] * count, [i / max(count - 1, 1) for i in range(count)])
    for hidden, room in (({"medium", "large"}, ROOMS[2][1]), ({"large"}, ROOMS[1][1]), (set[str](), ROOMS[0][1])):
        edges = [
            extent(label.text, float(label.x[:-1]), label.anchor, room) for label in labels if label.shown not in hidden
        ]
        assert edges
        assert all(before[1] < after[0] for before, after in itertools.pairwise(edges))


def extent(text: str, x: float, anchor: str, room: int) -> tuple[float, float]:
    width, place = len(text) * 6.0, x * room / 100  # 12 px digits are about 6 px wide
    left = {"start": place, "middle": place - width / 2, "end": place - width}[anchor]
    return left, left + width
