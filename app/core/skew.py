"""How far this machine's clock is from others': the platforms' (by the Date of their answers) and the database's."""

from __future__ import annotations

from collections import deque
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from statistics import median

from sqlalchemy import Connection, func, select

from app.core import clock

SAMPLES = 15
ENOUGH = 5  # fewer say nothing: one answer may come from a machine whose own clock is off
FRESH_S = 600.0
DATE_LENGTH = 40
RESOLUTION = timedelta(seconds=0.5)  # a Date names the whole second in which the answer began

_heard: deque[tuple[str, float]] = deque(maxlen=SAMPLES)  # Date headers as they came, and when: appending is atomic


def hear(date: str | None) -> None:
    """Notes the Date of an answer that begins to arrive now. Parsed only when somebody asks: each call passes here."""
    if date:
        _heard.append((date[:DATE_LENGTH], clock.monotonic()))


def of_platforms_ms() -> int | None:
    """Milliseconds by which our clock is ahead of theirs: the median of the last answers; None while there are too few
    of the last minutes. The moments are kept on the monotonic clock, so that a clock set right is right at once."""
    now, monotonic = clock.now(), clock.monotonic()
    ahead = [
        now - timedelta(seconds=monotonic - at) - (theirs + RESOLUTION)
        for date, at in list(_heard)
        if monotonic - at < FRESH_S and (theirs := _parsed(date)) is not None
    ]
    return round(median(each.total_seconds() for each in ahead) * 1000) if len(ahead) >= ENOUGH else None


def of_database_ms(connection: Connection) -> int | None:
    """Milliseconds by which our clock is ahead of a PostgreSQL server's; SQLite has our own."""
    if connection.dialect.name != "postgresql":
        return None
    asked_at = clock.now()
    theirs: datetime = connection.execute(select(func.clock_timestamp())).scalar_one()
    return round(((asked_at - theirs) + (clock.now() - theirs)).total_seconds() * 500)


def forget() -> None:
    """For tests."""
    _heard.clear()


def _parsed(date: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(date)
    except (ValueError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
