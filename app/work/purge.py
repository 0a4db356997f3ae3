"""Rows that are to go by their age: found by a walk along the key, deleted in short transactions, or only counted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Table, bindparam, delete, literal, select, true
from sqlalchemy import tuple_ as row_of

from app.core.db import begin_write

WALK_PART = 2000  # keys read at once
DELETE_PART = 500  # rows one transaction deletes
Key = tuple[Any, ...]
Before = Callable[[Connection, list[Key]], None]


@dataclass(frozen=True, slots=True)
class Rule:
    """Which rows of a table go. `age` is what their age is told by; `before` is told the keys in the transaction that
    deletes them. `within`: the part of the key that the walk keeps to; `whose`: the account that this is for."""

    model: Any
    which: ColumnElement[bool]
    age: Any
    before: Before | None = None
    within: ColumnElement[bool] = field(default_factory=true)
    whose: str | None = None

    @property
    def table(self) -> str:
        return str(self.model.__tablename__)


@dataclass(frozen=True, slots=True)
class Old:
    """What of a table would go: rows (all accounts', or those of `whose`), or on PostgreSQL whole partitions and the
    rows in them."""

    table: str
    rows: int
    oldest: datetime | None
    partitions: tuple[str, ...] = ()
    whose: str | None = None


def purge(engine: Engine, rule: Rule) -> int:
    """Deletes what the rule finds; returns how many. The walk reads outside of transactions that write, so that no
    index on the age is needed and nobody waits for it."""
    total = 0
    for found in _walk(engine, rule):
        keys = [tuple(row)[:-2] for row in found]
        for start in range(0, len(keys), DELETE_PART):
            total += delete_rows(engine, rule, keys[start : start + DELETE_PART])
    return total


def preview(engine: Engine, rule: Rule) -> Old:
    """Counts what `purge` would delete, by the same walk."""
    rows, oldest = 0, None
    for found in _walk(engine, rule):
        rows += len(found)
        ages = [row.age for row in found if row.age is not None]
        oldest = min([*ages, *([oldest] if oldest else [])], default=None)
    return Old(rule.table, rows, oldest, whose=rule.whose)


def _walk(engine: Engine, rule: Rule) -> Iterator[list[Any]]:
    """The keys and ages of rows that go, part by part."""
    last: Key | None = None
    key = tuple(rule.model.__table__.primary_key.columns)
    while True:
        step = select(*key, rule.age.label("age"), rule.which.label("goes")).where(rule.within)
        step = step.order_by(*key).limit(WALK_PART)
        if last is not None:
            values = (literal(value, column.type) for value, column in zip(last, key, strict=True))
            step = step.where(row_of(*key) > row_of(*values))
        with engine.connect() as connection:
            rows: list[Any] = list(connection.execute(step))
        if found := [row for row in rows if row.goes]:
            yield found
        if len(rows) < WALK_PART:
            return
        last = tuple(rows[-1])[:-2]


def delete_rows(engine: Engine, rule: Rule, keys: list[Key]) -> int:
    """Row by row in one statement's plan: SQLite scans the whole table for a list of row values. Judged again, since a
    row may have changed after the walk saw it."""
    table: Table = rule.model.__table__
    columns = tuple(table.primary_key.columns)
    own = [column == bindparam(f"key_{number}", type_=column.type) for number, column in enumerate(columns)]
    values = [{f"key_{number}": value for number, value in enumerate(key)} for key in keys]
    with begin_write(engine) as connection:
        if rule.before is not None:
            rule.before(connection, keys)
        return connection.execute(delete(table).where(*own, rule.which), values).rowcount
