"""The clock against others': a median of the last answers that a repaired clock, or silence, ends."""

from __future__ import annotations

from datetime import timedelta
from email.utils import format_datetime

import pytest

from app.core import clock, skew


@pytest.fixture(autouse=True)
def quiet():
    skew.forget()
    yield
    skew.forget()


def hear(count, ahead_s=0.0):
    for _ in range(count):
        skew.hear(format_datetime(clock.now() - timedelta(seconds=ahead_s), usegmt=True))


@pytest.mark.parametrize("ahead_s", [0, 30, -3600])
def test_the_median_of_some_answers_is_the_skew(ahead_s):
    hear(8, ahead_s)
    hear(3, 500_000)  # one platform's machine is off

    found = skew.of_platforms_ms()

    assert found is not None
    assert abs(found - ahead_s * 1000) < 1000


def test_few_or_unreadable_answers_say_nothing():
    hear(4)
    for odd in (None, "", "yesterday", "Mon, 99 Foo 2026 99:99:99 GMT", "x" * 9999, "Mon, 01 Jan 99999 00:00:00 GMT"):
        skew.hear(odd)
    assert skew.of_platforms_ms() is None


def test_a_clock_set_right_is_right_at_once(travel):
    travel(timedelta(seconds=100))
    for _ in range(8):
        skew.hear(format_datetime(clock.now() - timedelta(seconds=100), usegmt=True))
    found = skew.of_platforms_ms()
    assert found is not None
    assert abs(found - 100_000) < 1000

    travel(timedelta(seconds=-100))

    found = skew.of_platforms_ms()
    assert found is not None
    assert abs(found) < 1000
