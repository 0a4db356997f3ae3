"""Two servers of one run compared: by their rates on a quiet machine, else by their processor time."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager

from bench.goals import Bench, Goal, median
from bench.load import fire, has_wrk
from bench.sides import Side

WARM_UP_S, WARM_UP_REQUESTS = 1.0, 60  # imports, caches, pools, every user agent
TRIALS = 2


def against(
    bench: Bench, key: str, what: str, ours: Side, other: Side, name: str, least: float | None, *, by_cpu: bool = False
) -> Goal:
    """How many times as much ours does as the other. `least` None: a line for comparison. `by_cpu`: the goal is one of
    processor time, whatever the machine."""
    rate, cpu = ratios(ours, other)
    decides = cpu if cpu and (by_cpu or prefers_cpu(bench)) else rate
    notes = [
        f"{rate:.1f}× by rate, {cpu:.1f}× by processor time; p99 {median(ours.p99_ms):.1f} ms against "
        f"{median(other.p99_ms):.1f} ms"
    ]
    if any(other.failed):
        notes.append(f"the reference failed {sum(other.failed):,} requests, which do not count as answered")
    return Goal(
        key, what, str(ours), f"{other}: {name}", f"{decides:.1f}×", "" if least is None else f"≥ {least:g}×",
        None if least is None else decides >= least, notes,
        {
            "rates": [ours.rates, other.rates], "cpu_us": [ours.cpu_us, other.cpu_us],
            "p99_ms": [ours.p99_ms, other.p99_ms],
        },
    )  # fmt: skip


def ratios(ours: Side, other: Side) -> tuple[float, float]:
    """By rate and by processor time, each the median over rounds of what one round says; 0 where it is not known."""
    rate = median([mine / theirs for mine, theirs in zip(ours.rates, other.rates, strict=True)])
    cpu = median([theirs / mine for mine, theirs in zip(ours.cpu_us, other.cpu_us, strict=True) if mine])
    return rate, cpu


def prefers_cpu(bench: Bench) -> bool:
    """Where others take the cores now and then, and where our own client, slower than a server, makes the load."""
    return bench.machine.is_shared or not has_wrk()


def tail(bench: Bench, key: str, what: str, ours: Side, other: Side, name: str) -> Goal:
    """Latency is what the clock says: on a shared machine, or with a client of ours, nobody can tell."""
    share = median([mine / theirs for mine, theirs in zip(ours.p99_ms, other.p99_ms, strict=True) if theirs])
    return Goal(
        key, f"{what}, p99 under {ours.connections} connections", f"{median(ours.p99_ms):.1f} ms",
        f"{median(other.p99_ms):.1f} ms: {name}", f"{share:.2f}", "≤ 1.0",
        share <= 1.0 if share <= 1.0 or not prefers_cpu(bench) else None, (),
        {"p99_ms": [ours.p99_ms, other.p99_ms]},
    )  # fmt: skip


def fastest(
    bench: Bench, stack: contextlib.ExitStack, candidates: Mapping[str, Callable[[], AbstractContextManager[Side]]]
) -> tuple[str, Side]:
    """Of one reference in several set-ups the one that does most, warmed up, so that nobody can say it was slowed; the
    others are stopped. Gives its name too."""
    if not bench.scale.has_contests:
        candidates = dict([next(iter(candidates.items()))])
    with contextlib.ExitStack() as trial:
        stacks = {name: trial.enter_context(contextlib.ExitStack()) for name in candidates}
        sides = {name: stacks[name].enter_context(start()) for name, start in candidates.items()}
        for side in sides.values():
            warm(bench, side)
        best = next(iter(sides))
        if len(sides) > 1:
            best = _winner(bench, sides)
        stack.enter_context(stacks[best].pop_all())
    side = sides[best]
    side.forget()
    return best, side


def _winner(bench: Bench, sides: Mapping[str, Side]) -> str:
    for _ in range(TRIALS):
        for side in sides.values():
            side.take(bench)
    bench.say("; ".join(f"{name}: {side}" for name, side in sides.items()))
    if prefers_cpu(bench) and all(median(side.cpu_us) for side in sides.values()):
        return min(sides, key=lambda name: median(sides[name].cpu_us))
    return max(sides, key=lambda name: median(sides[name].rates))


def warm(bench: Bench, side: Side) -> None:
    fire(side.shot, WARM_UP_S, WARM_UP_REQUESTS if bench.scale.requests else None, side.connections)
    time.sleep(0.2)
