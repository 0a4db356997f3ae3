"""Counters kept in the transactions that change what they count: added to, never counted anew."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, cast

from sqlalchemy import Connection, Table

from app.core.bulk import BulkInsert
from app.core.db import Base

SHARDS = 16  # writers of one row that do not wait for each other on PostgreSQL; SQLite has one writer at a time

Key = tuple[Any, ...]


class Rollup:
    """`rollup(connection, {key: counts})` adds the counts to the rows of a table whose primary key is the key and a
    shard. Keys and counts are in the order of the model's columns; a count may be negative. `apart`: to rows of their
    own, for who comes second in a transaction: the first may hold rows that are later in the order than these."""

    def __init__(self, model: type[Base]) -> None:
        table = cast(Table, model.__table__)
        keys = [column.name for column in table.primary_key.columns]
        if keys[-1] != "shard":
            raise TypeError(f"{table.name}: the last column of the key of a rollup is its shard")
        counts = [column.name for column in table.columns if column.name not in keys]
        sums = ", ".join(f"{name} = {table.name}.{name} + excluded.{name}" for name in counts)
        conflict = f"ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {sums}"
        self._add = BulkInsert(model, table.columns.keys(), conflict)

    def __call__(self, connection: Connection, counts: Mapping[Key, Sequence[int]], *, apart: bool = False) -> None:
        if not counts:
            return
        if connection.dialect.name == "sqlite":
            self._add.many(connection, [(*key, 0, *numbers) for key, numbers in counts.items()])
            return
        shard = shard_of(os.getpid()) + (SHARDS if apart else 0)
        keys = sorted(counts, key=_order)  # in one order: no two writers deadlock
        self._add.many(connection, [(*key, shard, *counts[key]) for key in keys])


@lru_cache(maxsize=4)
def shard_of(pid: int) -> int:
    """This process's shard. By lot: in containers every process has the same low id, and on all hosts one shard."""
    return secrets.randbelow(SHARDS)


def _order(key: Key) -> list[str]:
    return [str(part) for part in key]


def hour_of(moment: datetime) -> datetime:
    """The UTC hour that a moment lies in."""
    if moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    return moment.replace(minute=0, second=0, microsecond=0)
