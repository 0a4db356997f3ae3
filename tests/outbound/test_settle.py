"""Writing down what calls came to: the fence, the attempts, and what a target learns."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.core import clock
from app.core.db import begin_write
from app.core.exchange import Outcome
from app.outbound import targets
from app.outbound.claim import claim, open_targets
from app.outbound.fence import renew
from app.outbound.models import Breaker, Delivery, Status, Target, TargetState
from app.outbound.policy import PLATFORM
from app.outbound.results import How, Result
from app.outbound.settle import prepare, settle

LEASE = {"conversion": timedelta(seconds=30)}


@pytest.fixture
def pixel(make_pixel):
    return make_pixel("facebook")


@pytest.fixture
def take(ledger, pixel):
    """`take(count)` owes that many and leases them."""

    def take_now(count=1):
        if count:
            ledger.owe(pixel, count)
        with ledger.engine.connect() as connection:
            found = open_targets(connection)
        with begin_write(ledger.engine) as connection:
            takes = claim(connection, [(target, 1000) for target in found], clock.now(), LEASE)
        return [row for each in takes for row in each.rows]

    return take_now


@pytest.fixture
def write(ledger, pixel):
    """`write(outcome, row, …)` settles; every row came back from a call of its own."""

    def write_now(outcome, *rows, how=How.CALL, seen=None):
        at = clock.now()
        seen = seen or ledger.target(pixel).updated_at
        results = [
            Result(row, outcome, at + timedelta(milliseconds=n), 12, 200, "body", how=how, seen=seen)
            for n, row in enumerate(rows)
        ]
        with begin_write(ledger.engine) as connection:
            return settle(connection, prepare(results, lambda _: PLATFORM, clock.now(), jitter=lambda: 0.0))

    return write_now


def test_a_sent_one_is_done_with_its_attempt(ledger, take, write):
    (row,) = take()

    write(Outcome.sent("ok"), row)

    stored = ledger.delivery(row.id)
    assert (stored.status, stored.attempts, stored.outcome, stored.http_status) == (Status.DONE, 1, "sent", 200)
    assert (stored.lease_token, stored.response, stored.done_at is not None) == (None, "body", True)
    (attempt,) = ledger.attempts(row.id)
    assert (attempt.n, attempt.outcome, attempt.duration_ms, attempt.detail) == (1, "sent", 12, "ok")


def test_a_stale_result_changes_nothing_but_is_logged(ledger, take, write):
    (stale,) = take()
    ledger.change(Delivery, stale.id, next_at=clock.now())
    (fresh,) = take(0)

    assert write(Outcome.rejected("no"), stale) == []
    assert (ledger.delivery(stale.id).status, ledger.attempts()[0].detail) == (
        Status.LEASED,
        "no (came too late: the lease had ended)",
    )

    assert len(write(Outcome.sent(), fresh)) == 1


def test_a_stale_and_a_fresh_result_of_one_delivery_in_one_group(ledger, take, write):
    (stale,) = take()
    ledger.change(Delivery, stale.id, next_at=clock.now())
    (fresh,) = take(0)

    written = write(Outcome.sent("ok"), stale, fresh)

    assert [item.result.row.token for item in written] == [fresh.token]
    assert sorted(attempt.detail for attempt in ledger.attempts()) == ["ok", "ok (came too late: the lease had ended)"]


def test_what_was_cancelled_meanwhile_stays_cancelled(ledger, take, write):
    (row,) = take()
    ledger.change(Delivery, row.id, status=Status.CANCELLED, lease_token=None)

    assert write(Outcome.retry("Timeout"), row) == []
    assert ledger.delivery(row.id).status == Status.CANCELLED


def test_a_decision_without_a_call_is_no_attempt_and_teaches_nothing(ledger, pixel, take, write):
    (row,) = take()
    ledger.change(Target, pixel, failures=4)

    write(Outcome.rejected("Too old to be sent"), row, how=How.UNSENT)

    assert (ledger.delivery(row.id).status, ledger.attempts(), ledger.target(pixel).failures) == (Status.DEAD, [], 4)


@pytest.mark.parametrize("how", [How.CUT, How.UNBUILT])
def test_our_own_failures_do_not_count_against_the_target(ledger, pixel, take, write, how):
    write(Outcome.retry("x"), *take(6), how=how)

    assert (ledger.target(pixel).failures, ledger.target(pixel).breaker) == (0, Breaker.CLOSED)
    assert len(ledger.attempts()) == 6


def test_a_cut_call_is_due_at_once(ledger, take, write):
    (row,) = take()

    write(Outcome.retry("Cut by shutdown: it may have arrived"), row, how=How.CUT)

    stored = ledger.delivery(row.id)
    assert (stored.status, stored.attempts, ledger.until(stored.next_at) <= 0) == (Status.PENDING, 1, True)


def test_auth_pauses_the_target_with_the_reason_and_burns_no_attempt(ledger, pixel, take, write, caplog):
    rows = take(2)

    write(Outcome.auth("Session has expired"), *rows)

    target = ledger.target(pixel)
    assert (target.state, target.reason, target.reason_code) == (TargetState.PAUSED, "Session has expired", "auth")
    assert [(row.status, row.attempts) for row in ledger.deliveries()] == [(Status.PENDING, 0)] * 2
    warned = [record for record in caplog.records if record.message == "a target was paused"]
    assert [record.target_id for record in warned] == [str(pixel)]


def test_a_late_refusal_of_the_old_token_does_not_undo_the_new_one(ledger, pixel, take, write):
    rows, seen = take(1), ledger.target(pixel).updated_at
    with begin_write(ledger.engine) as connection:
        targets.resume(connection, pixel, "auth")  # what a new token does

    write(Outcome.auth("Session has expired"), *rows, seen=seen)

    assert ledger.target(pixel).state == TargetState.ACTIVE
    assert 0 < ledger.until(ledger.deliveries()[0].next_at) <= 1


def test_gone_cancels_and_pauses_the_target(ledger, pixel, take, write):
    (row,) = take()

    write(Outcome.gone("410"), row)

    assert ledger.delivery(row.id).status == Status.CANCELLED
    assert (ledger.target(pixel).state, ledger.target(pixel).reason_code) == (TargetState.PAUSED, "gone")


def test_throttled_slows_the_whole_target_by_what_was_asked(ledger, pixel, take, write):
    (row,) = take()

    write(Outcome.throttled("(#4)", 120), row)

    assert ledger.delivery(row.id).attempts == 0
    assert 118 < ledger.until(ledger.target(pixel).not_before) <= 120


def test_a_shorter_throttle_does_not_shorten_a_longer_one(ledger, pixel, take, write):
    one, two = take(2)

    write(Outcome.throttled("slow", 300), one)
    write(Outcome.throttled("slow", 1), two)

    assert ledger.until(ledger.target(pixel).not_before) > 290


def test_five_failed_calls_open_the_breaker_and_say_so_once(ledger, pixel, take, write, caplog):
    rows = take(7)

    write(Outcome.retry("Timeout"), *rows[:4])
    assert (ledger.target(pixel).breaker, ledger.target(pixel).failures) == (Breaker.CLOSED, 4)
    write(Outcome.retry("Timeout"), rows[4])
    write(Outcome.retry("Timeout"), *rows[5:])  # under way when it opened: they make it no longer

    target = ledger.target(pixel)
    assert (target.breaker, target.trips, target.last_error) == (Breaker.OPEN, 1, "Timeout")
    assert 3 < ledger.until(target.breaker_until) <= 5
    assert sum("breaker opened" in record.message for record in caplog.records) == 1


def test_a_batch_that_fails_is_one_failed_call(ledger, pixel, take):
    rows, at = take(8), clock.now()
    results = [Result(row, Outcome.retry("HTTP 500"), at, 12) for row in rows]

    with begin_write(ledger.engine) as connection:
        settle(connection, prepare(results, lambda _: PLATFORM, at))

    assert ledger.target(pixel).failures == 1


@pytest.mark.parametrize(
    ("outcome", "breaker", "trips"),
    [
        (Outcome.retry("Timeout"), Breaker.OPEN, 3),
        (Outcome.sent(), Breaker.CLOSED, 0),
        (Outcome.rejected("bad"), Breaker.CLOSED, 0),
        (Outcome.throttled("slow"), Breaker.CLOSED, 0),
    ],
    ids=["still broken", "sent", "refused", "throttled"],
)
def test_a_probe_decides(ledger, pixel, take, write, outcome, breaker, trips):
    (row,) = take()
    ledger.change(Target, pixel, breaker=Breaker.HALF_OPEN, trips=2, failures=9, breaker_until=clock.now())

    write(outcome, row)

    target = ledger.target(pixel)
    assert (target.breaker, target.trips) == (breaker, trips)
    if breaker == Breaker.OPEN:
        assert 18 < ledger.until(target.breaker_until) <= 20


def test_a_result_of_a_target_that_is_nowhere_is_written_all_the_same(ledger, pixel, take, write):
    (row,) = take()
    seen = ledger.target(pixel).updated_at
    with begin_write(ledger.engine) as connection:
        connection.execute(Target.__table__.delete().where(Target.id == pixel))

    assert len(write(Outcome.retry("Timeout"), row, seen=seen)) == 1


def test_renewing_lengthens_only_leases_that_are_ours(ledger, take):
    one, two = take(2)
    ledger.change(Delivery, two.id, lease_token="somebody else's")

    with begin_write(ledger.engine) as connection:
        renew(connection, [one, two], clock.now() + timedelta(minutes=5))

    assert [round(ledger.until(row.next_at), -1) for row in ledger.deliveries(one.id, two.id)] == [300, 30]
