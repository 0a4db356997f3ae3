"""`worker.py deliver 1` as a process, with Valkey there, dying, wiped, frozen and absent."""

from __future__ import annotations

import signal
import time

import pytest

from app.core.heartbeat import last_seen
from app.outbound.models import Status

sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # what is tested is not in the database


@pytest.fixture
def kwai(make_pixel):
    return make_pixel("kwai")


@pytest.fixture
def deliver(ledger, kwai, simulator, wait_for):
    """`deliver()` owes one event and gives the seconds until the platform had it."""

    def deliver_one(seconds=10.0):
        before = simulator.arrivals.total()
        ledger.owe(kwai)
        return wait_for(lambda: simulator.arrivals.total() > before, seconds)

    return deliver_one


def beating(ledger):
    with ledger.engine.connect() as connection:
        return set(last_seen(connection))


def test_it_delivers_says_that_it_lives_and_stops_within_a_second(start, ledger, deliver, wait_for):
    worker = start("deliver", "1")
    deliver(20)
    wait_for(lambda: beating(ledger) == {"deliver"})
    wait_for(lambda: ledger.statuses() == {Status.DONE: 1})

    assert worker.stop() < 1.5

    assert beating(ledger) == set()


def test_a_stop_lets_a_slow_call_finish(start, ledger, kwai, simulator, wait_for):
    simulator.behave(latency_ms=700)
    (id,) = ledger.owe(kwai)
    worker = start("deliver", "1")
    wait_for(simulator.received, 20)

    worker.stop()

    assert (ledger.delivery(id).status, ledger.delivery(id).attempts) == (Status.DONE, 1)


@sqlite
def test_valkey_may_die_come_back_and_be_wiped(start, deliver, valkey, simulator):
    worker = start("deliver", "1")
    deliver(20)

    valkey.kill()
    assert deliver() < 3
    assert deliver() < 1
    valkey.start()
    assert deliver() < 3
    valkey.wipe()
    assert deliver() < 3
    valkey.kill()
    valkey.start()
    assert deliver() < 3

    assert worker.stop() < 2
    assert set(simulator.arrivals.values()) == {1}


@sqlite
def test_a_frozen_valkey_holds_nothing_up(start, deliver, valkey):
    worker = start("deliver", "1")
    deliver(20)

    valkey.signal(signal.SIGSTOP)
    assert deliver() < 3
    time.sleep(1.7)  # by now the bell has noticed
    assert deliver() < 1
    valkey.signal(signal.SIGCONT)
    assert deliver() < 3

    worker.stop()


@sqlite
def test_it_starts_without_valkey(start, deliver, valkey):
    valkey.kill()
    worker = start("deliver", "1")

    deliver(20)
    assert deliver() < 1

    assert worker.stop() < 1.5


def test_what_a_killed_worker_had_in_hand_comes_back_after_its_lease(start, ledger, kwai, simulator, wait_for):
    simulator.behave(kind="hang", times=1)
    (id,) = ledger.owe(kwai)
    first = start("deliver", "1")
    wait_for(simulator.received, 20)
    first.kill()
    assert 0 < ledger.until(ledger.delivery(id).next_at) <= 3  # three times OUTBOUND_TIMEOUT

    start("deliver", "1")

    wait_for(lambda: ledger.delivery(id).status == Status.DONE, 20)
    assert ledger.delivery(id).attempts == 2


def test_two_workers_share_the_work_without_sending_twice(start, ledger, make_pixel, simulator, wait_for):
    pixel = make_pixel("facebook")
    start("deliver", "1")
    start("deliver", "2")

    for _ in range(6):
        ledger.owe(pixel, 300)
        time.sleep(0.3)

    wait_for(lambda: ledger.statuses() == {Status.DONE: 1800}, 30)
    assert set(simulator.arrivals.values()) == {1}


@sqlite
def test_a_wrong_command_says_how(start):
    worker = start("deliver", "many")

    assert worker.popen.wait(20) == 64
