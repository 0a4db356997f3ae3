"""Days and times of URLs: every text is read or is none, in any zone."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.periods import YEARS, is_day, moment, read

SAO_PAULO = ZoneInfo("America/Sao_Paulo")


@pytest.mark.parametrize(
    ("text", "begins", "ends"),
    [
        ("2026-11-21", "2026-11-21T03:00", "2026-11-22T03:00"),
        (" 2026-11-21 ", "2026-11-21T03:00", "2026-11-22T03:00"),
        ("2026-11-21T14:30", "2026-11-21T17:30", "2026-11-21T17:30"),
        ("2026-11-21T14:30Z", "2026-11-21T14:30", "2026-11-21T14:30"),
        ("2026-11-21T14:30 02:00", "2026-11-21T12:30", "2026-11-21T12:30"),  # a + that nobody quoted
        ("2026-11-21 14:30:00-03:00", "2026-11-21T17:30", "2026-11-21T17:30"),
    ],
)
def test_days_and_times_are_read_on_the_wall(text: str, begins: str, ends: str) -> None:
    for of_end, expected in ((False, begins), (True, ends)):
        assert moment(text, SAO_PAULO, of_end=of_end) == datetime.fromisoformat(f"{expected}+00:00")


@pytest.mark.parametrize(
    "text", ["", "x", "0001-01-01", "9999-12-31", "2101-01-01", "2026-02-30", "2026-11-21T25:00", "9" * 5000]
)
def test_what_is_no_date_is_none(text: str) -> None:
    assert read(text) is None
    assert moment(text, SAO_PAULO, of_end=True) is None


@given(st.text(max_size=60), st.booleans(), st.sampled_from(["Pacific/Apia", "Asia/Kolkata", "UTC"]))
def test_no_text_breaks_it(text: str, of_end: bool, zone: str) -> None:
    found = moment(text, ZoneInfo(zone), of_end=of_end)
    assert found is None or (found.tzinfo is UTC and YEARS.start - 1 <= found.year <= YEARS.stop)


@given(st.dates(datetime(1970, 1, 1).date(), datetime(2100, 12, 30).date()))
def test_a_day_is_told_from_a_time(day: datetime) -> None:
    assert is_day(day.isoformat())
    assert not is_day(f"{day.isoformat()}T00:00")
