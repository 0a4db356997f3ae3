"""Sending again and dropping: once each, whoever asks, and the figures stay true."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from app.core import clock
from app.core.db import begin_write
from app.core.ids import uuid7
from app.outbound import figures, repair, targets
from app.outbound.models import ErrorClass, Status
from app.work import retention
from tests.outbound.true_figures import counted, kept


@pytest.fixture
def pixel(make_pixel):
    return make_pixel("facebook")


@pytest.fixture
def dead(ledger, pixel):
    return ledger.owe(pixel, 3, status=Status.DEAD, error=ErrorClass.REFUSED, done_at=clock.now(), attempts=4)


@pytest.fixture
def repaired(ledger):
    """`repaired(verb, ids)`: what one transaction of it answers."""

    def run(verb, ids, account_id=None):
        account_id = account_id or ledger.deliveries(*ids)[0].account_id
        with begin_write(ledger.engine) as connection:
            return verb(connection, account_id, ids, clock.now())

    return run


def test_a_replayed_delivery_is_due_at_once_with_all_its_attempts_before_it(ledger, dead, repaired, drain):
    assert repaired(repair.replay, dead) == dead
    row = ledger.delivery(dead[0])
    assert (row.status, row.attempts, row.generation, row.done_at) == (Status.PENDING, 0, 1, None)
    assert row.replayed_at is not None
    drain()
    assert ledger.statuses() == {Status.DONE: 3}
    assert counted(ledger.engine) == kept(ledger.engine)


@pytest.mark.parametrize("status", [Status.PENDING, Status.LEASED, Status.DONE])
def test_what_is_open_or_done_is_not_sent_again(ledger, pixel, repaired, status):
    ids = ledger.owe(pixel, 1, status=status, done_at=clock.now())
    assert repaired(repair.replay, ids) == []
    assert ledger.delivery(ids[0]).generation == 0


def test_without_consent_nothing_is_ever_sent(ledger, pixel, repaired):
    ids = ledger.owe(pixel, 1, status=Status.CANCELLED, error=ErrorClass.CONSENT, done_at=clock.now())
    assert repaired(repair.replay, ids) == []


def test_nothing_is_sent_again_to_a_deleted_target(ledger, pixel, dead, repaired):
    with begin_write(ledger.engine) as connection:
        targets.delete(connection, pixel)
    assert repaired(repair.replay, dead) == []


def test_another_account_repairs_nothing(ledger, dead, repaired):
    for verb in (repair.replay, repair.cancel):
        assert repaired(verb, dead, uuid7()) == []
    assert ledger.statuses() == {Status.DEAD: 3}


def test_two_people_replay_the_same_at_once_and_each_is_opened_once(ledger, dead, repaired):
    answers = []
    threads = [threading.Thread(target=lambda: answers.append(repaired(repair.replay, dead))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(len, answers)) == [0, 0, 0, 3]
    assert {ledger.delivery(id).generation for id in dead} == {1}
    assert counted(ledger.engine) == kept(ledger.engine)


def test_cancelling_drops_what_waits_and_what_is_dead_but_nothing_in_hand(ledger, pixel, dead, repaired):
    waiting = ledger.owe(pixel, 1)
    in_hand = ledger.owe(pixel, 1, status=Status.LEASED, next_at=clock.now() + timedelta(seconds=30))
    left = ledger.owe(pixel, 1, status=Status.LEASED, next_at=clock.now() - timedelta(seconds=1))
    assert repaired(repair.cancel, [*dead, *waiting, *in_hand, *left]) == [*dead, *waiting, *left]
    row = ledger.delivery(waiting[0])
    assert (row.status, row.error) == (Status.CANCELLED, ErrorClass.BY_HAND)
    assert counted(ledger.engine) == kept(ledger.engine)


def test_more_than_a_part_is_refused(ledger, pixel, repaired):
    with pytest.raises(ValueError, match="at most"):
        repaired(repair.replay, [uuid7() for _ in range(repair.PART + 1)], uuid7())


def test_what_is_open_and_dead_now_is_told_by_target_and_error(ledger, pixel, dead):
    ledger.owe(pixel, 2)
    with ledger.engine.connect() as connection:
        now = figures.now_by_target(connection)[pixel]
    assert (now.open, now.dead) == (2, {ErrorClass.REFUSED: 3})
    assert now.due_at is not None


def test_a_deleted_target_takes_what_is_open_out_of_the_figures(ledger, pixel, drain):
    ledger.owe(pixel, 5, next_at=clock.now() + timedelta(hours=1))
    with begin_write(ledger.engine) as connection:
        targets.delete(connection, pixel)
    drain()
    assert ledger.statuses() == {Status.CANCELLED: 5}
    assert counted(ledger.engine) == kept(ledger.engine)


@pytest.mark.parametrize(
    ("delays", "seconds"),
    [((0,) * 16, None), ((20,) + (0,) * 15, 0.0475), ((0,) * 15 + (3,), 86_400.0), ((90, 10) + (0,) * 14, 0.075)],
)
def test_p95_is_read_between_the_bounds_of_its_bucket(delays, seconds):
    assert figures.percentile(delays, 0.95) == (None if seconds is None else pytest.approx(seconds))


def test_retention_takes_the_dead_it_removes_out_of_the_tally(app, ledger, pixel, travel):

    travel(timedelta(days=-400))
    ledger.owe(pixel, 1, status=Status.DEAD, error=ErrorClass.REFUSED, done_at=clock.now())
    travel(timedelta(days=400))
    retention.clean_up(app)
    assert ledger.deliveries() == []
    assert kept(ledger.engine)["tallies"] == {}
