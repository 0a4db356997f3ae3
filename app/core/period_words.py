"""Periods and times in words, as pages of figures say them."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import format_date, format_time
from flask_babel import lazy_gettext as _l

from app.core import i18n
from app.core.period import Compare, Period, Problem
from app.core.periods import DAY, HOUR, Preset

PRESETS: dict[str, Any] = {
    Preset.TODAY: _l("Today"),
    Preset.YESTERDAY: _l("Yesterday"),
    Preset.WEEK: _l("7 days"),
    Preset.FOUR_WEEKS: _l("28 days"),
    Preset.QUARTER: _l("90 days"),
    Preset.MONTH: _l("This month"),
    Preset.LAST_MONTH: _l("Last month"),
}
COMPARES: dict[str, Any] = {Compare.PREVIOUS: _l("Compare with before"), Compare.NONE: _l("Without comparison")}
PROBLEMS: dict[str, Any] = {
    Problem.ODD_PERIOD: _l("There is no such period: the last 7 days are shown."),
    Problem.ODD_FROM: _l("The start is not a date: the last 7 days are shown."),
    Problem.ODD_TO: _l("The end is not a date: the last 7 days are shown."),
    Problem.BACKWARDS: _l("The period ends before it begins: the last 7 days are shown."),
    Problem.TOO_LONG: _l("A period has 400 days at most: the last 7 days are shown."),
    Problem.ODD_COMPARE: _l("There is no such comparison: the previous period is taken."),
}


def span(period: Period) -> str:
    """`16/11/2026 – 22/11/2026`, one day alone, with hours only where a day is not whole."""
    first, last = _edge(period.first), _edge(period.last, of_end=True)
    return first if first == last else f"{first} – {last}"


def _edge(wall: datetime, of_end: bool = False) -> str:
    if (wall.hour, wall.minute) == (0, 0):
        return i18n.date_text((wall - DAY if of_end else wall).date())
    return f"{i18n.date_text(wall.date())} {wall:%H:%M}"


def clock_text(at: datetime, now: datetime, zone: ZoneInfo) -> str:
    """`14:03:20` today, `21/11 14:03` else."""
    wall = at.astimezone(zone)
    if wall.date() == now.astimezone(zone).date():
        return f"{wall:%H:%M:%S}"
    return f"{_day(wall)} {wall:%H:%M}"


def _day(wall: datetime) -> str:
    return str(format_date(wall.date(), "dd/MM" if i18n.locale() == "pt_BR" else "MMM d"))


def short_label(wall: datetime, by_hour: bool, is_one_day: bool) -> str:
    """Under a chart: `14h` within a day, `19/11 14h` by hours, `19/11` by days."""
    if not by_hour:
        return _day(wall)
    return f"{wall:%H}h" if is_one_day else f"{_day(wall)} {wall:%H}h"


def full_label(wall: datetime, by_hour: bool) -> str:
    """In read-out and table: the weekday, and from when to when."""
    day = str(format_date(wall.date(), "EEE dd/MM/yyyy" if i18n.locale() == "pt_BR" else "EEE, MMM d, yyyy"))
    return f"{day}, {wall:%H:%M}–{wall + HOUR:%H:%M}" if by_hour else day


def time_text(at: datetime) -> str:
    """`14:03:20`, for “data as of”."""
    return str(format_time(at, "HH:mm:ss"))
