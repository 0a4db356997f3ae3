"""`python -m bench [names…] [--rounds N] [--quick] [--json FILE]`: one line per goal; exit code 1 when one fails."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from bench import arrival, delivery, intake, opens
from bench.goals import QUICK, Bench, Goal, Scale, Unsound
from bench.load import has_wrk
from bench.machine import Machine, Others
from bench.processes import ROOT, DidNotStart, pin

BENCHMARKS: dict[str, Callable[[Bench], list[Goal]]] = {
    "intake": intake.run,
    "delivery": delivery.run,
    "arrival": arrival.run,
    "opens": opens.run,
}
VERDICTS = {True: "pass", False: "FAIL", None: "not judged"}


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description="The goals of the product, as ratios.")
    parser.add_argument("names", nargs="*", help=f"any of: {', '.join(BENCHMARKS)} (default: all)")
    parser.add_argument("--rounds", type=int, help="interleaved rounds (default 5)")
    parser.add_argument("--quick", action="store_true", help="one short round of everything")
    parser.add_argument("--json", type=Path, help="write machine, goals and raw figures here")
    asked = parser.parse_args(arguments)
    if unknown := sorted(set(asked.names) - set(BENCHMARKS)):
        parser.error(f"no benchmark is called {unknown[0]}: choose from {', '.join(BENCHMARKS)}")
    scale = QUICK if asked.quick else Scale()
    if asked.rounds is not None:
        scale = replace(scale, rounds=max(1, asked.rounds))
    data = ROOT / "instance"  # the disk that the product writes to
    data.mkdir(mode=0o700, exist_ok=True)
    return measure(asked.names or list(BENCHMARKS), scale, data, asked.json)


def measure(names: Sequence[str], scale: Scale, data: Path, report: Path | None = None) -> int:
    """Runs benchmarks in a new folder inside `data`, prints their lines and writes the report; 1 when a goal is missed
    or a benchmark found that it did not do its work."""
    goals: list[Goal] = []
    void: dict[str, str] = {}
    with _folder(data) as folder, _on_the_core_of_the_load():
        machine = Machine.look(folder, "sqlite://")
        print(machine, "· load from", "wrk" if has_wrk() else "our own client", flush=True)
        bench = Bench(folder, scale, machine, lambda text: print(f"  {text}", file=sys.stderr, flush=True))
        for name in names:
            try:
                goals += _one(name, bench)
            except (Unsound, DidNotStart) as fault:
                void[name] = str(fault)
                print(f"{name}: void, {fault}", flush=True)
    if report is not None:
        told = {"machine": machine.told(), "goals": [goal.told() for goal in goals], "void": void}
        report.write_text(json.dumps(told, ensure_ascii=False, indent=2) + "\n", "utf-8")
    return 1 if void or any(goal.passed is False for goal in goals) else 0


def _one(name: str, bench: Bench) -> list[Goal]:
    others = Others()
    goals = BENCHMARKS[name](bench)
    for goal in goals:
        print(line(goal), flush=True)
    if others.share is not None:
        print(f"      others used {others.share:.0%} of the machine meanwhile", flush=True)
    return goals


def line(goal: Goal) -> str:
    """Name, ours, reference, ratio, goal, pass; the notes underneath."""
    parts = [f"{goal.key} {goal.what}", f"ours {goal.ours}", f"reference {goal.reference}", goal.ratio]
    told = " | ".join([*parts, f"goal {goal.goal}", VERDICTS[goal.passed]])
    return "\n".join([told, *(f"      {note}" for note in goal.notes)])


@contextmanager
def _folder(data: Path) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="bench-", dir=data))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _on_the_core_of_the_load() -> Iterator[None]:
    """This process and the simulator stay off the core that is measured."""
    before = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else None
    pin(0, 1)
    try:
        yield
    finally:
        if before is not None:
            os.sched_setaffinity(0, before)


if __name__ == "__main__":
    sys.exit(main())
