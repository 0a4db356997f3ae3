"""Processes that die or are asked to end: at random, in turn, in the middle of a commit, all at once (F1, F2, F12)."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Sequence

from tests.chaos.harness import World, pauses
from tests.chaos.product import PATIENCE_S, WEB_WORKER, is_running

EVERYBODY = ("deliver", "web", "deliver", WEB_WORKER, "valkey", "jobs", "ticker")
WEB = ("web", WEB_WORKER)
WEB_RESTS_S = 4.0  # between two deaths of it: without web there is no load, and nothing to lose
POINTS = ("before_commit", "before_image", "after_commit")  # what the load itself runs into in a web process
TURN = ("deliver", "web", "deliver", "valkey", "ticker", "jobs")
STOPS_WITHIN_S = 7.5  # a worker's seconds of grace, and the machine's


def random_kills(world: World, chance: random.Random, until: float, victims: Sequence[str] = EVERYBODY) -> None:
    """Kills somebody each 0.4 to 1.2 s. Half of the time Valkey loses its data with its life."""
    queue: list[str] = []
    rested_at = 0.0
    for _ in pauses(until, lambda: chance.uniform(0.4, 1.2)):
        if not queue:  # everybody once before anybody twice, so that a short run leaves nobody out
            queue = chance.sample(list(victims), len(victims))
        is_fair = time.monotonic() >= rested_at
        victim = next((each for each in queue if is_fair or each not in WEB), None)
        if victim is None:
            continue
        queue.remove(victim)
        if victim in WEB:
            rested_at = time.monotonic() + WEB_RESTS_S
        if victim == "valkey" and (world.valkey is not None or chance.random() < 0.5):
            world.wipe_valkey()
        else:
            world.strike(victim, chance.randrange(4))


def web_killed(world: World, chance: random.Random, until: float) -> None:
    """Its main process and its worker in turn, each as soon as images and events come again."""
    number = 0
    while time.monotonic() < until:
        assert world.readers is not None
        world.readers.wait_for(30)
        world.strike(WEB[number % 2])
        number += 1


def killed_in_commit(world: World, chance: random.Random, until: float) -> None:
    """Web processes that die with a transaction open, just after its commit, and just before an image goes out."""
    assert world.points is not None
    turn = list(POINTS)
    while time.monotonic() < until:
        point = turn.pop(0)
        turn.append(point)
        (world.points / point).touch()
        deadline = time.monotonic() + PATIENCE_S
        while (world.points / point).exists():
            assert time.monotonic() < deadline, f"nobody came to {point}"
            time.sleep(0.02)
        world.kills[f"web {point}"] += 1
        assert world.readers is not None
        world.readers.wait_for(10)


def supervisor_killed(world: World, chance: random.Random, until: float) -> None:
    """Everything dies with it; a new start goes on."""
    time.sleep(min(2.0, max(0.0, until - time.monotonic())))
    world.strike_supervisor()
    time.sleep(max(0.5, until - time.monotonic()))


def rolling_restart(world: World, chance: random.Random, until: float) -> None:
    """Each process in turn is asked to end, as an upgrade does it; the next one a sixth of the time later."""
    turn = [part for part in TURN if part != "valkey" or world.valkey is None]
    step_s = (until - time.monotonic()) / (len(turn) + 0.5)
    slowest_s = 0.0
    for part in turn:
        ends = time.monotonic() + step_s
        slowest_s = max(slowest_s, _ask_to_end(world, part))
        time.sleep(max(0.0, ends - time.monotonic()))
    world.notes.append(f"The slowest process ended {slowest_s:.1f} s after SIGTERM")
    if slowest_s > STOPS_WITHIN_S:
        world.broken.append(f"a process took {slowest_s:.1f} s to stop")


def _ask_to_end(world: World, part: str) -> float:
    world.product.wait_for_part(part)  # the one before may still be on its way up
    asked = time.monotonic()
    pid = world.product.signal(part, signal.SIGTERM)
    assert pid is not None, f"no {part} is there to be stopped"
    world.kills[f"{part} (SIGTERM)"] += 1
    while is_running(pid):
        assert time.monotonic() < asked + PATIENCE_S, f"{part} does not stop"
        time.sleep(0.05)
    return time.monotonic() - asked
