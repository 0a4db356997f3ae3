"""What charts are made of: numbers with a name, and the unit that says how they are written."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

Number = int | float | Decimal | None  # None is a gap: not known, not zero


class Unit(StrEnum):
    COUNT = "count"
    MONEY = "money"  # R$
    PERCENT = "percent"  # a share: 0.125 is 12,5%
    SECONDS = "seconds"

    @property
    def adds_up(self) -> bool:
        """Whether a sum of values means something; the sum of rates or of delays does not."""
        return self in (Unit.COUNT, Unit.MONEY)


@dataclass(frozen=True, slots=True)
class Series:
    """One line, or one layer of stacked bars; as many values as the chart has labels (missing ones are gaps)."""

    label: str
    values: Sequence[Number]


@dataclass(frozen=True, slots=True)
class Point:
    """One row of `shares` or one slice of `donut`; `href` leads to the rows behind the number."""

    label: str
    value: Number
    href: str | None = None


@dataclass(frozen=True, slots=True)
class Range:
    """Lets people drag over a chart to choose a range. Opens `url` with `from` = start of the first bucket and
    `to` = end of the last one; `ends` default to `starts` (days, both included). Other parameters of `url` stay."""

    url: str
    starts: Sequence[str]
    ends: Sequence[str] | None = None

    def bounds(self) -> list[tuple[str, str]]:
        return list(zip(self.starts, self.ends if self.ends is not None else self.starts, strict=False))


def plain(value: Number) -> float | None:
    """The value as something to draw: a finite float, or None."""
    return None if value is None or not math.isfinite(value) else float(value)


def padded(values: Sequence[Number], count: int) -> list[float | None]:
    """Exactly `count` drawable values."""
    return [plain(value) for value in values[:count]] + [None] * (count - len(values))
