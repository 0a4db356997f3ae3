"""What a benchmark gives back, how much of it is run, and what makes it void."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from bench.machine import Machine


class Unsound(Exception):
    """A benchmark that did not do the work it claims to have measured."""


@dataclass(frozen=True, slots=True)
class Scale:
    """How much is run. `requests` replaces `seconds` of load by a number of requests (for the smoke test). Of a pair,
    the second is measured against the first."""

    rounds: int = 5
    has_contests: bool = True  # whether the best of several set-ups of a reference is found out, or the first is taken
    seconds: float = 2.0
    requests: int | None = None
    peers: bool = True  # celery, dramatiq and pytracking too, when they are installed
    meta_events: int = 20_000
    kwai_events: int = 4_000
    peer_events: int = 1_200
    rq_events: int = 60
    rq_fork_events: int = 24
    paced_s: float = 10.0
    paced_per_s: int = 200
    days: int = 28  # that rows of filled tables are spread over
    read_opens: tuple[int, int] = (10_000, 1_000_000)
    reads: int = 7  # of each page in a round
    contacts: int = 1_000_000
    cards: int = 10_000
    held_opens: tuple[int, int] = (10_000, 100_000)
    held_deliveries: tuple[int, int] = (10_000, 100_000)
    import_rows: int = 100_000  # in all rounds


QUICK = Scale(
    rounds=1, has_contests=False, seconds=1.0, meta_events=5_000, kwai_events=1_500, peer_events=400, rq_events=24,
    rq_fork_events=8, paced_s=1.0, days=7, read_opens=(10_000, 100_000), contacts=50_000, cards=2_000,
    import_rows=20_000, held_opens=(4_000, 12_000), held_deliveries=(2_000, 6_000),
)  # fmt: skip
WHOLE_MEMORY = (10_000, 1_000_000)  # opens, as P14 has it; two minutes of load, so only when it is asked for


@dataclass(frozen=True, slots=True)
class Goal:
    """One line of the result. `passed` None: this machine could not tell. `goal` empty: a line for comparison."""

    key: str
    what: str
    ours: str
    reference: str
    ratio: str
    goal: str
    passed: bool | None
    notes: Sequence[str] = ()
    raw: dict[str, Any] = field(default_factory=dict)

    def told(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Bench:
    """What every benchmark is given: an empty folder on the measured disk, and how much to run."""

    folder: Path
    scale: Scale
    machine: Machine
    say: Callable[[str], None]


def check(holds: bool, otherwise: str) -> None:
    """A benchmark's check of its own work."""
    if not holds:
        raise Unsound(otherwise)


def median(values: Sequence[float]) -> float:
    return statistics.median(values) if values else 0.0


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest of the values that at least this share of them does not exceed; 0 of none."""
    return sorted(values)[max(0, math.ceil(len(values) * share) - 1)] if values else 0.0
