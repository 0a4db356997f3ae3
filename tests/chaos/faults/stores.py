"""Stores that go away: Valkey wiped and stopped (F3), PostgreSQL killed, restarted, its connections ended (F4)."""

from __future__ import annotations

import random
import signal
import time

from sqlalchemy import text

from tests.chaos.harness import World, pauses
from tests.chaos.product import PATIENCE_S

CALM_SHARE = 0.25  # of the time, to know what is normal
SOCKET_TIMEOUT_MS = 300  # of the product's calls to Valkey
RECOVERS_WITHIN_S = 5.0  # of a database that is back, without anybody's restart
_TERMINATE = text(
    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
)


def valkey_wiped(world: World, chance: random.Random, until: float) -> None:
    for _ in pauses(until, lambda: 1.5):
        world.wipe_valkey()


def valkey_stopped(world: World, chance: random.Random, until: float) -> None:
    """It takes connections and answers nothing. Intake goes on, by at most one socket timeout slower."""
    assert world.load is not None
    began = time.monotonic()
    time.sleep((until - began) * CALM_SHARE)
    stopped = time.monotonic()
    world.signal_valkey(signal.SIGSTOP)
    try:
        time.sleep(max(0.0, until - time.monotonic()))
    finally:
        world.signal_valkey(signal.SIGCONT)
    world.kills["valkey (stopped)"] += 1
    normal = world.load.quantile_ms(99, began, stopped)
    without = world.load.quantile_ms(99, stopped, time.monotonic())
    world.notes.append(f"Intake p99 {normal} ms with Valkey, {without} ms without")
    if normal is None or without is None or without >= 2 * normal + SOCKET_TIMEOUT_MS:
        world.broken.append(f"without Valkey intake took {without} ms (p99) instead of {normal} ms")


def postgresql_killed(world: World, chance: random.Random, until: float) -> None:
    """SIGKILL to all of it, and started again a second later."""
    assert world.postgresql is not None
    with world.watched():
        world.postgresql.kill()
        time.sleep(1.0)
        world.postgresql.start_again()
        _await_recovery(world, "PostgreSQL killed")
    time.sleep(max(0.0, until - time.monotonic()))


def postgresql_restarted(world: World, chance: random.Random, until: float) -> None:
    """`immediate`: no farewell to clients, and it comes back through its log."""
    assert world.postgresql is not None
    with world.watched():
        world.postgresql.restart_at_once()
        _await_recovery(world, "PostgreSQL restarted (immediate)")
    time.sleep(max(0.0, until - time.monotonic()))


def connections_terminated(world: World, chance: random.Random, until: float) -> None:
    """`pg_terminate_backend` for everybody, each second or so."""
    ended = 0
    with world.watched():
        for _ in pauses(until, lambda: chance.uniform(0.5, 1.2)):
            with world.books.engine.connect() as connection:
                ended += connection.scalar(_TERMINATE) or 0
            world.doubts += 1
        _await_recovery(world, "connections terminated")
    world.notes.append(f"{ended} connections were ended")


def postgresql_in_trouble(world: World, chance: random.Random, until: float) -> None:
    """All three, one after the other."""
    third = (until - time.monotonic()) / 3
    acts = [postgresql_killed, postgresql_restarted, connections_terminated]
    for number, act in enumerate(chance.sample(acts, len(acts)), 1):
        act(world, chance, until - third * (len(acts) - number))


def _await_recovery(world: World, what: str) -> None:
    """Until both an event and an open are written again."""
    assert world.load is not None
    assert world.readers is not None
    world.doubts += 1
    world.kills[what] += 1
    back = time.monotonic()
    taken, rows = len(world.load.taken), world.open_books.count()
    while len(world.load.taken) == taken or world.open_books.count() == rows:
        assert time.monotonic() < back + PATIENCE_S, f"nothing is written after: {what}"
        time.sleep(0.02)
    recovered_s = time.monotonic() - back
    world.notes.append(f"{what}: written again after {recovered_s:.1f} s")
    if recovered_s > RECOVERS_WITHIN_S:
        world.broken.append(f"{what}: it took {recovered_s:.1f} s until something was written again")
