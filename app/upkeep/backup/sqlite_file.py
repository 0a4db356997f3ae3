"""A consistent copy of a SQLite file that others write, and what is looked at and put right in a copy."""

from __future__ import annotations

import fcntl
import os
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from app.upkeep.backup.refusal import Refused

PAGES = 1024  # of one step (4 MB): between two, others' threads and our progress have their turn
_sync = getattr(os, "fdatasync", os.fsync)  # macOS has only the latter
HEAD_START_S = 0.005  # for a thread to begin
FOLDS = 10
LEFT_PAGES = 1000  # as many as a commit folds in by itself, by SQLite's default
SYNC_STEPS = 4  # so that the copy reaches the disk bit by bit: one great flush would hold up others' commits


def copy(source: Path, target: Path, told: Callable[[int, int], None]) -> None:
    """Copies what is committed now; `told(done, of)` in pages. One read transaction holds the moment, so that writers
    go on beside it, and the copy never begins anew. Raises sqlite3.Error, OSError."""
    with closing(_open(source)) as reader, closing(sqlite3.connect(target, isolation_level=None)) as writer:
        target.chmod(0o600)
        writer.execute("PRAGMA synchronous=OFF")  # synced below
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM sqlite_master").fetchone()  # the moment
        with target.open("rb") as file:
            steps = 0

            def stepped(_status: int, left: int, of: int) -> None:
                nonlocal steps
                steps += 1
                told(of - left, of)
                if steps % SYNC_STEPS == 0:
                    _sync(file.fileno())

            try:
                reader.backup(writer, pages=PAGES, progress=stepped, sleep=0)
            finally:
                _end_reading(source, reader)
            writer.execute("PRAGMA journal_mode=DELETE")  # the copy is one file
            os.fsync(file.fileno())


def _end_reading(source: Path, reader: sqlite3.Connection) -> None:
    """While somebody read, the write-ahead log could not be folded in and grew; the next commit would do all of it and
    hold up the others for seconds. So we do it, beside them: whoever commits meanwhile finds it being done."""
    lock = os.open(f"{source}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)  # of `core.db`: nobody commits
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        reader.execute("COMMIT")
        folding = threading.Thread(target=_fold_in, args=(source,))
        folding.start()
        time.sleep(HEAD_START_S)
    finally:
        os.close(lock)
    folding.join()


def _fold_in(source: Path) -> None:
    with closing(_open(source)) as connection:
        for _ in range(FOLDS):  # what is written during one is left for the next
            _busy, pages, done = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
            if pages - done < LEFT_PAGES:
                return


def _open(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{quote(str(path))}?mode=rw", uri=True, isolation_level=None, timeout=10)


def check(file: Path) -> None:
    """Raises Refused for a file that SQLite finds faults in."""
    try:
        with closing(_open(file)) as connection:
            verdict = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    except sqlite3.DatabaseError as error:
        verdict = str(error)
    if verdict != "ok":
        raise Refused(f"SQLite finds the database damaged ({verdict}).")


def counts(file: Path) -> dict[str, int]:
    """Rows by table."""
    with closing(_open(file)) as connection:
        names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
        return {
            name: connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0]  # noqa: S608  from the catalogue
            for (name,) in sorted(names.fetchall())
        }


def revision(file: Path) -> str | None:
    """The migration a file is at; None for one without."""
    try:
        with closing(_open(file)) as connection:
            row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.DatabaseError:
        return None
    return row[0] if row else None


def close_down(file: Path) -> None:
    """Folds the write-ahead log into the file, which SQLite does only for one who is alone. Raises Refused when
    somebody has it open. A damaged file is no hindrance: it is to be replaced."""
    try:
        with closing(_open(file)) as connection:
            connection.execute("PRAGMA busy_timeout=500")
            connection.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.DatabaseError as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise Refused(f"A process still uses {file}; stop the product first.") from None


def move_aside(file: Path, ending: str) -> Path:
    """Renames a file and what SQLite keeps beside it."""
    aside = file.with_name(f"{file.name}{ending}")
    for tail in ("-wal", "-shm", ""):
        part = file.with_name(f"{file.name}{tail}")
        if part.exists():
            part.rename(aside.with_name(f"{aside.name}{tail}"))
    return aside
