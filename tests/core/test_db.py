"""The only ways to write: one at a time on SQLite, committed at the end, followed by what waited for the commit."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, insert, select, text, update
from sqlalchemy.exc import DBAPIError

from app.accounts.models import Account
from app.core import clock
from app.core.bulk import BulkInsert
from app.core.db import after_commit, begin_write, db, engine_options, to_json, write
from app.core.ids import uuid7
from app.core.models import ConfigVersion, CronRun, Heartbeat
from app.core.runtime import runtime
from app.core.writer import Pen, Ticket, Writer


def row(name: str) -> dict[str, object]:
    return {"process": name, "kind": "test", "seen_at": clock.now()}


def names(app: Flask) -> set[str]:
    with runtime(app).engine.connect() as connection:
        return set(connection.scalars(select(Heartbeat.process)))


def test_a_write_commits_at_its_end(app: Flask) -> None:
    with app.app_context(), write() as session:
        session.add(Heartbeat(**row("a")))
    assert names(app) == {"a"}


def test_an_exception_leaves_nothing_and_calls_nobody(app: Flask) -> None:
    called: list[str] = []

    def fail() -> None:
        with write() as session:
            session.add(Heartbeat(**row("a")))
            after_commit(session.connection(), "x", lambda: called.append("x"))
            raise ZeroDivisionError

    with app.app_context(), pytest.raises(ZeroDivisionError):
        fail()
    assert (names(app), called) == (set(), [])


def test_what_waited_for_the_commit_runs_once_after_it(app: Flask) -> None:
    seen: list[set[str]] = []
    with begin_write(runtime(app).engine) as connection:
        connection.execute(insert(Heartbeat), row("a"))
        for _ in range(2):
            after_commit(connection, "x", lambda: seen.append(names(app)))
    assert seen == [{"a"}]


def test_on_postgresql_a_write_whose_host_was_cut_off_is_soon_ended_and_a_read_has_its_time(app: Flask) -> None:
    engine = runtime(app).engine
    if engine.dialect.name != "postgresql":
        return
    asked = text("SELECT current_setting('idle_in_transaction_session_timeout')")
    with begin_write(engine) as connection, app.app_context(), write() as session:
        assert (connection.scalar(asked), session.scalar(asked)) == ("5s", "5s")
    with engine.connect() as connection:
        assert connection.scalar(asked) == "1min"


@pytest.mark.parametrize(("query", "wants"), [("", False), ("?prepare_threshold=none", True)])
def test_a_pool_that_keeps_no_prepared_statements_gets_none(make_settings: Any, query: str, wants: bool) -> None:
    options = engine_options(make_settings(database_url=f"postgresql+psycopg://kalitrack@127.0.0.1/kalitrack{query}"))

    assert ("prepare_threshold" in options["connect_args"]) is wants


def test_a_write_outside_of_a_write_is_refused_by_name(app: Flask) -> None:
    with app.app_context():
        db.session.add(Heartbeat(**row("a")))
        with pytest.raises(RuntimeError, match="write"):
            db.session.flush()
        db.session.rollback()


def test_a_write_inside_a_write_is_refused(app: Flask) -> None:
    with app.app_context(), pytest.raises(RuntimeError, match="inside"), write(), write():
        pass


def test_objects_read_before_are_read_again_inside(app: Flask) -> None:
    with app.app_context():
        account = db.session.scalars(select(Account)).one()
        with begin_write(runtime(app).engine) as connection:
            connection.execute(update(Account).values(name="Renamed elsewhere"))
        with write():
            assert account.name == "Renamed elsewhere"


def test_concurrent_writers_lose_no_update(app: Flask) -> None:
    engine = runtime(app).engine

    def count_up() -> None:
        for _ in range(25):
            with begin_write(engine) as connection:
                connection.execute(update(ConfigVersion).values(version=ConfigVersion.version + 1))

    with engine.connect() as connection:
        before = connection.scalar(select(ConfigVersion.version)) or 0
    threads = [threading.Thread(target=count_up) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with engine.connect() as connection:
        assert connection.scalar(select(ConfigVersion.version)) == before + 100


def test_times_come_back_aware_and_in_utc_whatever_zone_they_went_in_with(app: Flask) -> None:
    at = datetime(2026, 11, 22, 3, 4, 5, 678901, timezone(timedelta(hours=-3)))
    with app.app_context():
        with write() as session:
            session.add(CronRun(name="x", due_at=at, started_at=at))
        found = db.session.scalars(select(CronRun)).one()
        assert found.due_at == at
        assert found.due_at.utcoffset() == timedelta(0)


def test_json_keeps_the_digits_of_decimals() -> None:
    assert to_json({"value": Decimal("50.00"), "ç": None}) == '{"value":"50.00","ç":null}'


def test_a_bulk_insert_writes_what_the_models_write(app: Flask) -> None:
    engine, at = runtime(app).engine, clock.now()
    account = {"id": uuid7(), "name": "Bulk", "timezone": "UTC", "country_code": "55", "created_at": at}
    columns = tuple(account)
    with begin_write(engine) as connection:
        assert BulkInsert(Account, columns)(connection, [account]) == 1
        connection.execute(insert(Account), {**account, "id": uuid7()})
    with engine.connect() as connection:
        bulk, core = connection.execute(select(Account).where(Account.name == "Bulk").order_by(Account.id)).all()
        stored = connection.exec_driver_sql("SELECT created_at FROM account WHERE name = 'Bulk'").scalars().all()
    assert tuple(bulk)[1:] == tuple(core)[1:]
    assert stored[0] == stored[1]


class Rows:
    """A recorder of heartbeats; one name is poison."""

    def record(self, connection: object, items: object) -> None:
        for item in items:  # type: ignore[attr-defined]
            if item == "poison":
                raise ValueError("poison")
            connection.execute(insert(Heartbeat), row(item))  # type: ignore[attr-defined]


def test_a_ticket_waits_for_its_commit(app: Flask) -> None:
    writer, rows = Writer(runtime(app).engine), Rows()
    tickets = [writer.submit(rows, f"p{number}") for number in range(300)]
    assert all(ticket.wait(10) for ticket in tickets)
    assert len(names(app)) == 300


class First(Rows):
    """Sorts before the others."""


def test_a_batch_is_written_in_one_order_however_it_came(app: Flask) -> None:
    """PostgreSQL would let two processes that wrote the same rows the other way round wait for each other."""
    pen, rows, first = Pen(runtime(app).engine), Rows(), First()

    for batch in ([Ticket(rows, "z"), Ticket(first, "a")], [Ticket(first, "b"), Ticket(rows, "y")]):
        pen.commit(batch)
        assert all(ticket.wait(0) for ticket in batch)

    with runtime(app).engine.connect() as connection:
        written = connection.scalars(select(Heartbeat.process).order_by(Heartbeat.seen_at)).all()
    assert written == ["a", "z", "b", "y"]


def test_one_bad_item_takes_no_other_with_it(app: Flask) -> None:
    writer, rows = Writer(runtime(app).engine), Rows()
    tickets = [writer.submit(rows, name) for name in ("a", "poison", "b")]
    assert tickets[0].wait(10)
    assert tickets[2].wait(10)
    with pytest.raises(ValueError, match="poison"):
        tickets[1].wait(10)
    assert names(app) == {"a", "b"}


def test_a_database_that_refuses_fails_the_ticket_and_the_next_one_works(app: Flask) -> None:
    engine = runtime(app).engine
    writer, rows = Writer(engine), Rows()
    with begin_write(engine) as connection:
        connection.exec_driver_sql("ALTER TABLE heartbeat RENAME TO away")
    with pytest.raises(DBAPIError, match="heartbeat"):
        writer.submit(rows, "a").wait(10)
    with begin_write(engine) as connection:
        connection.exec_driver_sql("ALTER TABLE away RENAME TO heartbeat")
    assert writer.submit(rows, "b").wait(10)
    with engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(Heartbeat)) == 1
