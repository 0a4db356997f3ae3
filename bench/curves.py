"""`python -m bench curves`: the cost of an open and of an event over the size of the tables, and what a drain does over
the number of its workers; as JSON and as SVG. Nothing is judged."""

from __future__ import annotations

import argparse
import contextlib
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.simulator import RemoteSimulator, spawn
from bench.compare import warm
from bench.drains import LATENCY_MS, OPEN, Rates, cpu_s, drained, preload, ready, set_off
from bench.drawing import Line, Panel, svg, words
from bench.fill import fill_events, fill_opens
from bench.goals import Bench, check, median
from bench.opens import opens
from bench.pictures import shot, upload
from bench.processes import ROOT
from bench.sides import Side
from bench.stand import KWAI_EVENT, META_EVENT, Stand, stand

SIZES = (10_000, 100_000, 1_000_000)
WORKERS = (1, 2, 3, 4)
ROUNDS = 3
DELIVERED = 3_000  # events a round, at each size
META, KWAI = 12_000, 2_000  # events a round for each worker
COSTS, DRAIN = "cost-over-size", "drain-over-workers"


def main(bench: Bench, given: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench curves", description=__doc__)
    parser.add_argument("--folder", type=Path, default=ROOT / "docs", help="where the pictures go (docs)")
    parser.add_argument("--sizes", type=_numbers, default=SIZES, help="rows in the tables (10000,100000,1000000)")
    parser.add_argument("--workers", type=_numbers, default=WORKERS, help="delivery workers (1,2,3,4)")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--share", type=float, default=1.0, help="of the events that the drains are given")
    asked = parser.parse_args(given)
    asked.folder.mkdir(parents=True, exist_ok=True)
    costs = _costs(bench, asked.sizes, asked.rounds, asked.share)
    _write(bench, asked.folder, COSTS, costs, "Processor time over the size of the tables", [_cost_panel(costs)])
    drain = _drains(bench, asked.workers, asked.rounds, asked.share)
    _write(bench, asked.folder, DRAIN, drain, "Drain throughput over delivery workers", _drain_panels(drain))
    return 0


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(","))


# -- cost over size -------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Sized:
    """The processor time of one open, of one accepted event, and of one delivered event, at one size."""

    rows: int
    open_us: list[float] = field(default_factory=list)
    event_us: list[float] = field(default_factory=list)
    delivery_us: list[float] = field(default_factory=list)

    def told(self) -> dict[str, Any]:
        rounds = {"open": self.open_us, "event": self.event_us, "delivery": self.delivery_us}
        return {"rows": self.rows, **{f"{name}_us": median(each) for name, each in rounds.items()}, "rounds": rounds}


def _costs(bench: Bench, sizes: Sequence[int], rounds: int, share: float) -> list[dict[str, Any]]:
    found = [Sized(rows) for rows in sizes]
    with contextlib.ExitStack() as stack:
        sides = [stack.enter_context(_opened(bench, one.rows)) for one in found]
        for _ in range(rounds):
            for one, side in zip(found, sides, strict=True):
                side.take(bench)
                one.open_us = side.cpu_us
    with contextlib.ExitStack() as stack:
        simulator = stack.enter_context(spawn(latency_ms=LATENCY_MS))
        stands = [stack.enter_context(_evented(bench, one.rows, simulator)) for one in found]
        for _ in range(rounds):
            for one, (product, side) in zip(found, stands, strict=True):
                side.take(bench)
                one.event_us = side.cpu_us
                one.delivery_us.append(_delivery_us(product, simulator, round(DELIVERED * share)))
            bench.say("; ".join(f"{one.rows:,} rows: {one.told()}" for one in found))
    return [one.told() for one in found]


@contextmanager
def _opened(bench: Bench, rows: int) -> Iterator[Side]:
    with stand(bench.folder) as product:
        upload(product)
        fill_opens(product, rows, bench.scale.days)
        bench.say(f"{rows:,} opens are filled in")
        with product.web() as (web, port):
            side = Side(shot(port), (web, product.valkey), lambda: opens(product))
            warm(bench, side)
            yield side


