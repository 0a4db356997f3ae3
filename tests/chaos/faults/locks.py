"""A database that somebody else holds: nothing can be written for seconds, and nobody is told a lie meanwhile (F5)."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager

from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from tests.chaos.harness import World
from tests.chaos.load import Load
from tests.chaos.product import PATIENCE_S

IMAGE_WITHIN_S = 2.2  # when nothing can be written
ADDS_S = 2.0  # what a busy machine does to that
ANSWERED_WITHIN_S = 5.0
HELD_S = 5.0  # at least: on a busy machine a client's own wait is over only after three
_HOLD = "print('held', flush=True); sys.stdin.read()"
_BEGIN = f"""
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], timeout=30, isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
{_HOLD}
"""
_FLOCK = f"""
import fcntl, sys
file = open(sys.argv[1] + ".lock", "a")
fcntl.flock(file, fcntl.LOCK_EX)
{_HOLD}
"""
_TABLES = "LOCK TABLE delivery, email_open, tracked_event IN ACCESS EXCLUSIVE MODE"
_ROWS = (
    "SELECT 1 FROM target FOR UPDATE",
    "SELECT 1 FROM delivery_tally FOR UPDATE",
    "SELECT 1 FROM open_hour FOR UPDATE",
)


def sqlite_begun(world: World, chance: random.Random, until: float) -> None:
    """Another process is in a write transaction."""
    _endure(world, until, "BEGIN IMMEDIATE held", _held_by_process(world, _BEGIN))


def sqlite_flocked(world: World, chance: random.Random, until: float) -> None:
    """Another process has the lock file, and does nothing with it."""
    _endure(world, until, "flock held", _held_by_process(world, _FLOCK))


def tables_locked(world: World, chance: random.Random, until: float) -> None:
    """As by a migration."""
    _endure(world, until, "tables locked", _held_by_session(world, [_TABLES]))


def rows_locked(world: World, chance: random.Random, until: float) -> None:
    """The rows that every writer adds to, once they are there."""
    assert world.load is not None
    assert world.readers is not None
    world.readers.wait_for(20)
    world.load.wait_for(20)
    _endure(world, until, "rows locked", _held_by_session(world, _ROWS))


@contextmanager
def _held_by_session(world: World, statements: Sequence[str]) -> Iterator[None]:
    """Tried until they are all held, as a careful migration does: who waits for long with some of them makes a deadlock
    of it."""
    deadline = time.monotonic() + PATIENCE_S
    with world.books.engine.connect() as connection:
        while True:
            try:
                connection.execute(text("SET LOCAL lock_timeout = 300"))
                for statement in statements:
                    connection.execute(text(statement))
                break
            except OperationalError:
                connection.rollback()
                assert time.monotonic() < deadline, "the locks cannot be had"
        yield
        connection.rollback()


@contextmanager
def _held_by_process(world: World, code: str) -> Iterator[None]:
    database = str(world.books.engine.url.database)
    holder = subprocess.Popen(
        [sys.executable, "-c", code, database], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdin is not None
    assert holder.stdout is not None
    try:
        assert holder.stdout.readline() == "held\n"
        yield
    finally:
        holder.stdin.close()
        holder.wait(10)
        holder.stdout.close()


def _endure(world: World, until: float, what: str, held: AbstractContextManager[None]) -> None:
    """From when it is held. Clients are told to come again, images are shown all the same, and in time."""
    assert world.load is not None
    assert world.readers is not None
    seconds = max(HELD_S, until - time.monotonic())
    with world.watched(), held:  # in this order: who watches waits for a lock too
        began = time.monotonic()
        time.sleep(seconds)
        images = [each.seconds for each in world.readers.log if each.at >= began and each.status]
    world.kills[what] += 1
    world.doubts += 1
    slowest = max(images, default=0.0)
    world.notes.append(f"{what} for {seconds:.0f} s: {len(images)} images, slowest {slowest:.2f} s")
    if not _asked_to_come_again(world.load, began):
        world.broken.append(f"{what}: nobody was asked to come again")
    if not images or slowest > IMAGE_WITHIN_S + ADDS_S:
        world.broken.append(f"{what}: {len(images)} images, the slowest took {slowest:.1f} s")


def _asked_to_come_again(load: Load, since: float) -> bool:
    """503 to somebody who asked since then. The last of them wait for their answers still."""
    deadline = time.monotonic() + ANSWERED_WITHIN_S
    while not any(each.status == 503 and each.at >= since for each in list(load.log)):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True
