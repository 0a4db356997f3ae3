"""What follows an attempt, as tables."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from app.core.exchange import Outcome
from app.outbound.models import Status
from app.outbound.policy import PLATFORM, Policy, breaker_s, next_step, throttle_s

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
POLICY = Policy(fast_s=(1.0, 5.0), first_s=10.0, cap_s=60.0, max_attempts=5)


def step(outcome: Outcome, attempts: int = 1, expires_in: float | None = None, jitter: float = 0.0):
    expires_at = None if expires_in is None else NOW + timedelta(seconds=expires_in)
    return next_step(POLICY, outcome, attempts, NOW, expires_at, jitter)


@pytest.mark.parametrize(
    ("attempts", "wait"), [(0, 1), (1, 1), (2, 5), (3, 10), (4, 20), (5, 40), (6, 60), (50, 60), (5000, 60)]
)
def test_waits_are_fast_at_first_and_then_double_up_to_a_cap(attempts, wait):
    assert POLICY.wait_s(attempts) == wait


def test_platforms_are_tried_for_longer_than_they_take_an_event():
    assert sum(PLATFORM.wait_s(number) for number in range(1, PLATFORM.max_attempts)) > 7 * 86_400


@pytest.mark.parametrize(
    ("outcome", "status", "attempts", "wait"),
    [
        (Outcome.sent(), Status.DONE, 1, 0),
        (Outcome.rejected("no"), Status.DEAD, 1, 0),
        (Outcome.gone("410"), Status.CANCELLED, 1, 0),
        (Outcome.auth("expired"), Status.PENDING, 0, 1),
        (Outcome.throttled("slow"), Status.PENDING, 0, 30),
        (Outcome.throttled("slow", 7), Status.PENDING, 0, 7),
        (Outcome.throttled("slow", 0), Status.PENDING, 0, 0.5),
        (Outcome.throttled("slow", 1e9), Status.PENDING, 0, 3600),
        (Outcome.retry("HTTP 500"), Status.PENDING, 1, 1),
        (Outcome.retry("HTTP 503", 9), Status.PENDING, 1, 9),
        (Outcome.retry("HTTP 503", 0.1), Status.PENDING, 1, 1),
        (Outcome.retry("HTTP 503", 1e9), Status.PENDING, 1, 3600),
    ],
    ids=lambda value: getattr(value, "verdict", None),
)
def test_each_outcome_leads_somewhere(outcome, status, attempts, wait):
    found = step(outcome)

    assert (found.status, found.attempts, (found.next_at - NOW).total_seconds()) == (status, attempts, wait)


def test_the_last_attempt_is_the_end_and_says_so():
    assert step(Outcome.retry("Timeout"), attempts=4).status == Status.PENDING
    dead = step(Outcome.retry("Timeout"), attempts=5)
    assert (dead.status, dead.detail) == (Status.DEAD, "Timeout (gave up after 5 attempts)")


@pytest.mark.parametrize(("expires_in", "status"), [(1.01, Status.PENDING), (1.0, Status.DEAD), (0.5, Status.DEAD)])
def test_a_try_that_would_come_too_late_is_not_waited_for(expires_in, status):
    assert step(Outcome.retry("Timeout"), expires_in=expires_in).status == status


def test_a_throttled_or_paused_delivery_is_never_dead_by_count():
    assert step(Outcome.throttled("slow"), attempts=500).status == Status.PENDING
    assert step(Outcome.auth("expired"), attempts=500).status == Status.PENDING


def test_jitter_adds_up_to_a_tenth():
    waits = [(step(Outcome.retry("x"), 3, jitter=jitter).next_at - NOW).total_seconds() for jitter in (0, 0.5, 0.999)]
    assert waits == pytest.approx([10, 10.5, 10.999])


@pytest.mark.parametrize(("trips", "wait"), [(1, 5), (2, 10), (3, 20), (7, 300), (1000, 300)])
def test_the_breaker_backs_off(trips, wait):
    assert breaker_s(trips) == wait


def test_a_throttle_without_a_time_has_one():
    assert throttle_s(Outcome.throttled("slow")) == 30
