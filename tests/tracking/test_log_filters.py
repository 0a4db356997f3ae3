"""What a URL asks for: any text is read as a filter or refused in words."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.tracking.filters import NAMES, Filters, from_json, from_url

ZONE = ZoneInfo("America/Sao_Paulo")
NOW = datetime(2026, 11, 22, 1, 30, tzinfo=UTC)  # the evening of the 21st there
TEXTS = st.one_of(st.text(max_size=40), st.datetimes().map(str), st.dates().map(str), st.uuids().map(str))


@given(st.dictionaries(st.sampled_from(NAMES), TEXTS))
@example({"from": "0001-01-01", "to": "9999-12-31"})
@example({"from": "2026-11-21T00:00+23:59", "to": "2026-11-21T24:00"})
def test_any_text_is_a_filter_or_a_problem_and_survives_a_job(args: dict[str, str]) -> None:
    asked = from_url(args, ZONE, NOW)
    assert from_json(asked.filters.to_json()) == asked.filters
    assert set(asked.problems) <= set(args)


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("today", "2026-11-21T03:00", "2026-11-22T03:00"),
        ("yesterday", "2026-11-20T03:00", "2026-11-21T03:00"),
        ("7d", "2026-11-15T03:00", "2026-11-22T03:00"),
        ("28d", "2026-10-25T03:00", "2026-11-22T03:00"),
        ("90d", "2026-08-24T03:00", "2026-11-22T03:00"),
        ("month", "2026-11-01T03:00", "2026-12-01T03:00"),
        ("last-month", "2026-10-01T03:00", "2026-11-01T03:00"),
    ],
)
def test_a_named_period_is_of_the_readers_days(name: str, first: str, last: str) -> None:
    found = from_url({"period": name}, ZONE, NOW).filters
    assert [f"{moment:%Y-%m-%dT%H:%M}" for moment in (found.start, found.end)] == [first, last]


def test_a_named_period_and_two_ends_hold_together() -> None:
    args = {"period": "today", "from": "2026-11-21T10:00", "to": "2026-11-30"}
    found = from_url(args, ZONE, NOW).filters
    assert found == Filters(start=datetime(2026, 11, 21, 13, tzinfo=UTC), end=datetime(2026, 11, 22, 3, tzinfo=UTC))
