"""Labels under a chart: as many as fit, fewer in narrow places, by classes that container queries hide."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from app.charts.scale import percent

LONGEST = 14  # characters; the read-out and the table show the whole label
CHARACTER_PX = 6.8
GAP_PX = 12
OVERHANG_PX = 18  # what a label may stand out: the gutter is on the left, the padding of the card on the right
# what a label needs to be shown (its class), and the plot's width that can be counted on then
ROOMS = (("large", 680), ("medium", 330), ("", 250))


@dataclass(frozen=True, slots=True)
class AxisLabel:
    text: str
    x: str
    anchor: str
    shown: str  # "" always, "medium" not in narrow charts, "large" only in wide ones


def axis_labels(labels: Sequence[str], places: Sequence[float]) -> list[AxisLabel]:
    """`places`: where each label belongs, as shares of the width, ascending and evenly spaced."""
    texts = [shortened(label) for label in labels]
    width = CHARACTER_PX * max(map(len, texts), default=0)
    excess = max(width / 2 - OVERHANG_PX, 0)
    needed = width * (1.5 if excess else 1) + GAP_PX  # labels that lean inwards come closer to the next
    steps: dict[str, int] = {}
    step = 1
    for shown, room in ROOMS:  # each step is a multiple of the one before, so that labels only ever vanish
        step = steps[shown] = widened(step, len(texts), needed / room, places)
    return [
        AxisLabel(texts[i], percent(places[i]), anchor(places[i], excess / ROOMS[-1][1]), _shown(i, steps))
        for i in range(0, len(texts), steps["large"])
    ]


def _shown(index: int, steps: dict[str, int]) -> str:
    return next(shown for shown in ("", "medium", "large") if index % steps[shown] == 0)


def widened(step: int, count: int, needed: float, places: Sequence[float]) -> int:
    """The smallest pleasant multiple of `step` whose labels keep the distance `needed` (a share of the width)."""
    if count < 2:
        return step
    distance = places[1] - places[0]
    pleasant = (factor * 10**power for power in range(5) for factor in (1, 2, 3, 4, 6, 7, 8))
    return next((step * by for by in pleasant if step * by * distance >= needed), step * math.ceil(count / step))


def anchor(place: float, margin: float) -> str:
    """Labels at the edges lean inwards; the others stand in the middle."""
    if place < margin:
        return "start"
    return "end" if 1 - place < margin else "middle"


def shortened(label: str) -> str:
    return label if len(label) <= LONGEST else label[: LONGEST - 1] + "…"
