"""Takes a backup while the product runs."""

from __future__ import annotations

import fcntl
import json
import shutil
import socket
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import psycopg
from sqlalchemy.exc import SQLAlchemyError

from app.core import clock
from app.core.runtime import Runtime
from app.opens.recording import spool
from app.upkeep.backup import archive, keys, places, postgres_rows, sqlite_file
from app.upkeep.backup.manifest import Manifest, Member, Partition, Table
from app.upkeep.backup.priority import step_back
from app.upkeep.backup.refusal import Refused

DATABASE, SECRETS = "kalitrack.db", "secrets.json"
PACKED = 0.6  # of the size, at most: rows compress to a third and less, images not at all
Say = Callable[[str], None]
Progress = Callable[[str, float], None]  # what is being done, and the share of it that is


@dataclass(frozen=True, slots=True)
class Taken:
    path: Path
    manifest: Manifest
    size: int  # of the file, in bytes
    seconds: float


@dataclass(frozen=True, slots=True)
class _Copied:
    """The database, copied into the folder."""

    taken_at: datetime
    revision: str
    counts: dict[str, int]
    members: list[Member]
    tables: list[Table]
    partitions: list[Partition]


def take(state: Runtime, to: Path | None, progress: Progress, *, with_secrets: bool = False) -> Taken:
    """A backup of the database (images are in it), of opens that wait in this machine's spool, and when asked for of
    the keys. Raises Refused."""
    started = clock.monotonic()
    target = places.target_of(state.settings, to, clock.now())
    try:
        with places.drafting(target.parent) as folder:
            members = [*_spooled(state, folder), *(_secrets(state, folder) if with_secrets else ())]
            copied = (_from_sqlite if state.settings.is_sqlite else _from_postgresql)(state, folder, progress)
            described = _described(state, copied, members, with_secrets)
            archive.write(target, described, folder, shares("packing", described.size, progress))
    except OSError as error:
        raise Refused(f"The backup could not be written: {error.strerror}.") from None
    except (sqlite3.Error, psycopg.Error, SQLAlchemyError) as error:
        raise Refused(f"The database could not be read: {first_line(error)}.") from None
    return Taken(target, described, target.stat().st_size, clock.monotonic() - started)


def _described(state: Runtime, copied: _Copied, members: list[Member], with_secrets: bool) -> Manifest:
    return Manifest(
        database="sqlite" if state.settings.is_sqlite else "postgresql",
        revision=copied.revision,
        taken_at=copied.taken_at,
        host=socket.gethostname(),
        counts=copied.counts,
        proof=keys.proof(state.settings),
        has_secrets=with_secrets,
        tables=copied.tables,
        partitions=copied.partitions,
        members=members + copied.members,
    )


def _spooled(state: Runtime, folder: Path) -> list[Member]:
    """Opens that wait for the database, before it is copied: what the ticker brings in meanwhile is in both, and its
    replay writes an open once; the other way round it would be in neither."""
    own = spool.Spool(state.settings.data_dir)
    if own.is_empty():
        return []
    with own.path.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with (folder / spool.NAME).open("wb") as copy:
            shutil.copyfileobj(file, copy)
    return [archive.member_of(spool.NAME, folder / spool.NAME)]


def _secrets(state: Runtime, folder: Path) -> list[Member]:
    path = folder / SECRETS
    path.write_text(json.dumps(keys.texts(state.settings)), "utf-8")
    return [archive.member_of(SECRETS, path)]


def _from_sqlite(state: Runtime, folder: Path, progress: Progress) -> _Copied:
    source = state.settings.database_file
    assert source is not None  # the caller knows it to be SQLite
    revision = sqlite_file.revision(source)
    if revision is None:
        raise Refused(f"{source} has no data yet.")
    log = source.with_name(f"{source.name}-wal")
    size = source.stat().st_size + (log.stat().st_size if log.exists() else 0)
    places.need_room(folder, round(size * (1 + PACKED)))
    copy, taken_at = folder / DATABASE, clock.now()
    sqlite_file.copy(source, copy, lambda done, of: progress("copying", done / of if of else 1.0))
    step_back()  # not earlier: as long as the copy takes, the write-ahead log grows
    sqlite_file.check(copy)
    counts = sqlite_file.counts(copy)
    copied = sqlite_file.revision(copy)
    return _Copied(taken_at, copied or revision, counts, [archive.member_of(DATABASE, copy)], [], [])


def _from_postgresql(state: Runtime, folder: Path, progress: Progress) -> _Copied:
    (folder / "tables").mkdir()
    step_back()
    counts, members = {}, []
    with postgres_rows.snapshot(state.engine) as driver:
        taken_at, size = clock.now(), postgres_rows.size(driver)
        places.need_room(folder, round(size * (1 + PACKED)))
        told = shares("copying", size, progress)
        revision = driver.execute("SELECT version_num FROM alembic_version").fetchone()
        tables = postgres_rows.tables(driver)
        for table in tables:
            path = folder / "tables" / table.name
            counts[table.name] = postgres_rows.unload(driver, table, path, told)
            members.append(archive.member_of(f"tables/{table.name}", path))
        partitions = postgres_rows.partitions(driver)
    assert revision is not None  # the snapshot has read that table
    return _Copied(taken_at, revision[0], counts, members, tables, partitions)


def shares(what: str, size: int, progress: Progress) -> archive.Told:
    """Bytes told one by one as shares of the whole."""
    done = 0

    def told(more: int) -> None:
        nonlocal done
        done += more
        progress(what, min(done / size, 1.0) if size else 1.0)

    return told


def first_line(error: BaseException) -> str:
    """The driver's words, which hold no values."""
    origin = getattr(error, "orig", None) or error
    return str(origin).strip().partition("\n")[0].rstrip(".")
