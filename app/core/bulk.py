"""Inserting many rows at once on a hot path: straight to the driver on SQLite, as one JSON text on PostgreSQL."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from operator import itemgetter
from typing import Any, cast

from pydantic_core import to_json as to_json_bytes
from sqlalchemy import JSON, Boolean, Connection, Integer, Table, Uuid

from app.core.db import Base, Money, UtcDateTime, sqlite_driver, to_json
from app.core.direct import as_sqlalchemy

Row = Mapping[str, Any]


def time_text(value: datetime) -> str:
    """As SQLAlchemy writes a DateTime on SQLite."""
    if value.tzinfo is not UTC:
        value = value.astimezone(UTC)
    return value.isoformat(" ", "microseconds")[:-6]  # without +00:00


def hex_of(value: Any) -> str:
    return f"{value.int:032x}"


CONVERTERS: tuple[tuple[type, Callable[[Any], Any]], ...] = (
    (UtcDateTime, time_text),
    (Uuid, hex_of),
    (JSON, to_json),
    (Money, str),
)


class BulkInsert:
    """`insert(connection, rows)` for one table and a fixed set of columns; returns how many rows it wrote. On SQLite it
    skips SQLAlchemy's bind processing (half of the cost of a recorded event), and writes the same bytes.

    `conflict` is the ON CONFLICT clause; a time in it is a `?`, given as `at`. On PostgreSQL no two rows of a call may
    be for the same key, if it updates."""

    def __init__(self, model: type[Base], columns: Sequence[str], conflict: str = "") -> None:
        table = cast(Table, model.__table__)
        self._columns = tuple(columns)
        self._from_json_sql = _from_json(table, self._columns, conflict)
        names = ", ".join(columns)
        marks = ", ".join("?" * len(columns))
        self._sql = f"INSERT INTO {table.name} ({names}) VALUES ({marks}) {conflict}".rstrip()  # noqa: S608 - own names
        self._pick = itemgetter(*columns)
        found = ((index, _converter(table, name)) for index, name in enumerate(columns))
        self._converters = [(index, convert) for index, convert in found if convert is not None]

    def __call__(self, connection: Connection, rows: Sequence[Row], at: datetime | None = None) -> int:
        return self.many(connection, [self._pick(row) for row in rows], at)

    def many(
        self,
        connection: Connection,
        rows: Sequence[Sequence[Any]],
        at: datetime | None = None,
        converted: dict[int, Any] | None = None,
    ) -> int:
        """The same for rows that are values in the order of the columns. `converted` is shared by several calls whose
        rows carry the same objects, all of them alive until the last call."""
        if not rows:
            return 0
        driver = sqlite_driver(connection)
        if driver is None:
            return self._from_json(connection, rows, at)
        return self.ready(connection, self._tuples(rows, {} if converted is None else converted), at)

    def ready(self, connection: Connection, rows: Sequence[Sequence[Any]], at: datetime | None = None) -> int:
        """The same for rows that are in the form of SQLite's driver already, where that is the database."""
        driver = sqlite_driver(connection)
        if driver is None or not rows:
            return self.many(connection, rows, at)
        if at is not None:
            extra = (time_text(at),)
            rows = [(*row, *extra) for row in rows]
        try:
            return driver.executemany(self._sql, rows).rowcount
        except sqlite3.Error as error:
            raise as_sqlalchemy(self._sql, error) from error

    def _from_json(self, connection: Connection, rows: Sequence[Sequence[Any]], at: datetime | None) -> int:
        """One statement and one parameter, however many rows: the driver's own executemany is a statement for each."""
        text = to_json_bytes([dict(zip(self._columns, row, strict=True)) for row in rows]).decode()
        return connection.exec_driver_sql(self._from_json_sql, (text,) if at is None else (text, at)).rowcount

    def _tuples(self, rows: Sequence[Sequence[Any]], done: dict[int, Any]) -> list[list[Any]]:
        """Each object is converted once, however many rows and columns carry it: an account's id, the batch's time."""
        tuples = []
        for row in rows:
            values = [*row]
            for index, convert in self._converters:
                value = values[index]
                if value is not None:
                    key = id(value)
                    if key not in done:
                        done[key] = convert(value)
                    values[index] = done[key]
            tuples.append(values)
        return tuples


PG_TYPES: tuple[tuple[type, str], ...] = (
    (UtcDateTime, "timestamptz"),
    (Uuid, "uuid"),
    (JSON, "jsonb"),
    (Money, "numeric"),
    (Boolean, "boolean"),
    (Integer, "bigint"),
)


def _from_json(table: Table, columns: Sequence[str], conflict: str) -> str:
    """PostgreSQL's way to take rows as they come in one JSON text."""
    kinds = ((name, table.columns[name].type) for name in columns)
    typed = [(name, next((pg for type_, pg in PG_TYPES if isinstance(kind, type_)), "text")) for name, kind in kinds]
    record = ", ".join(f'"{name}" {pg}' for name, pg in typed)
    names = ", ".join(f'"{name}"' for name in columns)
    rest = conflict.replace("?", "%s")
    return f"INSERT INTO {table.name} ({names}) SELECT {names} FROM json_to_recordset(%s::json) AS r({record}) {rest}"  # noqa: S608


def _converter(table: Table, name: str) -> Callable[[Any], Any] | None:
    kind = table.columns[name].type
    return next((convert for type_, convert in CONVERTERS if isinstance(kind, type_)), None)
