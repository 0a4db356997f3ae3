"""Migrations go up and down on both databases, with rows in the tables, and match the models."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from uuid import UUID

import flask_migrate
from flask import Flask
from sqlalchemy import Engine, func, insert, select, text

from app.accounts.models import Account, AuditEntry
from app.contacts import reading
from app.contacts.filters import Filters
from app.contacts.models import Contact
from app.core import clock, migrate
from app.core.db import begin_write, db
from app.core.ids import uuid7
from app.core.runtime import runtime
from app.outbound.models import Delivery, Status
from app.tracking.models import MatchHour, TrackedEvent
from bench.people import fill_contacts
from tests.outbound.true_figures import counted, kept
from tests.tracking_fixtures import (
    ASYNC,
    KWAI_REGISTRATION,
    META_PURCHASE,
    drain,
    make_pixel,
    make_sender,
    sender,
    settings,
    simulator,
)

__all__ = ["drain", "make_pixel", "make_sender", "sender", "settings", "simulator"]


def test_models_and_migrations_agree(app: Flask) -> None:
    with app.app_context():
        flask_migrate.check()


def test_migrations_go_down_and_up_again_with_rows_in_the_tables(app: Flask) -> None:
    with app.app_context():
        flask_migrate.downgrade(revision="base")
        assert migrate.current_revision(app) is None
        flask_migrate.upgrade()
        assert migrate.current_revision(app) == migrate.head_revision(app)
        assert db.session.scalar(select(func.count()).select_from(Account)) == 1


def test_the_copy_of_a_sqlite_file_is_complete_and_private(app: Flask, tmp_path: Path) -> None:
    file = runtime(app).settings.database_file
    if file is None:  # PostgreSQL has its own backups
        return
    copies = [migrate.copy_sqlite(file) for _ in range(2)]
    assert copies[0].stat().st_mode & 0o777 == 0o600
    assert copies[0].stat().st_size > 0


def test_the_desk_counts_what_was_recorded_before_it(app: Flask, sender, make_pixel, drain, simulator) -> None:
    """Down to the first release and up again, with events in every state: the same figures as the transactions kept."""
    engine = runtime(app).engine
    for number in range(3):
        sender.post({**META_PURCHASE, "event_id": f"m{number}", "email": f"a{number}@example.com"}, **ASYNC)
    sender.post({**META_PURCHASE, "event_id": "denied", "consent": {"ad_user_data": "denied"}}, **ASYNC)
    sender.post(KWAI_REGISTRATION, **ASYNC)
    simulator.behave(kind="refuse", platform="kwai")
    drain()
    sender.post({**META_PURCHASE, "event_id": "waits"}, **ASYNC)
    before, matches = kept(engine), _matches(engine)
    with app.app_context():
        flask_migrate.downgrade(revision="0001")
        flask_migrate.upgrade()
    assert before["tallies"]
    assert kept(engine) == before == counted(engine)
    assert _matches(engine) == matches
    with engine.connect() as connection:
        assert set(connection.scalars(select(Delivery.error).where(Delivery.status != Status.DONE))) == {
            None, "consent", "refused",
        }  # fmt: skip
        clicks = set(connection.scalars(select(TrackedEvent.click_id)))
        assert clicks == {META_PURCHASE["fbclid"], KWAI_REGISTRATION["click_id"]}


def test_the_audit_goes_into_months_and_back_with_all_its_entries(app: Flask) -> None:
    engine, account = runtime(app).engine, _first_account(app)
    times = [clock.now() - timedelta(days=days) for days in (430, 40, 0)]
    made = {"account_id": account, "actor": "a@example.com", "action": "pixel.updated", "changes": {"active": [0, 1]}}
    with begin_write(engine) as connection:
        connection.execute(insert(AuditEntry), [{**made, "id": uuid7(), "created_at": at} for at in times])
    before = _entries(engine)
    assert len(before) == 3
    with app.app_context():
        flask_migrate.downgrade(revision="0003")
        assert _entries(engine) == before
        flask_migrate.upgrade()
    assert _entries(engine) == before
    if engine.dialect.name == "postgresql":
        with engine.connect() as connection:
            where = connection.execute(text("SELECT created_at, tableoid::regclass::text FROM audit_entry"))
            assert dict(where.all()) == {at: f"audit_entry_p{at:%Y%m}" for at in times}


def _entries(engine: Engine) -> list[tuple[object, ...]]:
    with engine.connect() as connection:
        found = select(*AuditEntry.__table__.columns).order_by(AuditEntry.created_at)
        return [tuple(row) for row in connection.execute(found)]


def _first_account(app: Flask) -> UUID:
    with app.app_context():
        return db.session.scalars(select(Account.id)).one()


def _matches(engine: Engine) -> list[tuple[object, ...]]:
    with engine.connect() as connection:
        columns = [
            column for column in MatchHour.__table__.columns if column.name != "shard"
        ]  # each writer has its own
        return [tuple(row) for row in connection.execute(select(*columns).order_by(MatchHour.hour))]


def test_contacts_go_with_their_tables_and_what_was_there_before_stays(app: Flask) -> None:
    """Down past the release that brought them, with rows in all their tables, and up again."""
    engine = runtime(app).engine
    with app.app_context():
        account_id = db.session.scalar(select(Account.id))
        db.session.rollback()
        fill_contacts(engine, account_id, 200)
        flask_migrate.downgrade(revision="0005")
        flask_migrate.upgrade()
        with begin_write(engine) as connection:
            assert connection.scalar(select(func.count()).select_from(Contact)) == 0
        fill_contacts(engine, account_id, 200)
        found = reading.page_of(db.session(), account_id, Filters(text="silva"))
        assert found.total == len(found.rows) > 0
        assert db.session.scalar(select(func.count()).select_from(Account)) == 1
