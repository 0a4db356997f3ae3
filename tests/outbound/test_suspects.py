"""Rows that killed several workers, or may have: taken one at a time, and not for ever."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.core import clock
from app.core.db import begin_write
from app.outbound.claim import claim, open_targets
from app.outbound.models import Status
from app.outbound.suspects import APART, CLAIMS, MARKS, has_killed_enough, is_suspect

LEASE = {"conversion": timedelta(seconds=30)}
LONG = timedelta(minutes=1)


@pytest.fixture
def pixel(make_pixel):
    return make_pixel("kwai")


@pytest.fixture
def take(ledger):
    """Claims up to 50 rows of the one target, at a moment so much later."""

    def make(later=timedelta()):
        with begin_write(ledger.engine) as connection:
            (target,) = open_targets(connection)
            return claim(connection, [(target, 50)], clock.now() + later, LEASE)[0].rows

    return make


def test_rows_of_a_worker_that_died_are_claimed_together_at_first_and_then_one_by_one(ledger, pixel, take):
    ledger.owe(pixel, 4)
    for number in range(CLAIMS):
        rows = take(LONG * number)
        assert (len(rows), any(map(is_suspect, rows))) == (4, False)

    (first,) = take(LONG * CLAIMS)
    (second,) = take(LONG * CLAIMS + APART)

    assert is_suspect(first)
    assert is_suspect(second)
    assert first.id != second.id
    assert {row.status for row in ledger.deliveries()} == {Status.LEASED}
    assert sorted(row.attempts for row in ledger.deliveries()) == [CLAIMS, CLAIMS, CLAIMS + 1, CLAIMS + 1]


def test_fresh_rows_go_beside_a_suspect(ledger, pixel, take):
    (old,) = ledger.owe(pixel, status=Status.LEASED, attempts=CLAIMS)
    fresh = ledger.owe(pixel, 3, attempts=CLAIMS + 5)  # tried often, and answered each time

    rows = take()

    assert {row.id for row in rows} == {old, *fresh}
    assert [row.id for row in rows if is_suspect(row)] == [old]


def test_one_that_is_met_again_and_again_is_known_at_last(ledger, pixel, take):
    ledger.owe(pixel, status=Status.LEASED, attempts=CLAIMS)

    marks = [take(LONG * number)[0] for number in range(len(MARKS) + 1)]

    assert [row.token[:2] for row in marks[: len(MARKS)]] == list(MARKS)
    assert [has_killed_enough(row) for row in marks[: len(MARKS)]] == [False] * (len(MARKS) - 1) + [True]


def test_who_killed_enough_is_dead_without_a_call(ledger, pixel, drain, simulator):
    (id_,) = ledger.owe(pixel, status=Status.LEASED, attempts=CLAIMS + 2, lease_token=f"{MARKS[-2]}{'0' * 32}")

    drain()

    assert ledger.delivery(id_).status == Status.DEAD
    assert "every worker that sent it died" in ledger.delivery(id_).detail
    assert simulator.received() == []


def test_suspects_that_are_innocent_are_all_delivered(ledger, pixel, start_drain, simulator, wait_for):
    ledger.owe(pixel, 3, status=Status.LEASED, attempts=CLAIMS)

    start_drain()

    wait_for(lambda: ledger.statuses() == {Status.DONE: 3}, 10)
    assert set(simulator.arrivals.values()) == {1}
