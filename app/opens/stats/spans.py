"""The period that a call asks for: whole hours, or all time."""

from __future__ import annotations

from datetime import datetime, tzinfo

from app.core import periods
from app.core.errors import Invalid
from app.core.rollup import hour_of

Span = tuple[datetime | None, datetime | None]


def span(start: str | None, end: str | None, zone: tzinfo) -> Span:
    """UTC hours; figures are kept by them, so that zones off by half an hour are rounded down. None is without a bound.
    Raises Invalid."""
    first = _hour("from", start, zone) if start else None
    last = _hour("to", end, zone) if end else None
    if first is not None and last is not None and first >= last:
        raise Invalid({"to": ["Must be after from"]})
    return first, last


def _hour(name: str, text: str, zone: tzinfo) -> datetime:
    wall = periods.read(text, of_end=name == "to")
    if wall is None:
        raise Invalid({name: ["Not a date or time in ISO 8601"]})
    if wall.minute or wall.second or wall.microsecond:
        raise Invalid({name: ["Must be a whole hour"]})
    return hour_of(periods.to_utc(wall, zone))
