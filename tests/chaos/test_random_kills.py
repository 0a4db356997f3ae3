"""Processes killed at random under load: nothing acknowledged is lost, and every duplicate is explained.

`CHAOS_SECONDS=60 CHAOS_SEEDS=1,2,3 make chaos` makes it long.
"""

import time

import pytest

from tests.chaos.conftest import SECONDS, SEEDS
from tests.chaos.harness import ENOUGH, Killer, pauses
from tests.chaos.product import LEASE_S

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(300 + int(SECONDS) * 2)]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_random_kills_lose_nothing(new_world, tell, database, seed):
    with new_world(database, WORKERS=2) as world:
        world.simulator.behave(kind="error", probability=0.02, seed=seed)

        report, found = world.run("random kills", seed, SECONDS, Killer(world, seed))

        tell(report)
        assert (found.lost, found.wrong) == ([], [])
        assert found.duplicates <= report.in_hand_at_kills
        assert found.accepted >= ENOUGH
        assert len(report.kills) >= 4
        assert world.end_in_order() == "ok"


def test_valkey_killed_and_wiped_again_and_again_costs_nothing(new_world, tell):
    def wipe(until):
        for _ in pauses(until, lambda: 1.5):
            world.wipe_valkey()

    with new_world("sqlite") as world:
        report, found = world.run("valkey wiped at each kill", 7, 8, wipe)

        tell(report)
        assert (found.lost, found.wrong, found.duplicates) == ([], [], 0)
        assert report.kills["valkey (wiped)"] >= 2
        assert report.settle_s < LEASE_S / 2  # nobody had to wait for a lease


def test_after_the_death_of_the_supervisor_a_new_start_goes_on(new_world, tell):
    def kill_everything_once(until):
        time.sleep(2)
        world.strike_supervisor()
        time.sleep(max(1.0, until - time.monotonic()))

    with new_world("sqlite") as world:
        report, found = world.run("supervisor killed", 3, 6, kill_everything_once)

        tell(report)
        assert (found.lost, found.wrong) == ([], [])
        assert found.duplicates <= report.in_hand_at_kills
        assert world.end_in_order() == "ok"
