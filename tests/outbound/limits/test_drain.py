"""Limited targets in the drain: what is sent, what waits, and what becomes of calls that were not made."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from app.core import clock
from app.core.runtime import runtime
from app.outbound.drain import Drain
from app.outbound.limits.models import TargetWindow
from app.outbound.models import Status, Target, TargetState

SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
MINUTE = timedelta(seconds=60)


def test_what_a_window_allows_goes_out_and_the_rest_waits_for_its_end(ledger, limited, drain, simulator, used):
    pixel = limited(per_minute=3, per_hour=100)
    ledger.owe(pixel, 5)

    drain()

    assert (len(simulator.received()), used(pixel)) == (3, {60: 3, 3600: 3})
    assert [(row.status, row.attempts) for row in ledger.deliveries()] == [(Status.DONE, 1)] * 3 + [
        (Status.PENDING, 0)
    ] * 2
    assert 55 < ledger.until(ledger.target(pixel).limited_until) <= 60


def test_the_next_window_lets_the_next_ones_go(ledger, limited, drain, simulator, used, travel):
    pixel = limited(per_minute=2, per_day=3)
    ids = ledger.owe(pixel, 5)
    drain()

    travel(MINUTE)
    drain()

    assert used(pixel) == {60: 1, 86_400: 3}
    assert ledger.statuses() == {Status.DONE: 3, Status.PENDING: 2}
    assert 86_300 < ledger.until(ledger.target(pixel).limited_until) < 86_400  # the day's, not the minute's
    assert {row.attempts for row in ledger.deliveries(*ids[3:])} == {0}


@SQLITE
def test_a_batch_is_one_call(ledger, limited, drain, simulator, used):
    pixel = limited("facebook", per_minute=2)
    for _ in range(5):
        ledger.owe(pixel, 500)

    drain()

    assert used(pixel) == {60: 2}
    assert ledger.statuses() == {Status.DONE: 2000, Status.PENDING: 500}


@SQLITE
def test_other_targets_go_on_at_full_speed(ledger, limited, make_pixel, drain, simulator):
    slow = limited(per_minute=1)
    fast = make_pixel("kwai", "999")
    ledger.owe(slow, 300)
    ledger.owe(fast, 300)

    drain()

    done = Counter(row.target_id for row in ledger.deliveries() if row.status == Status.DONE)
    assert done == {slow: 1, fast: 300}


@SQLITE
def test_a_bad_event_is_found_with_fewer_calls_than_it_takes_to_search_a_batch(
    ledger, limited, drain, simulator, used, travel
):
    """Two calls a minute do not reach to find one among sixteen: what is left of a batch goes back each time, and the
    next one is smaller."""
    pixel = limited("facebook", per_minute=2)
    good = ledger.owe(pixel, 11)
    (bad,) = ledger.owe(pixel, event={"event_id": "poison"})
    good += ledger.owe(pixel, 4)

    for _ in range(8):
        drain()
        assert used(pixel)[60] <= 2
        travel(MINUTE)

    assert {(row.status, row.attempts) for row in ledger.deliveries(*good)} == {(Status.DONE, 1)}
    assert (ledger.delivery(bad).status, max(simulator.arrivals.values())) == (Status.DEAD, 1)


@SQLITE
def test_what_cannot_be_sent_costs_no_call(ledger, limited, drain, simulator, used):
    pixel = limited(per_minute=5)
    ledger.owe(pixel, 2, expires_at=clock.now() - timedelta(seconds=1))
    ledger.owe(pixel, 1)

    drain()

    assert (len(simulator.received()), used(pixel)) == (1, {60: 1})
    assert ledger.target(pixel).limited_until is None


@SQLITE
def test_a_stop_gives_back_what_has_not_started(app, ledger, limited, simulator, used, wait_for):
    simulator.behave(latency_ms=300)
    pixel = limited(per_minute=150)
    ledger.owe(pixel, 150)
    engine = Drain(runtime(app), "stopped")
    thread = threading.Thread(target=engine.run, args=(None,), daemon=True)
    thread.start()
    wait_for(lambda: simulator.received())
    engine.stop()
    thread.join(2)
    engine.close(grace_s=2)

    sent = len(simulator.received(limit=200))
    assert 0 < sent < 150
    assert used(pixel) == {60: sent}
    assert ledger.statuses() == {Status.DONE: sent, Status.PENDING: 150 - sent}


@SQLITE
def test_limits_set_while_calls_wait_hold_them_back(app, ledger, make_pixel, limit, simulator, used, wait_for):
    simulator.behave(latency_ms=400)
    pixel = make_pixel("kwai")
    ledger.owe(pixel, 400)
    engine = Drain(runtime(app), "surprised")
    thread = threading.Thread(target=engine.run, args=(None,), daemon=True)
    thread.start()
    wait_for(lambda: simulator.received())
    limit(pixel, per_minute=2)
    wait_for(lambda: ledger.target(pixel).limited_until is not None)
    wait_for(lambda: engine.is_idle)
    engine.stop()
    thread.join(2)
    engine.close(grace_s=1)

    assert used(pixel) == {60: 2}
    assert {row.attempts for row in ledger.deliveries() if row.status == Status.PENDING} == {0}
    assert len(simulator.arrivals) < 400


def test_a_raised_limit_frees_what_waits_at_once(ledger, limited, limit, start_drain, simulator, wait_for):
    pixel = limited(per_day=1)
    ledger.owe(pixel, 3)
    start_drain()
    wait_for(lambda: ledger.target(pixel).limited_until is not None)

    limit(pixel, per_day=3)

    wait_for(lambda: ledger.statuses() == {Status.DONE: 3}, seconds=2)


@SQLITE
def test_a_lowered_limit_may_be_used_up_already(ledger, limited, limit, drain, simulator, used):
    pixel = limited(per_hour=10)
    ledger.owe(pixel, 5)
    drain()

    limit(pixel, per_hour=3)
    ledger.owe(pixel, 1)
    drain()

    assert used(pixel) == {3600: 5}
    assert ledger.statuses() == {Status.DONE: 5, Status.PENDING: 1}
    limit(pixel)
    drain()
    assert (ledger.statuses(), used(pixel)) == ({Status.DONE: 6}, {})


def test_a_clock_that_steps_back_costs_at_most_one_window(ledger, limited, drain, simulator, used, travel):
    pixel = limited(per_minute=2)
    ledger.owe(pixel, 3)
    drain()
    travel(timedelta(days=-1))
    ledger.hurry()

    drain()
    assert ledger.statuses() == {Status.DONE: 2, Status.PENDING: 1}
    assert 55 < ledger.until(ledger.target(pixel).limited_until) <= 60
    travel(MINUTE)
    drain()

    assert ledger.statuses() == {Status.DONE: 3}


@SQLITE
def test_a_probe_of_a_broken_target_is_counted_too(ledger, limited, drain, simulator, used):
    pixel = limited(per_minute=1)
    ledger.change(Target, pixel, breaker="open", breaker_until=clock.now(), failures=5, trips=1)
    ledger.owe(pixel, 2)

    drain()

    assert used(pixel) == {60: 1}
    assert (ledger.target(pixel).breaker, ledger.statuses()) == ("closed", {Status.DONE: 1, Status.PENDING: 1})


@SQLITE
def test_a_deleted_target_is_cancelled_whatever_its_limit(ledger, limited, drain, used):
    pixel = limited(per_day=1)
    ledger.owe(pixel, 3)
    drain()

    ledger.change(Target, pixel, state=TargetState.DELETED)
    drain()

    assert ledger.statuses() == {Status.DONE: 1, Status.CANCELLED: 2}


@pytest.mark.paired
def test_two_drains_keep_a_cap_of_twenty_a_second_and_lose_no_time(ledger, limited, start_drain, simulator, wait_for):
    """F14: never more than the cap in a window, no window left out or begun late, no attempt burnt."""
    cap, number = 20, 40
    pixel = limited(per_second=cap)
    ids = ledger.owe(pixel, number)
    begun: set[datetime] = set()

    def is_done() -> bool:
        with ledger.engine.connect() as connection:
            begun.add(connection.scalar(select(TargetWindow.started_at).where(TargetWindow.target_id == pixel)))
        return ledger.statuses() == {Status.DONE: number}

    start_drain("one")
    start_drain("two")
    wait_for(is_done, seconds=15)

    starts = sorted(attempt.started_at for attempt in ledger.attempts())
    windows = Counter(max((at for at in begun if at <= start), default=None) for start in starts)
    assert max(windows.values()) <= cap
    assert (starts[-1] - starts[0]).total_seconds() < number / cap - 1 + 0.3  # 15 % of a longer run
    assert {row.attempts for row in ledger.deliveries(*ids)} == {1}
