"""The period of a list, from the texts of its URL: days and times on the wall clock of the reader."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, tzinfo

DAY = timedelta(days=1)
PRESETS = ("today", "yesterday", "7d", "28d", "90d", "month", "last-month")  # as on the overview
LENGTHS = {"today": 1, "7d": 7, "28d": 28, "90d": 90}
YEARS = range(2000, 2101)  # beyond, arithmetic with zones runs out of calendar
LONGEST_TEXT = 40


def moment(text: str, zone: tzinfo, *, of_end: bool = False) -> datetime | None:
    """UTC from `2026-11-21`, `2026-11-21T14:00` or one with an offset; None for anything else. A date as the end of a
    period means the end of that day."""
    text = text.strip().replace(" ", "+") if "T" in text else text.strip()  # a + of a URL that nobody quoted
    if len(text) > LONGEST_TEXT:
        return None
    try:
        if len(text) == len("2026-11-21"):
            found = datetime.combine(date.fromisoformat(text) + (DAY if of_end else timedelta()), time())
        else:
            found = datetime.fromisoformat(text)
        found = found.astimezone(UTC) if found.tzinfo is not None else found.replace(tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return found if found.year in YEARS else None


def preset(name: str, now: datetime, zone: tzinfo) -> tuple[datetime, datetime]:
    """Start and end (not included) of one of PRESETS, as of now, in UTC."""
    today = datetime.combine(now.astimezone(zone).date(), time())
    month = today.replace(day=1)
    match name:
        case "yesterday":
            first, last = today - DAY, today
        case "month":
            first, last = month, (month + 31 * DAY).replace(day=1)
        case "last-month":
            first, last = (month - DAY).replace(day=1), month
        case _:
            first, last = today - (LENGTHS[name] - 1) * DAY, today + DAY
    return first.replace(tzinfo=zone).astimezone(UTC), last.replace(tzinfo=zone).astimezone(UTC)
