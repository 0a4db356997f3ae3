"""A bad network between two parts: every way of it on one link, in a seeded order (F7)."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

from app.outbound.shares import FIRST_SENDERS, MOST_SENDERS
from tests.chaos.faults.fault import Act
from tests.chaos.harness import World
from tests.chaos.proxy import CLEAR, Proxy, Weather

AGAIN_S = 0.4  # between two cuts
LATE_STARTERS = 3  # threads that a process starts when it first needs them, and keeps: counters, bell, replay
THREADS_WITHIN_S = 45.0  # idle threads of the web server go after a while
WEATHERS = {
    "latency": Weather(latency_s=0.05),
    "jitter": Weather(jitter_s=0.1),
    "bandwidth": Weather(bytes_per_s=100_000),
    "slicer": Weather(slice_bytes=16),
    "blackhole": Weather(is_dark=True),
}
ENDS: dict[str, Callable[[Proxy], None]] = {"cut": Proxy.cut, "reset": Proxy.reset, "half-open": Proxy.forget}
ALL = (*WEATHERS, *ENDS, "refused")


def bad(*links: str) -> Act:
    """The fault of these links, one after the other."""

    def act(world: World, chance: random.Random, until: float) -> None:
        each_s = (until - time.monotonic()) / (len(links) * len(ALL))
        before = threads(world)
        for link in links:
            with world.watched():
                for way in chance.sample(ALL, len(ALL)):
                    _storm(world, link, way, each_s)
        compare_threads(world, before)

    return act


def _storm(world: World, link: str, way: str, seconds: float) -> None:
    proxy = world.links[link]
    world.kills[f"{link}: {way}"] += 1
    world.doubts += link == "postgresql"
    ends = time.monotonic() + seconds
    try:
        if way in WEATHERS:
            proxy.weather = WEATHERS[way]
            time.sleep(seconds)
        elif way == "refused":
            proxy.weather = Weather(refuses=True)
            proxy.cut()
            time.sleep(seconds)
        else:
            _end_again_and_again(world, link, ENDS[way], ends)
    finally:
        proxy.weather = CLEAR
        if way == "half-open":
            proxy.reset()


def _end_again_and_again(world: World, link: str, end: Callable[[Proxy], None], until: float) -> None:
    while time.monotonic() < until:
        end(world.links[link])
        world.doubts += link == "postgresql"
        time.sleep(min(AGAIN_S, max(0.0, until - time.monotonic())))


def threads(world: World) -> dict[str, int]:
    """The most that each process has within a second of load."""
    most: dict[str, int] = {}
    for _ in range(5):
        for name, number in world.product.threads().items():
            most[name] = max(number, most.get(name, 0))
        time.sleep(0.2)
    return most


def compare_threads(world: World, before: dict[str, int]) -> None:
    """After = before: nothing that broke left a thread behind. A worker's senders grow to their number while calls are
    slow, and stay."""
    deadline = time.monotonic() + THREADS_WITHIN_S
    while more := _more(before, world.product.threads()):
        if time.monotonic() > deadline:
            world.broken.append(f"threads were left behind: {more}")
            break
        time.sleep(0.5)
    world.notes.append(f"Threads {sum(before.values())} before, {sum(world.product.threads().values())} after")


def _more(before: dict[str, int], after: dict[str, int]) -> dict[str, str]:
    def allowed(name: str) -> int:
        return before[name] + LATE_STARTERS + (MOST_SENDERS - FIRST_SENDERS if name.startswith("deliver") else 0)

    return {name: f"{before[name]} → {after[name]}" for name in before.keys() & after if after[name] > allowed(name)}
