"""From values to places: round ticks (1, 2, 5), and shares of the plot instead of pixels, since charts stretch."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from app.charts.model import Unit

INTERVALS = 4  # at most: more lines are noise
BOX = 1000  # side of the stretched viewBox that paths are drawn in


@dataclass(frozen=True, slots=True)
class Scale:
    """A vertical axis from the first tick to the last, which are evenly spaced."""

    ticks: tuple[float, ...]

    def y(self, value: float) -> float:
        """How far down from the top, as a share: 0 is the highest tick, 1 the lowest."""
        low, high = self.ticks[0], self.ticks[-1]
        return (high - value) / (high - low)


def scale_of(values: Iterable[float | None], unit: Unit) -> Scale:
    """A scale that holds all values and zero."""
    known = [value for value in values if value is not None]
    low, high = min([0.0, *known]), max([0.0, *known])
    if low == high:
        high = 1.0
    step = round_step((high - low) / INTERVALS)
    if unit is Unit.COUNT:
        step = max(step, 1.0)
    first, last = math.floor(low / step), math.ceil(high / step)
    return Scale(tuple(round(number * step, 12) for number in range(first, last + 1)))


def round_step(least: float) -> float:
    """The smallest 1, 2 or 5 times a power of ten that is not under `least`."""
    power = 10.0 ** math.floor(math.log10(least))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= least * (1 - 1e-9))


def percent(share: float) -> str:
    """A share as the percentage that SVG attributes take: '12.5%'."""
    return f"{share * 100:.2f}".rstrip("0").rstrip(".") + "%"


def runs(places: Sequence[tuple[float, float] | None]) -> list[list[tuple[float, float]]]:
    """The unbroken stretches between gaps."""
    found: list[list[tuple[float, float]]] = [[]]
    for place in places:
        if place is not None:
            found[-1].append(place)
        elif found[-1]:
            found.append([])
    return [run for run in found if run]


def path(run: Iterable[tuple[float, float]]) -> str:
    """The `d` of a line through `run`, in the stretched box."""
    return "M" + "L".join(f"{x * BOX:.1f} {y * BOX:.1f}" for x, y in run)
