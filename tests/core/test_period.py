"""Periods: what a URL means, in any zone, and what it is compared with."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.buckets import before, buckets
from app.core.period import MAX_DAYS, Asked, Compare, Problem, asked, iso, preset, wall_time
from app.core.periods import DAY, HOUR, Preset

SAO_PAULO = ZoneInfo("America/Sao_Paulo")
ZONES = [ZoneInfo(name) for name in ("America/Sao_Paulo", "America/New_York", "Europe/London", "Australia/Lord_Howe",
                                     "Asia/Kolkata", "Asia/Kathmandu", "Pacific/Apia", "UTC")]  # fmt: skip
NOW = datetime(2026, 11, 18, 17, 20, tzinfo=UTC)  # a Wednesday, 14:20 in São Paulo

moments = st.datetimes(datetime(2011, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))
days = st.dates(datetime(2011, 1, 1).date(), datetime(2030, 1, 1).date())


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("", "2026-11-12", "2026-11-19"),
        ("today", "2026-11-18", "2026-11-19"),
        ("yesterday", "2026-11-17", "2026-11-18"),
        ("7d", "2026-11-12", "2026-11-19"),
        ("28d", "2026-10-22", "2026-11-19"),
        ("90d", "2026-08-21", "2026-11-19"),
        ("month", "2026-11-01", "2026-12-01"),
        ("last-month", "2026-10-01", "2026-11-01"),
    ],
)
def test_a_preset_is_of_whole_days_on_the_wall(name: str, first: str, last: str) -> None:
    found = asked(NOW, SAO_PAULO, period=name)
    assert (found.period.first, found.period.last, found.problems) == (at(first), at(last), ())
    assert found.period.start == at(f"{first}T03:00+00:00")


@pytest.mark.parametrize(
    ("start", "end", "first", "last"),
    [
        ("2026-11-10", "2026-11-10", "2026-11-10T00:00", "2026-11-11T00:00"),
        ("2026-11-10T14:00", "2026-11-10T15:00", "2026-11-10T14:00", "2026-11-10T15:00"),
        ("2026-11-10T14:59", "2026-11-10T15:01", "2026-11-10T14:00", "2026-11-10T16:00"),
        ("2026-11-10T14:00Z", "2026-11-10T14:00-03:00", "2026-11-10T11:00", "2026-11-10T14:00"),
        ("2026-11-10T14:00 03:00", "2026-11-11", "2026-11-10T08:00", "2026-11-12T00:00"),
        ("2026-11-10", "", "2026-11-10T00:00", "2026-11-19T00:00"),
        ("", "2026-11-10", "2026-11-04T00:00", "2026-11-11T00:00"),
    ],
)
def test_own_bounds(start: str, end: str, first: str, last: str) -> None:
    found = asked(NOW, SAO_PAULO, start=start, end=end)
    assert (found.period.first, found.period.last, found.problems) == (at(first), at(last), ())
    assert found.period.preset is None


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ({"period": "fortnight"}, Problem.ODD_PERIOD),
        ({"period": "custom"}, Problem.ODD_PERIOD),
        ({"start": "yesterday"}, Problem.ODD_FROM),
        ({"start": "0001-01-01", "end": "2026-11-11"}, Problem.ODD_FROM),
        ({"start": "9999-12-31"}, Problem.ODD_FROM),
        ({"end": "9999-12-31"}, Problem.ODD_TO),
        ({"end": "2026-11-10T25:00"}, Problem.ODD_TO),
        ({"end": "2026-11-10T00:00+99:99"}, Problem.ODD_TO),
        ({"start": "2026-11-11", "end": "2026-11-09"}, Problem.BACKWARDS),
        ({"start": "2026-11-11T10:00", "end": "2026-11-11T10:00"}, Problem.BACKWARDS),
        ({"start": "2024-01-01", "end": "2026-01-01"}, Problem.TOO_LONG),
        ({"compare": "last-year"}, Problem.ODD_COMPARE),
    ],
)
def test_what_makes_no_sense_falls_back_and_says_so(query: dict[str, str], problem: Problem) -> None:
    assert asked(NOW, SAO_PAULO, **query) == Asked(preset(Preset.WEEK, NOW, SAO_PAULO), Compare.PREVIOUS, (problem,))


@given(text=st.text(max_size=60), other=st.text(max_size=60), zone=st.sampled_from(ZONES))
def test_no_text_breaks_it(text: str, other: str, zone: ZoneInfo) -> None:
    found = asked(NOW, zone, period=text, start=other, end=text, compare=other)
    assert timedelta() < found.period.last - found.period.first <= MAX_DAYS * DAY


@given(now=moments, zone=st.sampled_from(ZONES), name=st.sampled_from(Preset))
def test_the_previous_period_is_of_the_same_weekdays(now: datetime, zone: ZoneInfo, name: Preset) -> None:
    period = preset(name, now, zone)
    past = period.previous(period.end + DAY)
    assert past.last - past.first == period.last - period.first
    assert (past.first.weekday(), past.first.time()) == (period.first.weekday(), period.first.time())
    assert past.end <= period.start
    assert timedelta() <= period.first - past.last < timedelta(weeks=1)


@given(now=moments, zone=st.sampled_from(ZONES), name=st.sampled_from([Preset.TODAY, Preset.WEEK, Preset.MONTH]))
def test_a_running_period_is_compared_with_the_part_that_is_over(now: datetime, zone: ZoneInfo, name: Preset) -> None:
    period = preset(name, now, zone)
    past = period.previous(now)
    over = now.astimezone(zone).replace(tzinfo=None) - period.first
    assert past.first == period.first - period.weeks * 7 * DAY
    assert -HOUR <= past.last - past.first - over <= HOUR  # whole hours, and an hour that a change of time takes
    assert past.last <= period.previous(period.end).last


@given(start=days, length=st.integers(1, 400), zone=st.sampled_from(ZONES))
def test_own_days_are_compared_alike(start: datetime, length: int, zone: ZoneInfo) -> None:
    end = start + (length - 1) * DAY
    period = asked(NOW, zone, start=start.isoformat(), end=end.isoformat()).period
    past = period.previous(period.end + DAY)
    assert (past.last - past.first, past.first.weekday()) == (length * DAY, period.first.weekday())
    assert past.end <= period.start
    assert (period.first - past.first) % timedelta(weeks=1) == timedelta()


@given(moment=moments, zone=st.sampled_from(ZONES))
def test_a_time_in_a_url_reads_back_as_the_same_hour(moment: datetime, zone: ZoneInfo) -> None:
    hour = moment.replace(minute=0, second=0, microsecond=0)
    for rounds_up in (False, True):
        found = wall_time(iso(hour, zone), zone, rounds_up=rounds_up)
        assert found is not None
        assert found.replace(tzinfo=zone).astimezone(UTC) == hour


@given(start=days, length=st.integers(1, 60), zone=st.sampled_from(ZONES), now=moments)
def test_places_of_a_chart_cover_the_period_once(start: datetime, length: int, zone: ZoneInfo, now: datetime) -> None:
    end = start + (length - 1) * DAY
    period = asked(NOW, zone, start=start.isoformat(), end=end.isoformat()).period
    places = buckets(period, now)
    assert bool(places) is (now >= period.start)
    if places:
        assert places[0].start == period.start
        assert all(one.end == next_.start for one, next_ in pairwise(places))
        assert places[-1].end == period.end if now >= period.end else places[-1].is_partial
        assert [place.is_partial for place in places].count(True) == period.is_running(now)
        assert all(low <= high for low, high in (before(place, period) for place in places))


@pytest.mark.parametrize(("name", "is_rounded"), [("Asia/Kolkata", True), ("America/Sao_Paulo", False)])
def test_zones_off_by_half_an_hour_are_rounded_to_the_hours_of_the_figures(name: str, is_rounded: bool) -> None:
    period = asked(NOW, ZoneInfo(name), start="2026-11-10", end="2026-11-10").period
    assert (period.start.minute, period.is_rounded, period.end - period.start) == (0, is_rounded, DAY)


def test_a_day_of_23_hours_has_23_places() -> None:
    period = asked(NOW, ZoneInfo("America/New_York"), start="2026-03-08", end="2026-03-08").period
    assert len(buckets(period, NOW)) == 23
