"""The benchmarks do the work that they measure: a few events each, and their own checks hold."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench import __main__ as bench
from bench.goals import Bench, Goal, Scale, Unsound

FEW = Scale(
    rounds=1, requests=20, meta_events=20, kwai_events=20, rq_events=5, rq_fork_events=2, paced_s=0.1, paced_per_s=200
)
GOALS = {
    "intake": ["P4", "P5"],
    "delivery": ["P6", "P6", "P6", "P7", "P7", "P7"],
    "arrival": ["P8", "P8", "P8", "P8"],
    "opens": ["P1", "P2", "P3"],
}


@pytest.mark.parametrize("name", sorted(bench.BENCHMARKS))
def test_a_benchmark_holds_its_own_check(name: str, tmp_path: Path) -> None:
    report = tmp_path / "report.json"

    assert bench.measure([name], FEW, tmp_path, report) in (0, 1)  # 20 events reach no goal, and need not

    told = json.loads(report.read_text())
    assert [goal["key"] for goal in told["goals"]] == GOALS[name]
    assert told["machine"]["fdatasync_p50_ms"] > 0
    assert told["void"] == {}


def test_a_benchmark_whose_check_fails_is_void(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def unsound(_: Bench) -> list[Goal]:
        raise Unsound("20 requests were answered and 19 rows stored")

    monkeypatch.setitem(bench.BENCHMARKS, "broken", unsound)

    assert bench.measure(["broken"], FEW, tmp_path, tmp_path / "report.json") == 1
    assert json.loads((tmp_path / "report.json").read_text())["void"] == {
        "broken": "20 requests were answered and 19 rows stored"
    }
