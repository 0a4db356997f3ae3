"""All faults, each with what it needs and how long it goes on by itself; F-numbers are those of the fault list."""

from __future__ import annotations

import os

from tests.chaos.faults.fault import Fault
from tests.chaos.faults.locks import rows_locked, sqlite_begun, sqlite_flocked, tables_locked
from tests.chaos.faults.network import ALL, bad
from tests.chaos.faults.processes import (
    TURN,
    killed_in_commit,
    random_kills,
    rolling_restart,
    supervisor_killed,
    web_killed,
)
from tests.chaos.faults.stores import (
    connections_terminated,
    postgresql_killed,
    postgresql_restarted,
    valkey_stopped,
    valkey_wiped,
)
from tests.chaos.faults.storm import duplicate_storm

SECONDS = float(os.environ.get("CHAOS_SECONDS", "20"))
LOCKED_S = 30.0
VALKEY_AWAY_S = 60.0
RESTART_EACH_S = 10.0
SQLITE, POSTGRESQL = ("sqlite",), ("postgresql",)
TWO = {"WORKERS": 2}

FAULTS = (
    Fault("F1 processes killed at random", random_kills, SECONDS, settings=TWO),
    Fault("F1 web killed again and again", web_killed, SECONDS),
    Fault("F1 supervisor killed", supervisor_killed, 6),
    Fault("F2 web killed in its commits", killed_in_commit, SECONDS, settings={"points": True}),
    Fault("F3 Valkey killed and wiped", valkey_wiped, min(SECONDS, 12), may_double=False),
    Fault("F3 Valkey stopped", valkey_stopped, VALKEY_AWAY_S / 0.75, may_double=False),
    Fault("F4 PostgreSQL killed", postgresql_killed, 8, POSTGRESQL),
    Fault("F4 PostgreSQL restarted (immediate)", postgresql_restarted, 8, POSTGRESQL),
    Fault("F4 PostgreSQL's connections ended", connections_terminated, SECONDS, POSTGRESQL),
    Fault("F5 another process in a transaction", sqlite_begun, LOCKED_S, SQLITE),
    Fault("F5 another process has the lock file", sqlite_flocked, LOCKED_S, SQLITE),
    Fault("F5 tables locked", tables_locked, LOCKED_S, POSTGRESQL),
    Fault("F5 rows locked", rows_locked, LOCKED_S, POSTGRESQL),
    *(
        Fault(f"F7 bad network: {name}", bad(link), 2.0 * len(ALL), databases, through=(link,))
        for name, link, databases in (
            ("clients and web", "clients", ("sqlite", "postgresql")),
            ("workers and platforms", "platforms", ("sqlite", "postgresql")),
            ("everybody and Valkey", "valkey", ("sqlite", "postgresql")),
            ("everybody and PostgreSQL", "postgresql", POSTGRESQL),
        )
    ),
    Fault("F12 rolling restart", rolling_restart, RESTART_EACH_S * (len(TURN) + 0.5), settings=TWO, may_double=False),
    Fault("F16 duplicate storm", duplicate_storm, 12),
)
