"""P14: the memory of the web process after many opens, and of the worker after many deliveries, against few."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict

from app.core.runtime import runtime
from app.opens.rules.describe import describe_new
from app.simulator import spawn
from bench.drains import check_settled, is_anything_open, preload, wait
from bench.goals import WHOLE_MEMORY, Bench, Goal, check
from bench.load import Answered, fire
from bench.opens import opens
from bench.pictures import shot, upload
from bench.processes import Memory, running
from bench.stand import KWAI_EVENT, META_EVENT, stand

MOST = 1.1
SLICE_S = 5.0
GIVES_UP_S = 600.0
REST_S = 1.0
KWAI_SHARE = 10  # one delivery in ten is a call of its own
PART = 5_000  # deliveries due at a time


def run(bench: Bench) -> list[Goal]:
    return [_web(bench), _worker(bench)]


def _web(bench: Bench) -> Goal:
    few, many = bench.scale.held_opens
    loads: list[Answered] = []
    with stand(bench.folder) as product:
        upload(product)
        with product.web() as (web, port):
            _open_until(bench, port, loads, few)
            describe_new(runtime(product.app).engine)
            before = _at_rest(bench, web.memory)
            _open_until(bench, port, loads, many)
            after = _at_rest(bench, web.memory)
            stored = opens(product)
    answered, in_flight = (sum(getattr(load, each) for load in loads) for each in ("answered", "in_flight"))
    check(answered <= stored <= answered + in_flight, f"{answered} requests were answered and {stored} opens stored")
    notes = []
    if many < WHOLE_MEMORY[1]:
        notes = [f"P14 asks for {WHOLE_MEMORY[1]:,} requests: `make bench ARGS=memory` runs all of them"]
    return _goal("web process, opens", few, answered, before, after, notes)


def _open_until(bench: Bench, port: int, loads: list[Answered], count: int) -> None:
    """Slices of load until at least so many opens are answered in all."""
    deadline = time.monotonic() + GIVES_UP_S
    while (answered := sum(load.answered for load in loads)) < count:
        check(time.monotonic() < deadline, f"only {answered} opens were answered within {GIVES_UP_S:.0f} s")
        left = count - answered
        load = fire(shot(port), SLICE_S if left > 50_000 else 1.0, left if bench.scale.requests else None)
        check(load.refused == 0 and load.lost == 0, f"refused {load.refused}, lost {load.lost}")
        loads.append(load)
    bench.say(f"{answered:,} opens")


def _worker(bench: Bench) -> Goal:
    few, many = bench.scale.held_deliveries
    with spawn() as simulator, stand(bench.folder, **simulator.environment) as product:
        with running(product.worker()) as worker:
            due = 0
            found: list[Memory] = []
            for wanted in (few, many):
                while due < wanted:
                    part = min(PART, wanted - due)
                    preload(product, META_EVENT, part - part // KWAI_SHARE)
                    preload(product, KWAI_EVENT, part // KWAI_SHARE)
                    due += part
                    wait(lambda: not is_anything_open(product), worker)
                found.append(_at_rest(bench, worker.memory))
                bench.say(f"{due:,} deliveries")
        check_settled(product, simulator, due)
    return _goal("worker, deliveries", few, many, found[0], found[1], [])


def _at_rest(bench: Bench, measure: Callable[[], Memory]) -> Memory:
    time.sleep(0 if bench.scale.requests else REST_S)
    return measure()


def _goal(what: str, few: int, many: int, before: Memory, after: Memory, notes: list[str]) -> Goal:
    ratios = [more / less for less, more in ((before.rss, after.rss), (before.pss, after.pss)) if less]
    ratio = max(ratios, default=0.0)
    return Goal(
        "P14", f"memory of the {what}", f"{_told(after)} after {many:,}", f"{_told(before)} after {few:,}",
        f"{ratio:.2f}×" if ratios else "?", f"≤ {MOST:g}×", ratio <= MOST if ratios else None, notes,
        {"before": asdict(before), "after": asdict(after), "counts": [few, many]},
    )  # fmt: skip


def _told(memory: Memory) -> str:
    return f"{memory.rss:.0f} MB (PSS {memory.pss:.0f})"
