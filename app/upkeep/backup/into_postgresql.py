"""A backup into a PostgreSQL database: tables by our migrations, then all rows in one transaction."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import flask_migrate
import psycopg
from flask import Flask

from app.core.db import Base
from app.core.runtime import runtime
from app.upkeep.backup import postgres_rows, quiet
from app.upkeep.backup.into_sqlite import refuse_other_counts
from app.upkeep.backup.manifest import Manifest
from app.upkeep.backup.refusal import Refused


class IntoPostgresql:
    """`prepare`, then `with` it: `take` each member; the end of the block commits all of them, or none."""

    aside: Path | None = None  # nothing is kept of a database that gives way

    def __init__(self, app: Flask, described: Manifest, _ending: str) -> None:
        self._app = app
        self._engine = runtime(app).engine
        self._described = described
        self._tables = {table.name: table for table in described.tables}
        self._counts: dict[str, int] = {}
        self._connection: Any = None

    def prepare(self, *, replace: bool) -> None:
        """An empty database at the backup's revision. Raises Refused when there is something that may not be
        replaced, or that is in use."""
        names = {*Base.metadata.tables, *self._tables, postgres_rows.UNCOPIED}
        self._engine.dispose()
        with self._engine.connect() as connection:
            driver = postgres_rows.driver_of(connection)
            there = postgres_rows.present(driver, names)
            if there and not replace:
                raise Refused("The database holds data; --replace removes it and puts the backup in its place.")
            quiet.refuse_live_processes(self._engine)
            if others := postgres_rows.others(driver) - self._own_connections():
                raise Refused(f"{others} other connections use this database; stop the product on every machine.")
            postgres_rows.drop(driver, there)
            driver.commit()
        with self._app.app_context():
            flask_migrate.upgrade(revision=self._described.revision)

    def _own_connections(self) -> int:
        """Of the pool, but for the one that asks."""
        return int(self._engine.pool.checkedin())  # type: ignore[attr-defined]  # a QueuePool

    def __enter__(self) -> Self:
        self._connection = self._engine.connect()
        postgres_rows.make_partitions(self._driver, self._described.partitions)
        postgres_rows.empty(self._driver, self._tables.values())
        return self

    @property
    def _driver(self) -> psycopg.Connection[Any]:
        return postgres_rows.driver_of(self._connection)

    def take(self, name: str, content: Iterable[bytes]) -> None:
        table = self._tables.get(name.removeprefix("tables/"))
        if table is None:
            raise Refused(f"The backup has a part that does not belong there: {name}.")
        postgres_rows.load(self._driver, table, content)
        self._counts[table.name] = postgres_rows.count(self._driver, table)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        try:
            if kind is None:
                refuse_other_counts(self._described.counts, self._counts)
                self._driver.commit()
            else:
                self._driver.rollback()
        finally:
            self._connection.close()
