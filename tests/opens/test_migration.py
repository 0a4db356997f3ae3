"""Migration 0003 goes down and up again with rows in its tables, and leaves the rest as it was."""

from __future__ import annotations

import flask_migrate
from flask import Flask
from sqlalchemy import func, insert, select

from app.accounts.models import Account
from app.core import clock, migrate
from app.core.db import Base, begin_write, db
from app.core.ids import uuid7
from app.core.periods import DAY
from app.core.runtime import runtime
from app.opens.mailings.models import MailedId, Mailing, MailingDelay
from app.opens.rules.models import OpenRule
from tests.opens.opens_fixtures import account_of, asked, keys_of, loads, opens, record, recount, upload

TABLES = (
    "email_open", "opened_id", "user_agent", "open_hour", "open_slice_hour", "open_slice_day", "open_miss_hour",
    "image", "image_content", "open_settings", "open_rule", "mailing", "mailed_id", "mailing_delay",
)  # fmt: skip


def numbers(app: Flask) -> dict[str, int]:
    with runtime(app).engine.connect() as connection:
        counted = {name: select(func.count()).select_from(Base.metadata.tables[name]) for name in TABLES}
        return {name: connection.scalar(number) or 0 for name, number in counted.items()}


def fill(app: Flask) -> None:
    """A row in each table."""
    own, mailing, now = account_of(app), uuid7(), clock.now()
    keys_of(app)
    upload(app)
    record(app, [asked("F1")])
    loads(app.test_client(), "/image/absent.png")
    with begin_write(runtime(app).engine) as connection:
        made = {"account_id": own, "created_by": None, "created_at": now}
        rule = {"id": uuid7(), "kind": "agent", "pattern": "acme", "open_class": "bot", "note": ""}
        connection.execute(insert(OpenRule).values(**made, **rule))
        period = {"starts_at": now, "ends_at": now + DAY, "updated_at": now}
        connection.execute(insert(Mailing).values(id=mailing, name="M", listed=1, version=1, **made, **period))
        connection.execute(insert(MailedId).values(account_id=own, ref="F1", mailing_id=mailing, sent_at=now))
        delay = {"bucket": 0, "shard": 0, "ids": 1}
        connection.execute(insert(MailingDelay).values(account_id=own, mailing_id=mailing, **delay))


def test_it_goes_down_and_up_with_a_row_in_each_table(app: Flask) -> None:
    fill(app)
    assert all(numbers(app).values()), numbers(app)
    with app.app_context():
        flask_migrate.downgrade(revision="0002")
        flask_migrate.upgrade()
        assert migrate.current_revision(app) == migrate.head_revision(app)
        flask_migrate.check()
        assert db.session.scalar(select(func.count()).select_from(Account)) == 1
    assert not any(numbers(app).values()), numbers(app)

    record(app, [asked("F2")])
    assert [row.ref for row in opens(app)] == ["F2"]
    with runtime(app).engine.connect() as connection:
        recount(connection, account_of(app))
