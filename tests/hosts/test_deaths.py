"""Hosts that die, are cut off and come back under load: nothing accepted is lost, and the log says it in words.

`make hosts` runs the long form (`HOSTS=long`), `make test` the short one.
"""

import time

import pytest

from tests.hosts.conftest import LONG
from tests.hosts.story import TAKEOVER_S, under_load

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(600 if LONG else 240)]


def in_short(run):
    """One of each dies, all within a few seconds."""
    time.sleep(1.5)
    web = run.kill_web(1)
    with run.leader_dies() as leading:
        run.kill_worker_host(leading)
        run.kill_valkey()
        run.terminate_connections()
        run.start_web(web)


def in_long(run):
    """Each in its turn, with time to see that the rest goes on; and what the short form leaves out."""
    first, second = run.site.webs
    pause = 5
    time.sleep(pause)
    web = run.kill_web(1)
    time.sleep(pause)
    run.start_web(web)
    with run.leader_dies() as leading:
        run.kill_worker_host(leading)
    time.sleep(pause)
    run.start_worker_host(leading)
    valkey = run.kill_valkey()
    time.sleep(pause)
    run.start_valkey(valkey)
    with run.leader_dies() as leading:
        run.kill_ticker(leading)
    run.start_worker_host(leading, "ticker")
    for _ in range(2):
        run.terminate_connections()
        time.sleep(1)
    with run.cut_off(first):
        time.sleep(8)
    time.sleep(pause)
    with run.cut_off(run.site.workers[1]):  # longer than a lease
        time.sleep(10)
    time.sleep(pause)
    valkeys = [run.kill_valkey(), run.site.valkeys.primary()]
    valkeys[1].kill()
    run.tell("the other Valkey is killed too: there is none")
    time.sleep(pause)
    for machine in valkeys:
        run.start_valkey(machine)
    time.sleep(pause)
    with run.cut_off(run.site.database.machine):
        time.sleep(6)
        run.kill_web(1)
        run.tell(f"opens in the spools: {run.spooled(first)} on {first.name}, {run.spooled(second)} on {second.name}")
        assert run.spooled(first)
        assert run.spooled(second)
    run.start_web(second)
    time.sleep(pause)


def test_hosts_die_and_nothing_is_lost(hosts, tell):
    with under_load(hosts, tell, seed=5) as run:
        (in_long if LONG else in_short)(run)
        run.apps.wait_for(150)

    found, opens = run.verdict()

    assert (found.lost, found.wrong) == ([], [])
    assert (opens.lost, opens.wrong, opens.unrecorded) == ([], [], 0)
    assert found.duplicates <= len(set().union(*run.in_hand))
    assert max(run.takeovers_s) <= TAKEOVER_S
    assert [machine.name for machine in hosts.machines if machine.ended()] == []
    assert 0 <= len(run.watch.reigns) - 1 - len(run.takeovers_s) <= run.cuts
