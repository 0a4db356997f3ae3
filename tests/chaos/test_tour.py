"""A short tour through every cheap fault, one after the other in one world: the seed of each day. Long: test_faults."""

import random

import pytest

from tests.chaos.faults.tour import POSTGRESQL_TOUR, SQLITE_TOUR, travel
from tests.chaos.harness import ENOUGH

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(400)]
SEED = 1


@pytest.mark.parametrize(
    ("database", "tour", "through"),
    [
        ("sqlite", SQLITE_TOUR, ("clients", "platforms")),  # one machine, with its own Valkey
        ("postgresql", POSTGRESQL_TOUR, ("clients", "platforms", "valkey", "postgresql")),  # all on hosts of their own
    ],
    ids=["sqlite", "postgresql"],
)
def test_a_tour_through_every_fault_loses_nothing(new_world, tell, database, tour, through):
    with new_world(database, through=through, WORKERS=2) as world:
        seconds = sum(stop.seconds for stop in tour)

        report, found = world.run("tour", SEED, seconds, lambda _until: travel(world, random.Random(SEED), tour))

        tell("\n".join([str(report), *world.stage_lines()]))
        assert (found.lost, found.wrong) == ([], [])
        assert found.opens.unrecorded == 0
        assert found.accepted >= ENOUGH
        assert world.end_in_order() == "ok"
