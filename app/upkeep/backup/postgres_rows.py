"""All rows of a PostgreSQL database by COPY, read in one snapshot and loaded in one transaction.

By COPY rather than pg_dump: nothing has to be installed that fits the server's version, and the tables are made by the
product's own migrations."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any, cast

import psycopg
from psycopg import sql
from sqlalchemy import Connection, Engine

from app.upkeep.backup.manifest import Partition, Table

UNCOPIED = "alembic_version"  # the migrations write it
TABLES = """
SELECT c.relname::text, array_agg(a.attname::text ORDER BY a.attnum)
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
  AND a.attgenerated = '' AND c.relname <> %s
GROUP BY c.relname ORDER BY c.relname
"""
REFERENCES = """
SELECT f.conrelid::regclass::text, f.confrelid::regclass::text FROM pg_constraint f
WHERE f.contype = 'f' AND f.conrelid <> f.confrelid AND f.connamespace = current_schema()::regnamespace
"""
PARTITIONS = """
SELECT c.relname::text, p.relname::text, pg_get_expr(c.relpartbound, c.oid)
FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid JOIN pg_class p ON p.oid = i.inhparent
WHERE c.relispartition AND c.relkind = 'r' AND p.relnamespace = current_schema()::regnamespace
ORDER BY 2, 1
"""
OTHERS = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""


@contextmanager
def snapshot(engine: Engine) -> Iterator[psycopg.Connection[Any]]:
    """A read-only transaction that sees one moment; writers go on beside it."""
    with engine.connect() as connection:
        driver = driver_of(connection)
        driver.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        driver.execute("SET LOCAL statement_timeout = 0")
        driver.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        driver.execute("SELECT 1 FROM alembic_version")  # the moment
        yield driver
        driver.rollback()


def driver_of(connection: Connection) -> psycopg.Connection[Any]:
    return cast("psycopg.Connection[Any]", connection.connection.driver_connection)


def tables(driver: psycopg.Connection[Any]) -> list[Table]:
    """Of the schema, what is referred to before what refers to it."""
    found = {name: Table(name=name, columns=columns) for name, columns in driver.execute(TABLES, (UNCOPIED,))}
    order: TopologicalSorter[str] = TopologicalSorter({name: [] for name in found})
    for referring, referred in driver.execute(REFERENCES):
        if referring in found and referred in found:
            order.add(referring, referred)
    return [found[name] for name in order.static_order()]


def partitions(driver: psycopg.Connection[Any]) -> list[Partition]:
    return [Partition(name=name, parent=parent, bound=bound) for name, parent, bound in driver.execute(PARTITIONS)]


def size(driver: psycopg.Connection[Any]) -> int:
    """Bytes of the rows, about: without their indexes."""
    row = driver.execute(
        "SELECT coalesce(sum(pg_table_size(oid)), 0)::bigint FROM pg_class "
        "WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r'"
    ).fetchone()
    return int(row[0]) if row else 0


def unload(driver: psycopg.Connection[Any], table: Table, target: Path, told: Callable[[int], None]) -> int:
    """Writes the rows of one table to a file; returns how many."""
    columns = sql.SQL(", ").join(map(sql.Identifier, table.columns))
    command = sql.SQL("COPY (SELECT {} FROM {}) TO STDOUT").format(columns, sql.Identifier(table.name))
    with target.open("wb") as file, driver.cursor() as cursor:
        with cursor.copy(command) as rows:
            for block in rows:
                file.write(block)
                told(len(block))
        return cursor.rowcount


def make_partitions(driver: psycopg.Connection[Any], wanted: Iterable[Partition]) -> None:
    """Those that the migrations did not make: months gone by. The manifest has checked names and bounds."""
    there = {name for name, _parent, _bound in driver.execute(PARTITIONS)}
    for each in wanted:
        if each.name not in there:
            command = "CREATE TABLE {} PARTITION OF {} " + each.bound
            driver.execute(sql.SQL(command).format(sql.Identifier(each.name), sql.Identifier(each.parent)))


def empty(driver: psycopg.Connection[Any], wanted: Iterable[Table]) -> None:
    """Takes out what the migrations put in."""
    names = sql.SQL(", ").join(sql.Identifier(table.name) for table in wanted)
    driver.execute(sql.SQL("TRUNCATE {}").format(names))


def load(driver: psycopg.Connection[Any], table: Table, content: Iterable[bytes]) -> int:
    """Writes the rows of one table; returns how many."""
    columns = sql.SQL(", ").join(map(sql.Identifier, table.columns))
    command = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table.name), columns)
    with driver.cursor() as cursor:
        with cursor.copy(command) as rows:
            for block in content:
                rows.write(block)
        return cursor.rowcount


def present(driver: psycopg.Connection[Any], names: Iterable[str]) -> list[str]:
    """Those of the names that are tables of the schema."""
    rows = driver.execute(
        "SELECT relname::text FROM pg_class WHERE relnamespace = current_schema()::regnamespace "
        "AND relkind IN ('r', 'p') AND relname = ANY(%s) ORDER BY 1",
        (list(names),),
    )
    return [name for (name,) in rows]


def count(driver: psycopg.Connection[Any], table: Table) -> int:
    row = driver.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table.name))).fetchone()
    return int(row[0]) if row else 0


def drop(driver: psycopg.Connection[Any], names: Iterable[str]) -> None:
    for name in names:
        driver.execute(sql.SQL("DROP TABLE {} CASCADE").format(sql.Identifier(name)))


def others(driver: psycopg.Connection[Any]) -> int:
    """How many other connections the database has."""
    row = driver.execute(OTHERS).fetchone()
    return int(row[0]) if row else 0
