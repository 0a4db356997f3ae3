"""The benchmarks do the work that they measure: a few events each, and their own checks hold."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from bench import __main__ as bench
from bench.drawing import Line, Panel, svg, words
from bench.goals import Bench, Goal, Scale, Unsound

FEW = Scale(
    rounds=1, has_contests=False, requests=20, peers=False, meta_events=20, kwai_events=20, rq_events=5,
    rq_fork_events=2, paced_s=0.1, paced_per_s=200, days=1, read_opens=(100, 200), reads=1, contacts=200, cards=600,
    import_rows=200, held_opens=(20, 40), held_deliveries=(20, 40),
)  # fmt: skip
LONG = {"arrival": pytest.mark.long, "memory": pytest.mark.long}  # by `make bench` itself, and by hand
GOALS = {
    "opens": ["P1", "P2", "P2", "P2", "P3"],
    "intake": ["P4", "P4", "P5"],
    "delivery": ["P6", "P6", "P6", "P6", "P7", "P7", "P7"],
    "arrival": ["P8", "P8", "P8", "P8"],
    "reads": ["P9", "P9", "P9", "P9", "P9"],
    "contacts": ["P10"] * 10,
    "imports": ["P11"],
    "board": ["P12"] * 4,
    "pages": ["P13", "P13"],
    "memory": ["P14", "P14"],
}


@pytest.mark.parametrize("name", [pytest.param(name, marks=LONG.get(name, ())) for name in sorted(bench.BENCHMARKS)])
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


def test_a_picture_of_figures_is_also_words_and_escapes_what_it_shows() -> None:
    panels = [
        Panel("µs", "rows", ["10,000", "1,000,000"], [Line("an open <b>", [71.5, 72]), Line("an event", [99, 0])])
    ]

    drawn = svg("Cost & size", words(panels), "2 cores", panels)

    root = ElementTree.fromstring(drawn)  # noqa: S314  # our own
    assert [child.text for child in root][:2] == [
        "Cost & size",
        "an open <b>, µs: 71.5 at 10,000, 72 at 1,000,000. an event, µs: 99 at 10,000, 0 at 1,000,000.",
    ]
    assert drawn.count("<polyline") == 2
