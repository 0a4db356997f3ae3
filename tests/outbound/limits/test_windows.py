"""Windows as arithmetic: edges, clocks, and what stands in the way."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from app.outbound.limits.defaults import CONNECTION, of_connection
from app.outbound.limits.windows import Rates, Standing, Window, judge

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("window", "used", "remaining", "resets_in_s"),
    [
        (Window(60, 5), 0, 5, None),
        (Window(60, 5, 4, ago(59.999)), 4, 1, 0.001),
        (Window(60, 5, 5, ago(60)), 0, 5, None),
        (Window(60, 5, 9, ago(1)), 9, 0, 59),
        (Window(60, 5, 5, ago(-3600)), 5, 0, 60),
        (Window(60, 5, 0, ago(1)), 0, 5, None),
    ],
    ids=["new", "last moment", "over", "limit lowered since", "begun by a clock that stepped back", "all given back"],
)
def test_a_window_stands_as_its_calls_and_its_time_say(
    window: Window, used: int, remaining: int, resets_in_s: float | None
) -> None:
    stands = window.at(NOW)

    resets_in = None if stands.resets_at is None else (stands.resets_at - NOW).total_seconds()
    assert (stands.used, stands.remaining, resets_in) == (used, remaining, resets_in_s)


def test_the_longest_of_the_full_windows_decides_how_long_to_wait() -> None:
    minute, hour = Window(60, 60, 60, ago(10)), Window(3600, 1000, 995, ago(600))
    standing = Standing(NOW, (minute, hour))

    assert (standing.granted(3), standing.remaining, judge(standing, 1).wait_s) == (0, 0, 50)
    assert judge(standing, 6).wait_s == 3000
    assert standing.tightest(6) == hour
    half = Standing(NOW, (Window(60, 60, 58, ago(10)), hour))
    assert (half.granted(9), judge(half, 2).allowed, judge(half, 3).allowed) == (2, True, False)


def test_calls_begin_a_window_and_fill_it() -> None:
    standing = Standing(NOW, (Window(60, 3), Window(3600, 5, 2, ago(60)))).after(3)

    assert [(window.used, window.started_at) for window in standing.windows] == [(3, NOW), (5, ago(60))]
    assert standing.full_until() == ago(60) + timedelta(hours=1)


def test_at_the_very_end_of_a_window_nothing_is_granted() -> None:
    margin = timedelta(seconds=0.05)
    standing = Standing(NOW, (Window(1, 20, 1, ago(0.96)),))

    assert (standing.granted(5), standing.granted(5, margin)) == (5, 0)
    assert standing.full_until(margin=margin) == ago(-0.04)


def test_without_limits_everything_is_granted() -> None:
    standing = Standing(NOW)

    assert (standing.granted(7), standing.remaining, standing.full_until(7)) == (7, None, None)
    assert not Rates().is_limited


def test_a_connection_gets_the_figure_of_its_api_alone() -> None:
    assert of_connection("instagram") == Rates(per_hour=200)
    assert of_connection("google_ads") == Rates(per_day=15_000)
    assert of_connection("z_api") == Rates(per_second=1, per_minute=10)
    assert of_connection("something else") == CONNECTION == Rates(None, 60, 1000, 10_000)
