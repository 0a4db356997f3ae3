"""Days and times as URLs name them, on the wall clock of the reader: one reading for every list, report and export."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
YEARS = range(1970, 2101)  # beyond, arithmetic with zones runs out of calendar
LONGEST_TEXT = 40


class Preset(StrEnum):
    TODAY = "today"
    YESTERDAY = "yesterday"
    WEEK = "7d"  # today and the six days before it; so are the other two
    FOUR_WEEKS = "28d"
    QUARTER = "90d"
    MONTH = "month"
    LAST_MONTH = "last-month"


LENGTHS = {Preset.TODAY: 1, Preset.WEEK: 7, Preset.FOUR_WEEKS: 28, Preset.QUARTER: 90}


def days_of(preset: Preset, now: datetime, zone: tzinfo) -> tuple[datetime, datetime]:
    """Its first midnight and the one after its last day, on the wall (naive), as of now."""
    today = datetime.combine(now.astimezone(zone).date(), time())
    month = today.replace(day=1)
    match preset:
        case Preset.YESTERDAY:
            return today - DAY, today
        case Preset.MONTH:
            return month, (month + 31 * DAY).replace(day=1)
        case Preset.LAST_MONTH:
            return (month - DAY).replace(day=1), month
        case _:
            return today - (LENGTHS[preset] - 1) * DAY, today + DAY


def is_day(text: str) -> bool:
    """Whether a text that can be read is a date without a time."""
    return len(text.strip()) == len("2026-11-21")


def read(text: str, *, of_end: bool = False) -> datetime | None:
    """`2026-11-21` and `2026-11-21T14:00` on the wall (naive), or aware when it has an offset; None for anything else.
    A date is its first midnight, as the end of a period the midnight after it."""
    text = text.strip()
    if len(text) > LONGEST_TEXT:
        return None
    try:
        if is_day(text):
            found = datetime.combine(date.fromisoformat(text), time()) + (DAY if of_end else timedelta())
        else:
            found = datetime.fromisoformat(text.replace(" ", "+") if "T" in text else text)  # a + that nobody quoted
    except (ValueError, OverflowError):
        return None
    return found if found.year in YEARS else None


def moment(text: str, zone: tzinfo, *, of_end: bool = False) -> datetime | None:
    """As `read`, in UTC."""
    found = read(text, of_end=of_end)
    return None if found is None else to_utc(found, zone)


def to_utc(wall: datetime, zone: tzinfo) -> datetime:
    """`zone` is that of a time without one."""
    return (wall if wall.tzinfo is not None else wall.replace(tzinfo=zone)).astimezone(UTC)
