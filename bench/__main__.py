"""`python -m bench [names…] [--rounds N] [--quick] [--json FILE]`: one line per goal; exit code 1 when one fails."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from bench import arrival, delivery, intake
from bench.goals import QUICK, Bench, Goal, Scale, Unsound
from bench.load import has_wrk
from bench.machine import Machine, Others
from bench.processes import ROOT, pin

BENCHMARKS: dict[str, Callable[[Bench], list[Goal]]] = {
    "intake": intake.run,
    "delivery": delivery.run,
    "arrival": arrival.run,
}
VERDICTS = {True: "pass", False: "FAIL", None: "shown"}


def main(arguments: Sequence[str] | None = None) -> int:
    asked = _parse(arguments)
    scale = QUICK if asked.quick else Scale()
    if asked.rounds:
        scale = replace(scale, rounds=asked.rounds)
    pin(0, 1)
    data = ROOT / "instance"  # the disk that the product writes to
    data.mkdir(mode=0o700, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="bench-", dir=data))
    try:
        machine = Machine.look(folder, "sqlite://")
        print(machine, "· load from", "wrk" if has_wrk() else "our own client", flush=True)
        bench = Bench(folder, scale, machine, lambda text: print(f"  {text}", file=sys.stderr, flush=True))
        goals, sound = _measure(bench, asked.names or list(BENCHMARKS))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if asked.json:
        told = {"machine": machine.told(), "goals": [goal.told() for goal in goals]}
        asked.json.write_text(json.dumps(told, ensure_ascii=False, indent=2) + "\n", "utf-8")
    return 0 if sound and all(goal.passed is not False for goal in goals) else 1


def _measure(bench: Bench, names: Sequence[str]) -> tuple[list[Goal], bool]:
    goals: list[Goal] = []
    sound = True
    for name in names:
        others = Others()
        try:
            found = BENCHMARKS[name](bench)
        except Unsound as fault:
            print(f"{name}: void, {fault}", flush=True)
            sound = False
            continue
        for goal in found:
            print(line(goal), flush=True)
        if others.share is not None:
            print(f"      others used {others.share:.0%} of the machine meanwhile", flush=True)
        goals += found
    return goals, sound


def line(goal: Goal) -> str:
    """Name, ours, reference, ratio, goal, pass; the notes underneath."""
    parts = (goal.what, f"ours {goal.ours}", f"reference {goal.reference}", goal.ratio, f"goal {goal.goal}")
    return "\n".join(
        [f"{goal.key:<4}{' | '.join(parts)} | {VERDICTS[goal.passed]}", *(f"      {n}" for n in goal.notes)]
    )


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description="The goals of the product, as ratios.")
    parser.add_argument("names", nargs="*", choices=[*BENCHMARKS, []], help=f"any of: {', '.join(BENCHMARKS)}")
    parser.add_argument("--rounds", type=int, help="interleaved rounds (default 5)")
    parser.add_argument("--quick", action="store_true", help="one short round of everything")
    parser.add_argument("--json", type=Path, help="write machine, goals and raw figures here")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
