"""Partitions of months on PostgreSQL: made ahead also over what DEFAULT caught, in nobody's way, dropped by age."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import Connection, Engine, func, insert, select, text
from sqlalchemy.exc import IntegrityError

from app.accounts.models import AuditEntry
from app.core import clock, partition_upkeep, partitions
from app.core.ids import uuid7, uuid7_at
from app.core.runtime import runtime
from app.work.ticker import Ticker
from tests.opens.opens_fixtures import account_of

on_postgresql = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
FAR = datetime(2031, 3, 14, 15, tzinfo=UTC)  # no partition is made so far ahead by anything else
LONG_AGO = datetime(2019, 3, 14, 15, tzinfo=UTC)


@pytest.fixture
def engine(app: Flask) -> Iterator[Engine]:
    """Of a database whose partitions are afterwards as they were."""
    engine = runtime(app).engine
    with engine.connect() as connection:
        before = {table: partitions.names(connection, table) for table in partitions.PARTITIONED}
    yield engine
    with engine.begin() as connection:
        for table, there in before.items():
            for name in set(partitions.names(connection, table)) - set(there):
                connection.execute(text(f"DROP TABLE {name}"))


def note(engine: Engine, account_id: UUID, at: datetime, count: int = 3) -> None:
    """Entries of that time."""
    rows = [
        {"account_id": account_id, "id": uuid7_at(at, uuid7().int), "created_at": at, "actor": "a", "action": "x.y"}
        for _ in range(count)
    ]
    with engine.begin() as connection:
        connection.execute(insert(AuditEntry), rows)


def places(connection: Connection) -> dict[str, int]:
    """How many entries each partition holds."""
    found = text("SELECT tableoid::regclass::text, count(*) FROM audit_entry GROUP BY 1")
    return {row[0]: row[1] for row in connection.execute(found)}


def test_sqlite_has_none(app: Flask) -> None:
    with runtime(app).engine.begin() as connection:
        if connection.dialect.name == "sqlite":
            assert partitions.ensure(connection, "attempt", clock.now()) == []
            assert partitions.names(connection, "attempt") == []
        assert partitions.missing(connection, "attempt", clock.now()) == []


@on_postgresql
def test_this_month_and_the_next_two_are_made_once(engine: Engine) -> None:
    made = partition_upkeep.keep_ahead(engine, FAR)

    assert [name for name in made if "attempt" in name] == [f"attempt_p2031{month}" for month in ("03", "04", "05")]
    assert len(made) == 3 * len(partitions.PARTITIONED)
    assert partition_upkeep.keep_ahead(engine, FAR) == []


@on_postgresql
def test_the_ticker_that_leads_makes_them(app: Flask, engine: Engine, travel: Callable[[timedelta], None]) -> None:
    travel(FAR - clock.now())
    ticker = Ticker(app)
    ticker.tick()
    ticker.end()

    with engine.connect() as connection:
        assert all(partitions.missing(connection, table, FAR) == [] for table in partitions.PARTITIONED)


@on_postgresql
def test_rows_that_default_caught_move_into_the_partition_that_is_made_late(app: Flask, engine: Engine) -> None:
    own, april = account_of(app), datetime(2031, 4, 1, tzinfo=UTC)
    note(engine, own, FAR)
    note(engine, own, april - timedelta(microseconds=1))
    note(engine, own, april)
    note(engine, own, FAR + timedelta(days=300))

    partition_upkeep.keep_ahead(engine, FAR)

    with engine.connect() as connection:
        assert places(connection) == {"audit_entry_p203103": 6, "audit_entry_p203104": 3, "audit_entry_default": 3}
        row = connection.execute(select(AuditEntry.__table__).limit(1)).one()
        keys = text("SELECT indexdef FROM pg_indexes WHERE tablename = 'audit_entry_p203103'")
        assert "(account_id, created_at, id)" in connection.scalar(keys)
    with pytest.raises(IntegrityError), engine.begin() as connection:
        connection.execute(insert(AuditEntry), row._asdict())  # the key holds over what moved


@on_postgresql
def test_a_month_too_large_to_move_stays_where_it_is(app: Flask, engine: Engine) -> None:
    note(engine, account_of(app), FAR, count=3)
    with engine.begin() as connection:
        made = partitions.ensure(connection, "audit_entry", FAR, moved_at_most=2)

    assert made == ["audit_entry_p203104", "audit_entry_p203105"]
    with engine.connect() as connection:
        assert places(connection) == {"audit_entry_default": 3}


@on_postgresql
def test_two_that_make_the_same_partitions_do_not_collide(engine: Engine) -> None:
    both = [threading.Thread(target=partition_upkeep.keep_ahead, args=(engine, FAR, 10)) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join(20)

    with engine.connect() as connection:
        assert all(partitions.missing(connection, table, FAR) == [] for table in partitions.PARTITIONED)


@on_postgresql
def test_a_partition_that_somebody_reads_is_dropped_when_they_are_done(app: Flask, engine: Engine) -> None:
    with engine.begin() as connection:
        partitions.ensure(connection, "audit_entry", LONG_AGO, months_ahead=1)
    note(engine, account_of(app), LONG_AGO)
    cutoff = datetime(2019, 4, 1, tzinfo=UTC)
    with engine.connect() as reader:
        assert reader.scalar(select(func.count()).select_from(AuditEntry)) == 3

        assert partition_upkeep.retire(engine, "audit_entry", cutoff, tries=2) == []
        note(engine, account_of(app), clock.now(), count=1)  # writers are not held up by it

        threading.Timer(0.6, reader.rollback).start()
        assert partition_upkeep.retire(engine, "audit_entry", cutoff) == ["audit_entry_p201903"]
    with engine.connect() as connection:
        assert "audit_entry_p201904" in partitions.names(connection, "audit_entry")
        assert connection.scalar(select(func.count()).select_from(AuditEntry)) == 1


@on_postgresql
def test_writers_of_this_month_do_not_wait_while_a_partition_is_made(app: Flask, engine: Engine) -> None:
    with engine.begin() as writer:
        writer.execute(insert(AuditEntry), entry(account_of(app)))

        assert len(partition_upkeep.keep_ahead(engine, FAR)) == 3 * len(partitions.PARTITIONED)


@on_postgresql
def test_one_who_waits_for_default_holds_nobody_up_for_long(engine: Engine, hold: Callable[[str], None]) -> None:
    hold("LOCK TABLE audit_entry_default IN ACCESS SHARE MODE")
    began = time.monotonic()

    made = partition_upkeep.keep_ahead(engine, FAR)

    assert not [name for name in made if name.startswith("audit_entry")]
    assert time.monotonic() - began < 3
    with engine.connect() as connection:
        assert partitions.missing(connection, "audit_entry", FAR)  # and is made the next time


@pytest.fixture
def hold(engine: Engine) -> Iterator[Callable[[str], None]]:
    """`hold("LOCK …")`: another transaction holds that lock until the test ends."""
    with engine.connect() as connection:
        yield lambda statement: connection.execute(text(statement)) and None


@on_postgresql
def test_what_only_default_holds_goes_by_its_age_too(app: Flask, engine: Engine) -> None:
    own = account_of(app)
    note(engine, own, LONG_AGO, count=partition_upkeep.DELETE_PART + 1)
    note(engine, own, FAR, count=2)

    assert partition_upkeep.retire(engine, "audit_entry", LONG_AGO + timedelta(days=1)) == []

    with engine.connect() as connection:
        assert places(connection) == {"audit_entry_default": 2}


def entry(account_id: UUID) -> dict[str, object]:
    id_ = uuid7()
    return {"account_id": account_id, "id": id_, "created_at": clock.now(), "actor": "a", "action": "x.y"}
