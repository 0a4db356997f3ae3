"""`python -m bench table result.json`: what `--json` wrote, as the table of docs/performance.md."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

HEAD = ("goal", "what", "ours", "reference", "ratio", "wanted", "met")
VERDICTS = {True: "yes", False: "**no**", None: "not judged"}


def main(file: str) -> int:
    told = json.loads(Path(file).read_text("utf-8"))
    machine = told["machine"]
    print(
        f"{machine['cores']} cores, {machine['python']}, {machine['database']}, fdatasync p50 "
        f"{machine['fdatasync_p50_ms']:.3f} ms, load {machine['load']:.1f} at the start; judged by "
        f"{'processor time' if machine['is_shared'] else 'the rate'}; "
        f"{sum(told['took_s'].values()):.0f} s in all.\n"
    )
    for row in [HEAD, ("---",) * len(HEAD), *map(_row, told["goals"])]:
        print(f"| {' | '.join(row)} |")
    for name, fault in told["void"].items():
        print(f"\n{name} is void: {fault}")
    return 0


def _row(goal: dict[str, Any]) -> tuple[str, ...]:
    wanted, met = (goal["goal"], VERDICTS[goal["passed"]]) if goal["goal"] else ("", "for comparison")
    cells = (goal["key"], goal["what"], goal["ours"], goal["reference"], goal["ratio"], wanted, met)
    return tuple(str(cell).replace("|", "\\|") for cell in cells)