@contextmanager
def _evented(bench: Bench, rows: int, simulator: RemoteSimulator) -> Iterator[tuple[Stand, Side]]:
    with stand(bench.folder, **simulator.environment) as product:
        fill_events(product, rows, bench.scale.days)
        bench.say(f"{rows:,} events are filled in")
        with product.web() as (web, port):
            side = Side(product.shot(port, KWAI_EVENT), (web, product.valkey), product.events)
            warm(bench, side)
            yield product, side


def _delivery_us(product: Stand, simulator: RemoteSimulator, count: int) -> float:
    """Of Meta's, in batches. What the load of the intake left due is forgotten first: it is Kwai's, call by call."""
    product.execute(f"UPDATE delivery SET status = 'cancelled' WHERE {OPEN}")
    preload(product, META_EVENT, count)
    simulator.reset()
    with ready(product) as workers:
        before = cpu_s(product, workers)
        set_off(product, workers[0])
        took_s = cpu_s(product, workers) - before
    check(simulator.counts()["unique"] == count, f"{count} events were due, the platform took {simulator.counts()}")
    return took_s / count * 1e6


def _cost_panel(costs: Sequence[dict[str, Any]]) -> Panel:
    names = {"open_us": "an open", "event_us": "an event accepted", "delivery_us": "an event delivered (Meta)"}
    lines = [Line(name, [one[key] for one in costs]) for key, name in names.items()]
    places = [f"{one['rows']:,}" for one in costs]
    return Panel("Processor time in µs, for each", "Rows already in each table", places, lines)


# -- drain over workers ---------------------------------------------------------------------------------------------


def _drains(bench: Bench, numbers: Sequence[int], rounds: int, share: float) -> list[dict[str, Any]]:
    found = []
    for workers in numbers:
        meta, kwai = (Rates(round(each * workers * share)) for each in (META, KWAI))
        found.append((workers, meta, kwai))
    with spawn(latency_ms=LATENCY_MS) as simulator, stand(bench.folder, **simulator.environment) as product:
        for _ in range(rounds):
            for workers, meta, kwai in found:
                drained(product, simulator, META_EVENT, meta, workers, side=None)
                drained(product, simulator, KWAI_EVENT, kwai, workers, side=None)
                bench.say(f"{workers} workers: Meta {meta}, Kwai {kwai}")
    return [
        {
            "workers": workers, "meta_per_s": median(meta.per_s), "kwai_per_s": median(kwai.per_s),
            "rounds": {"meta": meta.per_s, "kwai": kwai.per_s, "meta_us": meta.cpu_us, "kwai_us": kwai.cpu_us},
        }
        for workers, meta, kwai in found
    ]  # fmt: skip


def _drain_panels(found: Sequence[dict[str, Any]]) -> list[Panel]:
    places = [str(one["workers"]) for one in found]
    label = f"Delivery workers; the platform answers after {LATENCY_MS} ms"
    return [
        Panel("Events a second", label, places, [Line(name, [one[key] for one in found])])
        for key, name in (("meta_per_s", "Meta, in batches"), ("kwai_per_s", "Kwai, a call an event"))
    ]


def _write(
    bench: Bench, folder: Path, name: str, found: Sequence[dict[str, Any]], title: str, panels: Sequence[Panel]
) -> None:
    told = {"machine": bench.machine.told(), "found": found}
    (folder / f"{name}.json").write_text(json.dumps(told, indent=2) + "\n", "utf-8")
    machine = f"{bench.machine.cores} cores, {bench.machine.python}, {bench.machine.database}"
    (folder / f"{name}.svg").write_text(svg(title, words(panels), machine, panels), "utf-8")
    print(f"{folder / name}.svg: {words(panels)}", flush=True)
