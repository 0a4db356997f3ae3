"""Line charts as SVG files: readable in light and dark and by screen readers, without a script or font of their own."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 720, 400
LEFT, RIGHT, TOP, BOTTOM = 72, 150, 88, 64  # of a panel: room for its axes, and for the names of its lines
TICKS = 5
NICE = (1, 2, 2.5, 5, 10)
NAME_GAP = 34  # between the names of two lines that end close together
STYLE = """
  svg { color-scheme: light dark; --paper: #ffffff; --ink: #1c2530; --soft: #5a6675; --grid: #dfe4ea;
        --c1: #1f5fbf; --c2: #b3470b; --c3: #4f7a12; font: 14px system-ui, sans-serif; }
  @media (prefers-color-scheme: dark) {
    svg { --paper: #12171d; --ink: #e8edf2; --soft: #a3afbc; --grid: #2c353f;
          --c1: #7fb0ff; --c2: #ff9f66; --c3: #a6d25c; }
  }
  .paper { fill: var(--paper); } text { fill: var(--ink); } .soft { fill: var(--soft); font-size: 13px; }
  .head { font-size: 17px; font-weight: 600; } .grid { stroke: var(--grid); } .axis { stroke: var(--soft); }
  .line { fill: none; stroke-width: 2.5; } .c1 { --c: var(--c1); } .c2 { --c: var(--c2); } .c3 { --c: var(--c3); }
  .line, .mark { stroke: var(--c); } .mark { fill: var(--paper); stroke-width: 2.5; }
  .name { fill: var(--c); font-weight: 600; }
"""


@dataclass(frozen=True, slots=True)
class Line:
    """A value for each place on the x axis."""

    name: str
    values: Sequence[float]


@dataclass(frozen=True, slots=True)
class Panel:
    """A chart of its own, with axes of its own; its y axis begins at zero."""

    y_label: str
    x_label: str
    places: Sequence[str]
    lines: Sequence[Line]


def svg(title: str, told: str, source: str, panels: Sequence[Panel]) -> str:
    """Panels under each other. `told` is the picture in words; `source` what the figures were measured on."""
    height = HEIGHT * len(panels) + 24
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img"',
        ' aria-labelledby="title desc">',
        f'<title id="title">{escape(title)}</title>',
        f'<desc id="desc">{escape(told)}</desc>',
        f"<style>{STYLE}</style>",
        f'<rect class="paper" width="{WIDTH}" height="{height}"/>',
        f'<text class="head" x="24" y="34">{escape(title)}</text>',
    ]
    for number, panel in enumerate(panels):
        parts.append(f'<g transform="translate(0 {number * HEIGHT})">{"".join(_panel(panel))}</g>')
    parts.append(f'<text class="soft" x="24" y="{height - 14}">{escape(source)}</text></svg>')
    return "\n".join(parts) + "\n"


def words(panels: Sequence[Panel]) -> str:
    """The same figures as sentences, for who cannot see them."""
    return " ".join(
        f"{line.name}, {panel.y_label}: "
        + ", ".join(f"{_number(value)} at {place}" for place, value in zip(panel.places, line.values, strict=True))
        + "."
        for panel in panels
        for line in panel.lines
    )


def _panel(panel: Panel) -> list[str]:
    right, floor = WIDTH - RIGHT, HEIGHT - BOTTOM
    step, top = _scale(max(value for line in panel.lines for value in line.values))
    count = len(panel.places)
    xs = [LEFT + (right - LEFT) * (index + 0.5) / count for index in range(count)]

    def y_of(value: float) -> float:
        return floor - (floor - TOP) * value / top

    parts = [f'<text class="soft" x="24" y="{TOP - 22}">{escape(panel.y_label)}</text>']
    for number in range(round(top / step) + 1):
        y = y_of(number * step)
        parts.append(
            f'<line class="{"grid" if number else "axis"}" x1="{LEFT}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}"/>'
        )
        parts.append(
            f'<text class="soft" x="{LEFT - 10}" y="{y + 4:.1f}" text-anchor="end">{_number(number * step)}</text>'
        )
    for x, place in zip(xs, panel.places, strict=True):
        parts.append(f'<text class="soft" x="{x:.1f}" y="{floor + 22}" text-anchor="middle">{escape(place)}</text>')
    middle = (LEFT + right) / 2
    parts.append(
        f'<text class="soft" x="{middle}" y="{floor + 44}" text-anchor="middle">{escape(panel.x_label)}</text>'
    )
    heights = _apart([y_of(line.values[-1]) for line in panel.lines])
    for number, (line, height) in enumerate(zip(panel.lines, heights, strict=True)):
        parts += _line(line, number, xs, y_of, right + 8, height)
    return parts


def _line(
    line: Line, number: int, xs: Sequence[float], y_of: Callable[[float], float], name_x: float, name_y: float
) -> list[str]:
    """Its marks differ in shape too, for who cannot tell the colours apart."""
    points = [(x, y_of(value)) for x, value in zip(xs, line.values, strict=True)]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    parts = [f'<g class="c{number % 3 + 1}"><polyline class="line" points="{path}"/>']
    for (x, y), value in zip(points, line.values, strict=True):
        parts.append(_mark(number, x, y))
        parts.append(f'<text class="soft" x="{x:.1f}" y="{y - 12:.1f}" text-anchor="middle">{_number(value)}</text>')
    for row, text in enumerate(_wrapped(line.name)):
        parts.append(f'<text class="name" x="{name_x:.1f}" y="{name_y + 4 + 16 * row:.1f}">{escape(text)}</text>')
    return [*parts, "</g>"]


def _mark(number: int, x: float, y: float) -> str:
    match number % 3:
        case 0:
            return f'<circle class="mark" cx="{x:.1f}" cy="{y:.1f}" r="5"/>'
        case 1:
            return f'<rect class="mark" x="{x - 5:.1f}" y="{y - 5:.1f}" width="10" height="10"/>'
        case _:
            return f'<path class="mark" d="M{x:.1f} {y - 6:.1f} l6 11 h-12 z"/>'


def _wrapped(name: str, longest: int = 15) -> list[str]:
    rows = [""]
    for word in name.split():
        if rows[-1] and len(rows[-1]) + 1 + len(word) > longest:
            rows.append(word)
        else:
            rows[-1] = f"{rows[-1]} {word}".strip()
    return rows


def _apart(heights: list[float]) -> list[float]:
    """Names of lines that end at about the same height, moved down until they do not cover each other."""
    found = list(heights)
    last = -math.inf
    for index in sorted(range(len(heights)), key=lambda each: heights[each]):
        found[index] = last = max(heights[index], last + NAME_GAP)
    return found


def _scale(highest: float) -> tuple[float, float]:
    """The step of the grid, and where it ends: above the highest value."""
    rough = max(highest, 1e-9) * 1.1 / TICKS
    power = 10 ** math.floor(math.log10(rough))
    step = next(nice * power for nice in NICE if nice * power >= rough)
    return step, step * math.ceil(highest * 1.1 / step)


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 or value == round(value) else f"{value:,.1f}"
