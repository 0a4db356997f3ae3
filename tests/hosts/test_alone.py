"""What goes on when a part is away: Valkey, one worker host, or a host that vanishes with locks in its hands."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager, suppress

import pytest
import redis

from app.core.queue import connect
from tests.hosts.asking import change_across, dot, make_client, post, seconds_until_known
from tests.hosts.machine import wait_until

pytestmark = [pytest.mark.long, pytest.mark.timeout(240)]
HOLD = """
import time
from app import create_app
from app.core.config_version import bump
from app.core.db import begin_write
from app.core.runtime import runtime
with begin_write(runtime(create_app()).engine) as connection:
    bump(connection)
    print("holds", flush=True)
    time.sleep(120)
"""


@contextmanager
def without_valkey(hosts):
    """Both and all Sentinels are gone; afterwards one is primary again."""
    places = [*hosts.valkeys.machines, hosts.edge]
    for machine in places:
        machine.kill("valkey", "sentinel")
    yield
    for machine in places:
        hosts.valkeys.start_sentinel(machine)
    for machine in hosts.valkeys.machines:
        hosts.valkeys.start(machine)
    wait_until(lambda: pushes(hosts), "a Valkey takes what is written")


def pushes(hosts):
    with suppress(redis.RedisError), connect(hosts.valkeys.url) as client:
        return client.set("hosts-test", 1)
    return False


def test_without_valkey_a_change_on_one_web_holds_on_the_other_at_the_next_request(hosts, admin):
    with without_valkey(hosts):
        before, after = change_across(hosts, admin)
        took = seconds_until_known(hosts, admin)

    assert before == [202, dot(1)]
    assert after == [dot(2), 400, 401]
    assert took < 2


def test_without_valkey_a_clients_limit_holds_nobody_up_and_passwords_are_counted_by_each_web(hosts, admin):
    token = make_client(hosts, admin, perMinute=5)["token"]
    wrong = {"email": f"nobody-{time.time_ns()}@example.com", "password": "not the one"}
    with without_valkey(hosts):
        events = [post(hosts, hosts.webs[turn % 2], token) for turn in range(8)]
        guesses = [hosts.ask(hosts.webs[0], "POST", "/api/auth/login", wrong)[0] for turn in range(11)]
        there = hosts.ask(hosts.webs[1], "POST", "/api/auth/login", wrong)[0]

    assert (events, guesses, there) == ([202] * 8, [401] * 10 + [429], 401)


def test_a_verdict_comes_back_from_the_other_host_by_pubsub(hosts):
    """Each worker host alone, for a request on each web: sooner than the sweep that would look in the database."""
    took = []
    for worker in hosts.workers:
        worker.stop("deliver")
        for web in hosts.webs:
            started = time.monotonic()
            assert post(hosts, web, waits=True) == 200
            took.append(time.monotonic() - started)
        hosts.start_worker(worker, "deliver")
        hosts.wait_for_workers()

    assert sorted(took)[1] < 1.0  # two of four at least, also where somebody else has the processors


def test_a_host_that_is_cut_off_with_locks_in_its_hands_holds_the_others_up_for_seconds_only(hosts, admin):
    """PostgreSQL alone would keep them for two hours, until TCP finds the host gone."""
    worker = hosts.workers[1]
    worker.start("holder", sys.executable, "-c", HOLD, environ=hosts.own(worker))
    wait_until(lambda: "holds" in worker.output_of("holder").read_text(), "it holds the configuration")
    worker.cut()
    started = time.monotonic()
    try:
        make_client(hosts, admin)  # moves the configuration too
        took = time.monotonic() - started
    finally:
        worker.mend()
        worker.kill("holder")

    assert 1 < took < 9
