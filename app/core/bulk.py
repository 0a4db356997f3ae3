"""Inserting many rows at once on a hot path: straight to the driver on SQLite, through Core on PostgreSQL."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from operator import itemgetter
from typing import Any, cast

from sqlalchemy import JSON, Connection, Table, Uuid, insert

from app.core.db import Base, Money, UtcDateTime, sqlite_driver, to_json
from app.core.direct import as_sqlalchemy

Row = Mapping[str, Any]


def _time(value: datetime) -> str:
    """As SQLAlchemy writes a DateTime on SQLite."""
    if value.tzinfo is not UTC:
        value = value.astimezone(UTC)
    return value.isoformat(" ", "microseconds")[:-6]  # without +00:00


def _hex(value: Any) -> str:
    return f"{value.int:032x}"


CONVERTERS: tuple[tuple[type, Callable[[Any], Any]], ...] = (
    (UtcDateTime, _time),
    (Uuid, _hex),
    (JSON, to_json),
    (Money, str),
)


class BulkInsert:
    """`insert(connection, rows)` for one table and a fixed set of columns; returns how many rows it wrote. On SQLite it
    skips SQLAlchemy's bind processing (half of the cost of a recorded event), and writes the same bytes.

    `conflict` is SQLite's ON CONFLICT clause; a time in it is a `?`, given as `at`."""

    def __init__(self, model: type[Base], columns: Sequence[str], conflict: str = "") -> None:
        table = cast(Table, model.__table__)
        self._insert = insert(table)
        self._columns = tuple(columns)
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
            connection.execute(self._insert, [dict(zip(self._columns, row, strict=True)) for row in rows])
            return len(rows)
        extra = () if at is None else (_time(at),)
        try:
            return driver.executemany(
                self._sql, self._tuples(rows, extra, {} if converted is None else converted)
            ).rowcount
        except sqlite3.Error as error:
            raise as_sqlalchemy(self._sql, error) from error

    def _tuples(self, rows: Sequence[Sequence[Any]], extra: tuple[Any, ...], done: dict[int, Any]) -> list[list[Any]]:
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
            values += extra
            tuples.append(values)
        return tuples


def _converter(table: Table, name: str) -> Callable[[Any], Any] | None:
    kind = table.columns[name].type
    return next((convert for type_, convert in CONVERTERS if isinstance(kind, type_)), None)
