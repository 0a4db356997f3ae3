"""Each fault of the table by itself, for as long as it takes: the long run.

`make chaos`, or `CHAOS_SECONDS=60 CHAOS_SEEDS=1,2,3 make chaos`, or one of them: `make chaos ARGS='-k "F4 and seed1"'`.
"""

import random

import pytest

from tests.chaos.conftest import SECONDS, SEEDS
from tests.chaos.faults.table import FAULTS

CASES = [
    pytest.param(database, fault, id=f"{database}-{fault.name}") for fault in FAULTS for database in fault.databases
]
pytestmark = [pytest.mark.chaos, pytest.mark.long, pytest.mark.timeout(400 + int(SECONDS) * 2)]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("database", "fault"), CASES)
def test_a_fault_loses_nothing_and_explains_every_duplicate(new_world, tell, database, fault, seed):
    with new_world(database, through=fault.through, **fault.settings) as world:
        chance = random.Random(seed)

        report, found = world.run(fault.name, seed, fault.seconds, lambda until: fault.act(world, chance, until))

        tell(report)
        assert (found.lost, found.wrong) == ([], [])
        assert found.duplicates == 0 or fault.may_double
        assert found.opens.unrecorded == 0
        assert report.kills
        assert world.end_in_order() == "ok"
