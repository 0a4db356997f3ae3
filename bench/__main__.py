"""`python -m bench [names…] [--rounds N] [--quick] [--json FILE]`: one line per goal; exit code 1 when one fails.
`python -m bench curves`, `… profile` (each with `--help`) and `… table result.json` judge nothing."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from bench import (
    arrival,
    board,
    contact_import,
    contacts,
    curves,
    delivery,
    intake,
    memory,
    opens,
    pages,
    profile,
    reads,
    table,
)
from bench.goals import QUICK, WHOLE_MEMORY, Bench, Goal, Scale, Unsound
from bench.load import has_wrk
from bench.machine import Machine, Others
from bench.processes import ROOT, DidNotStart, pin

BENCHMARKS: dict[str, Callable[[Bench], list[Goal]]] = {
    "opens": opens.run,
    "intake": intake.run,
    "delivery": delivery.run,
    "arrival": arrival.run,
    "reads": reads.run,
    "contacts": contacts.run,
    "imports": contact_import.run,
    "board": board.run,
    "pages": pages.run,
    "memory": memory.run,
}
VERDICTS = {True: "pass", False: "FAIL", None: "not judged"}


def main(arguments: Sequence[str] | None = None) -> int:
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given[:1] == ["curves"]:
        return _apart(curves.main, given[1:])
    if given[:1] == ["profile"]:
        return _apart(profile.main, given[1:])
    if given[:1] == ["table"] and len(given) == 2:
        return table.main(given[1])
    asked = _asked(given)
    scale = QUICK if asked.quick else Scale()
    if asked.rounds is not None:
        scale = replace(scale, rounds=max(1, asked.rounds))
    if asked.names == ["memory"] and not asked.quick:
        scale = replace(scale, held_opens=WHOLE_MEMORY)
    return measure(asked.names or list(BENCHMARKS), scale, data_folder(), asked.json)


def _asked(given: list[str]) -> argparse.Namespace:
    names = ", ".join(BENCHMARKS)
    parser = argparse.ArgumentParser(prog="python -m bench", description="The goals of the product, as ratios.")
    parser.add_argument("names", nargs="*", help=f"any of: {names} (default: all); or curves, or profile")
    parser.add_argument("--rounds", type=int, help="interleaved rounds (default 5)")
    parser.add_argument("--quick", action="store_true", help="one short round of everything")
    parser.add_argument("--json", type=Path, help="write machine, goals and raw figures here")
    asked = parser.parse_args(given)
    if unknown := sorted(set(asked.names) - set(BENCHMARKS)):
        parser.error(f"no benchmark is called {unknown[0]}: choose from {names}")
    return asked


def data_folder() -> Path:
    """On the disk that the product writes to."""
    data = ROOT / "instance"
    data.mkdir(mode=0o700, exist_ok=True)
    return data


@dataclass(slots=True)
class Report:
    """What a run found, as it is written to a file."""

    machine: Machine
    goals: list[Goal] = field(default_factory=list)
    void: dict[str, str] = field(default_factory=dict)
    took_s: dict[str, float] = field(default_factory=dict)
    others_share: dict[str, float | None] = field(default_factory=dict)

    @property
    def failed(self) -> bool:
        return bool(self.void) or any(goal.passed is False for goal in self.goals)

    def write(self, file: Path) -> None:
        told = {
            "machine": self.machine.told(), "goals": [goal.told() for goal in self.goals], "void": self.void,
            "took_s": self.took_s, "others_share": self.others_share,
        }  # fmt: skip
        file.write_text(json.dumps(told, ensure_ascii=False, indent=2) + "\n", "utf-8")


def measure(names: Sequence[str], scale: Scale, data: Path, file: Path | None = None) -> int:
    """Runs benchmarks in a new folder inside `data`, prints their lines and writes the report; 1 when a goal is missed
    or a benchmark found that it did not do its work."""
    with on_the_core_of_the_load(data) as folder:
        machine = Machine.look(folder, "sqlite://")
        print(machine, "· load from", "wrk" if has_wrk() else "our own client", flush=True)
        bench = Bench(folder, scale, machine, say)
        report = Report(machine)
        for name in names:
            _one(name, bench, report)
    judged = [goal for goal in report.goals if goal.goal]
    passed = sum(goal.passed is True for goal in judged)
    print(f"{passed} of {len(judged)} goals met in {sum(report.took_s.values()):.0f} s", flush=True)
    if file is not None:
        report.write(file)
    return 1 if report.failed else 0


def _one(name: str, bench: Bench, report: Report) -> None:
    others, began = Others(), time.monotonic()
    try:
        goals = BENCHMARKS[name](bench)
    except (Unsound, DidNotStart) as fault:
        goals, report.void[name] = [], str(fault)
        print(f"{name}: void, {fault}", flush=True)
    report.goals += goals
    report.took_s[name] = took_s = round(time.monotonic() - began, 1)
    report.others_share[name] = share = others.share
    for goal in goals:
        print(line(goal), flush=True)
    meanwhile = "" if share is None else f"; others used {share:.0%} of the machine meanwhile"
    print(f"      {name} took {took_s:.0f} s{meanwhile}", flush=True)


def line(goal: Goal) -> str:
    """Name, ours, reference, ratio, goal, pass; the notes underneath."""
    parts = [f"{goal.key} {goal.what}", f"ours {goal.ours}", f"reference {goal.reference}", goal.ratio]
    verdict = [f"goal {goal.goal}", VERDICTS[goal.passed]] if goal.goal else ["for comparison"]
    return "\n".join([" | ".join([*parts, *verdict]), *(f"      {note}" for note in goal.notes)])


def say(text: str) -> None:
    print(f"  {text}", file=sys.stderr, flush=True)


def _apart(command: Callable[[Bench, list[str]], int], given: list[str]) -> int:
    """What measures without judging."""
    with on_the_core_of_the_load(data_folder()) as folder:
        machine = Machine.look(folder, "sqlite://")
        print(machine, flush=True)
        return command(Bench(folder, Scale(), machine, say), given)


@contextmanager
def on_the_core_of_the_load(data: Path) -> Iterator[Path]:
    """A new folder; meanwhile this process and the simulator stay off the core that is measured."""
    before = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else None
    pin(0, 1)
    folder = Path(tempfile.mkdtemp(prefix="bench-", dir=data))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        if before is not None:
            os.sched_setaffinity(0, before)


if __name__ == "__main__":
    sys.exit(main())
