"""The aids of these tests: the oracle sees what is wrong, and a fault point kills exactly one process."""

import subprocess
import sys
from uuid import uuid4

import pytest

from app.core import faults
from app.simulator.platforms import META
from tests.chaos.oracle import Sight, judge
from tests.chaos.product import ROOT
from tests.chaos.test_kill_points import OPEN_POINTS, WEB_POINTS, WORKER_POINTS

pytestmark = pytest.mark.chaos
ID = uuid4()


def sight(status="done", attempts=1, unsettled=0, arrivals=1, unanswered=0):
    return Sight("a", ID, status, attempts, unsettled, arrivals, None, unanswered)


@pytest.mark.parametrize(
    ("sights", "arrivals", "kills", "said"),
    [
        ([sight(status="cancelled")], {"a": 1}, [], "not delivered"),
        ([sight(arrivals=0)], {}, [], "never arrived"),
        ([sight(arrivals=2)], {"a": 2}, [], "arrived 2 times"),
        ([sight(attempts=2, unsettled=1)], {"a": 1}, [], "in hand at 0 kills"),
        ([sight(attempts=2, unsettled=1, arrivals=3)], {"a": 3}, [{ID}], "arrived 3 times"),
        ([sight(), sight()], {"a": 2}, [], "stored twice"),
        ([sight()], {"a": 1, "b": 1}, [], "1 arrivals of events that are not stored"),
        ([], {}, [], "acknowledged but is not stored"),
        ([sight(unanswered=1, arrivals=3)], {"a": 3}, [], "arrived 3 times"),
    ],
)
def test_the_oracle_names_every_broken_promise(sights, arrivals, kills, said):
    found = judge({"a": META}, sights, arrivals, kills)

    assert any(said in words for words in found.wrong)


def test_the_oracle_accepts_a_second_arrival_of_what_was_in_hand_at_a_kill():
    found = judge({"a": META}, [sight(attempts=2, unsettled=1, arrivals=2)], {"a": 2}, [{ID}])

    assert (found.lost, found.wrong, found.duplicates, found.max_per_event) == ([], [], 1, 2)


def test_the_oracle_counts_as_lost_what_was_acknowledged_and_never_arrived():
    assert judge({"a": META}, [sight("pending", arrivals=0)], {}, []).lost == ["a"]


def test_a_fault_point_kills_one_process_and_lets_the_next_one_pass(tmp_path):
    (tmp_path / "after_claim").touch()
    code = "from app.core import faults; faults.point('before_send'); faults.point('after_claim'); print('passed')"
    environ = {faults.VARIABLE: str(tmp_path)}

    ends = [subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environ, check=False) for _ in range(2)]

    assert [end.returncode for end in ends] == [faults.EXIT_CODE, 0]


def test_without_the_variable_a_fault_point_is_nothing(tmp_path):
    code = "from app.core import faults; raise SystemExit(faults.point is not faults._pass)"

    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, env={}, check=False).returncode == 0


@pytest.mark.parametrize("point", sorted({*WORKER_POINTS, *WEB_POINTS, *OPEN_POINTS}))
def test_every_point_of_the_cycle_has_one_place_in_the_product(point):
    call = f'faults.point("{point}")'

    assert sum(file.read_text("utf-8").count(call) for file in (ROOT / "app").rglob("*.py")) == 1
