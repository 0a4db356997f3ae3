"""Many rows in one statement: a row of its own would flush SQLite's text index each time, which costs twice the row."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import chain
from typing import Any, cast

from pydantic_core import to_json as to_json_bytes
from sqlalchemy import JSON, Connection, Table

from app.core.bulk import PG_TYPES, BulkInsert, time_text
from app.core.db import Base, UtcDateTime, sqlite_driver, to_json
from app.core.direct import as_sqlalchemy


class WholeInsert(BulkInsert):
    """A BulkInsert that is one statement on SQLite too, and for many rows that have much in common."""

    def ready(self, connection: Connection, rows: Sequence[Sequence[Any]], at: datetime | None = None) -> int:
        driver = sqlite_driver(connection)
        if driver is None or not rows or at is not None:
            return super().ready(connection, rows, at)
        start, _values, rest = self._sql.partition("(?")
        marks, _closed, conflict = rest.partition(")")
        sql = f"{start}{','.join([f'(?{marks})'] * len(rows))}{conflict}"
        try:
            return driver.execute(sql, list(chain.from_iterable(rows))).rowcount
        except sqlite3.Error as error:
            raise as_sqlalchemy(self._sql, error) from error

    def _tuples(self, rows: Sequence[Sequence[Any]], done: dict[int, Any]) -> list[Any]:
        """Column by column: where all rows carry one object, it is converted once."""
        columns: list[Sequence[Any]] = list(zip(*rows, strict=True))
        for index, convert in self._converters:
            values = columns[index]
            first = values[0]
            if all(value is first for value in values):
                columns[index] = (first if first is None else convert(first),) * len(values)
            else:
                columns[index] = [None if value is None else convert(value) for value in values]
        return list(zip(*columns, strict=True))


class WholeUpdate:
    """`update(connection, rows)` sets columns of many rows by their key, in one statement on both databases."""

    def __init__(self, model: type[Base], key: str, columns: Sequence[str]) -> None:
        table = cast(Table, model.__table__)
        self._columns = (key, *columns)
        self._times = {name for name in columns if isinstance(table.columns[name].type, UtcDateTime)}
        self._jsons = {name for name in columns if isinstance(table.columns[name].type, JSON)}
        sets = ", ".join(f"{name} = given.{name}" for name in columns)
        places = ", ".join(f"value ->> {place} AS {name}" for place, name in enumerate(self._columns))
        typed = ", ".join(f'"{name}" {_pg_type(table, name)}' for name in self._columns)
        where = f"WHERE {table.name}.{key} = given.{key}"
        self._sqlite = f"UPDATE {table.name} SET {sets} FROM (SELECT {places} FROM json_each(?)) AS given {where}"  # noqa: S608 - own names
        self._postgresql = f"UPDATE {table.name} SET {sets} FROM json_to_recordset(%s::json) AS given({typed}) {where}"  # noqa: S608

    def __call__(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        if not rows:
            return
        driver = sqlite_driver(connection)
        if driver is None:
            given = [{name: row[name] for name in self._columns} for row in rows]
            connection.exec_driver_sql(self._postgresql, (to_json_bytes(given).decode(),))
            return
        text = to_json([[self._bound(name, row[name]) for name in self._columns] for row in rows])
        try:
            driver.execute(self._sqlite, (text,))
        except sqlite3.Error as error:
            raise as_sqlalchemy(self._sqlite, error) from error

    def _bound(self, name: str, value: Any) -> Any:
        if name in self._jsons:
            return to_json(value)
        return time_text(value) if name in self._times else value


def _pg_type(table: Table, name: str) -> str:
    kind = table.columns[name].type
    return next((pg for type_, pg in PG_TYPES if isinstance(kind, type_)), "text")
