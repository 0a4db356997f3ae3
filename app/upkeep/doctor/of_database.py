"""The database: there, at our revision, whole, as durable as promised, and with room for the months ahead."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import current_app
from flask_babel import gettext as _
from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from app.core import clock, partitions
from app.core.runtime import Runtime
from app.core.vault import Vault
from app.upkeep.backup.places import megabytes
from app.upkeep.doctor.findings import Finding, ok, problem, warning
from app.upkeep.sealed import opens, sample

LOOK_S = 10.0  # of a check that reads all of a SQLite file
STEPS = 100_000  # of SQLite's machine between two looks at the clock
SLOW_MS = 100.0
BIG_LOG = 256 * 1024 * 1024
SAMPLED = 20  # sealed values


def check(state: Runtime) -> Iterator[Finding]:
    started = clock.monotonic()
    try:
        with state.engine.connect() as connection:
            connection.execute(text("SELECT 1"))
            ms = (clock.monotonic() - started) * 1000
            yield _reached(connection, ms)
            revision = _revision(connection)
            yield revision
            if revision.level == "ok":
                yield from _keys(connection, state.vault)
            if connection.dialect.name == "postgresql":
                yield from _durability(connection)
                yield from _months(connection)
    except SQLAlchemyError as error:
        yield problem(
            "database",
            _("The database does not answer (%(error)s).", error=type(error).__name__),
            _("Start it, and see that DATABASE_URL, the network and the password are right."),
        )
        return
    if state.settings.database_file is not None:
        yield from _file(state.settings.database_file)


def _reached(connection: Connection, ms: float) -> Finding:
    if connection.dialect.name == "postgresql":
        version = str(connection.scalar(text("SHOW server_version"))).split()[0]
        size = connection.scalar(text("SELECT pg_database_size(current_database())")) or 0
    else:
        version = sqlite3.sqlite_version
        size = connection.execute(
            text("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size")
        ).scalar()
    told = _(
        "Database: %(kind)s %(version)s, %(size)s, answers in %(ms)s ms.",
        kind={"sqlite": "SQLite", "postgresql": "PostgreSQL"}[connection.dialect.name],
        version=version, size=megabytes(int(size or 0)), ms=f"{ms:.0f}",
    )  # fmt: skip
    if ms > SLOW_MS:
        return warning("database", told, _("Bring it nearer to this machine, or look at its load."))
    return ok("database", told)


def _revision(connection: Connection) -> Finding:
    there = MigrationContext.configure(connection).get_current_revision()
    head = ScriptDirectory(current_app.extensions["migrate"].directory).get_current_head()
    if there == head:
        return ok("revision", _("Its tables are of this version (revision %(revision)s).", revision=head))
    told = _("Its tables are of revision %(there)s, and this version needs %(head)s.", there=there or "–", head=head)
    return problem("revision", told, _("Run: python -m app.serve.prepare (or install the version that made them)."))


def _keys(connection: Connection, vault: Vault) -> Iterator[Finding]:
    """That ENCRYPTION_KEYS open what is stored; and how much still needs an old one."""
    shut, seen = Counter[str](), 0
    for sealed, rows in sample(connection, SAMPLED):
        seen += len(rows)
        shut[sealed.name] += sum(not opens(vault, sealed.place, row) for row in rows)
    if shut.total():
        yield problem(
            "encryption_keys",
            _(
                "%(shut)s of %(all)s stored secrets cannot be read with ENCRYPTION_KEYS (%(where)s).",
                shut=shut.total(), all=seen, where=", ".join(name for name in shut if shut[name]),
            ),
            _("Bring back the keys they were written with (the old data folder's secrets), behind the new one."),
        )  # fmt: skip
    elif seen:
        yield ok("encryption_keys", _("Stored secrets can be read (%(all)s looked at).", all=seen))


def _durability(connection: Connection) -> Iterator[Finding]:
    off = [
        name
        for name in ("fsync", "full_page_writes", "synchronous_commit")
        if connection.scalar(text(f"SHOW {name}")) == "off"
    ]
    if off:
        yield problem(
            "durability",
            _(
                "PostgreSQL has %(settings)s off: an answered event may be lost in a power cut.",
                settings=", ".join(off),
            ),
            _("Switch it on in postgresql.conf."),
        )
    else:
        yield ok("durability", _("PostgreSQL writes commits to disk before it answers."))


def _months(connection: Connection) -> Iterator[Finding]:
    now = clock.now()
    missing = [table for table in partitions.PARTITIONED if partitions.missing(connection, table, now, 0)]
    ahead = [table for table in partitions.PARTITIONED if partitions.missing(connection, table, now, 1)]
    caught = [table for table in partitions.PARTITIONED if _catches(connection, table)]
    if missing or ahead:
        level = problem if missing else warning
        yield level(
            "partitions",
            _("Month partitions are missing: %(tables)s.", tables=", ".join(missing or ahead)),
            _("The ticker makes them; see that it runs, and its log."),
        )
    elif caught:
        yield warning(
            "partitions",
            _("Rows of months without a partition: %(tables)s.", tables=", ".join(caught)),
            _("They are safe, and slower to remove. The ticker moves what is not too much."),
        )
    else:
        yield ok("partitions", _("Month partitions are there for this month and the next."))


def _catches(connection: Connection, table: str) -> bool:
    return connection.scalar(text(f"SELECT EXISTS (SELECT FROM {table}_default)")) is True  # noqa: S608  our own names


def _file(file: Path) -> Iterator[Finding]:
    log = file.with_name(f"{file.name}-wal")
    if log.exists() and log.stat().st_size > BIG_LOG:
        yield warning(
            "write_ahead_log",
            _("SQLite's write-ahead log has %(size)s.", size=megabytes(log.stat().st_size)),
            _("Something reads for very long: look for a process that has the file open."),
        )
    yield _whole(file)


def _whole(file: Path) -> Finding:
    """SQLite's own check, cut off after LOOK_S so that the write-ahead log does not grow behind it."""
    ends_at = clock.monotonic() + LOOK_S
    with closing(sqlite3.connect(f"file:{quote(str(file))}?mode=rw", uri=True, timeout=10)) as connection:
        connection.set_progress_handler(lambda: clock.monotonic() > ends_at, STEPS)
        try:
            verdict = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        except sqlite3.DatabaseError as error:
            if getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_INTERRUPT:
                seconds = f"{LOOK_S:.0f}"
                return ok("integrity", _("No fault found in %(s)s s of reading; a backup checks all of it.", s=seconds))
            verdict = str(error)
    if verdict == "ok":
        return ok("integrity", _("SQLite finds the file whole."))
    advice = _("Stop the product, keep the file, and restore the last backup: flask --app wsgi restore FILE --replace.")
    return problem("integrity", _("SQLite finds the file damaged: %(what)s.", what=verdict), advice)
