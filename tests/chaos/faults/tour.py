"""The short tour: what each fault does in two to six seconds. Faults that take a breath between each other."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass

from tests.chaos.faults.fault import Act
from tests.chaos.faults.locks import rows_locked, sqlite_begun, sqlite_flocked, tables_locked
from tests.chaos.faults.network import bad
from tests.chaos.faults.processes import random_kills, rolling_restart, supervisor_killed
from tests.chaos.faults.stores import connections_terminated, postgresql_killed, valkey_stopped, valkey_wiped
from tests.chaos.faults.storm import duplicate_storm
from tests.chaos.harness import World

BREATH_S = 0.5


@dataclass(frozen=True, slots=True)
class Stop:
    name: str
    act: Act
    seconds: float


def travel(world: World, chance: random.Random, tour: Sequence[Stop]) -> None:
    """Each fault as a stage of its own; the next one begins when things go on."""
    for stop in tour:
        time.sleep(BREATH_S)
        with world.stage(stop.name):
            stop.act(world, chance, time.monotonic() + stop.seconds)


_PROCESSES = (
    Stop("F1 processes killed at random", random_kills, 5),
    Stop("F1 supervisor killed", supervisor_killed, 2),
    Stop("F16 duplicate storm", duplicate_storm, 1),
    Stop("F12 rolling restart", rolling_restart, 6),
)
_VALKEY = (Stop("F3 Valkey stopped", valkey_stopped, 4), Stop("F3 Valkey killed and wiped", valkey_wiped, 2))
SQLITE_TOUR = (
    Stop("F7 bad network: clients, platforms", bad("clients", "platforms"), 5),
    *_VALKEY,
    Stop("F5 another process in a transaction", sqlite_begun, 3.5),
    Stop("F5 another process has the lock file", sqlite_flocked, 3.5),
    *_PROCESSES,
)
POSTGRESQL_TOUR = (
    Stop("F7 bad network everywhere", bad("clients", "platforms", "valkey", "postgresql"), 10),
    *_VALKEY,
    Stop("F4 PostgreSQL killed", postgresql_killed, 2),
    Stop("F4 PostgreSQL's connections ended", connections_terminated, 2),
    Stop("F5 tables locked", tables_locked, 3.5),
    Stop("F5 rows locked", rows_locked, 3.5),
    *_PROCESSES,
)
