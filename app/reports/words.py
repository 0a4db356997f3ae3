"""What the overview says: periods, times, and what helps a platform to recognise people."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import format_date
from flask_babel import lazy_gettext as _l

from app.core import i18n
from app.core.periods import DAY, HOUR, Preset
from app.reports.periods import Compare, Period, Problem

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
SIGNS: dict[str, Any] = {
    "em": _l("E-mail"),
    "ph": _l("Phone"),
    "fbc": _l("Click (fbc)"),
    "fbp": _l("Browser (fbp)"),
    "address": _l("Network address"),
    "agent": _l("Browser's user agent"),
}
TIPS: dict[str, Any] = {
    "em": _l("Send the e-mail in “email”: clear or as SHA-256. It recognises more people than any other field."),
    "ph": _l("Send the phone in “phone” with country and area code, such as +5511999999999."),
    "fbc": _l("Keep the fbclid of the landing page's address and send it in “fbclid” with every later event."),
    "fbp": _l("Send the value of the cookie _fbp, which Meta's pixel sets on your site, in “fbp”."),
    "address": _l("Send the visitor's network address in “client_ip_address”, not your server's."),
    "agent": _l("Send the visitor's browser in “client_user_agent”, as the User-Agent header has it."),
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
