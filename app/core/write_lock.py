"""One writer at a time on SQLite, across processes."""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Engine


class LockTaken(Exception):
    """Another writer is at it, and one did not want to wait."""


class _Descriptor:
    """One open file of one thread; closed when its thread is gone."""

    def __init__(self, path: Path) -> None:
        self.pid = os.getpid()
        self.number = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def __del__(self) -> None:
        os.close(self.number)


class WriteLock:
    """flock on `<database>.lock`: fair between processes, where SQLite's own busy handler sleeps and starves."""

    def __init__(self) -> None:
        self._local = threading.local()

    @contextmanager
    def held(self, engine: Engine, *, waits: bool = True) -> Iterator[None]:
        if engine.dialect.name != "sqlite":
            yield
            return
        number = self._descriptor(f"{engine.url.database}.lock")
        try:
            fcntl.flock(number, fcntl.LOCK_EX if waits else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LockTaken from None
        try:
            yield
        finally:
            fcntl.flock(number, fcntl.LOCK_UN)

    def _descriptor(self, path: str) -> int:
        files: dict[str, _Descriptor] = self._local.__dict__.setdefault("files", {})
        file = files.get(path)
        if file is None or file.pid != os.getpid():  # a descriptor from before a fork shares its lock with the parent
            file = files[path] = _Descriptor(Path(path))
        return file.number
