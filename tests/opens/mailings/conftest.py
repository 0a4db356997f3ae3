"""A mailing, somebody who may change it, and what is stored of its list."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.core import clock
from app.core.access import Actor
from app.core.db import db, write
from app.core.rollup import hour_of
from app.core.runtime import runtime
from app.opens.mailings import changes, service
from app.opens.mailings.lists import Tally
from app.opens.mailings.models import MailedId, Mailing, MailingDelay
from app.opens.mailings.reading import Row, judged
from app.opens.models import OpenedId
from tests.opens.opens_fixtures import account_of

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


@pytest.fixture
def actor(app: Flask) -> Actor:
    return Actor(account_of(app), None, "ana@example.com")


@pytest.fixture
def begins() -> datetime:
    """When the mailing of a test was sent: two days ago."""
    return hour_of(clock.now()) - 2 * DAY


@pytest.fixture
def make_mailing(app: Flask, actor: Actor, begins: datetime) -> Callable[..., UUID]:
    def make(by: Actor = actor, **values: Any) -> UUID:
        given = {"name": "Novembro", "starts_at": begins, "ends_at": begins + 7 * DAY, **values}
        with app.test_request_context(), write():
            return service.create(by, given).id

    return make


def listed(app: Flask, mailing_id: UUID) -> dict[str, datetime | None]:
    """The ids of a mailing and when each was opened."""
    found = select(MailedId.ref, MailedId.opened_at).where(MailedId.mailing_id == mailing_id)
    with runtime(app).engine.connect() as connection:
        return {row.ref: row.opened_at for row in connection.execute(found)}


def delays(app: Flask, mailing_id: UUID) -> dict[int, int]:
    """The counted ids by bucket, those without left out."""
    counted = select(MailingDelay.bucket, func.sum(MailingDelay.ids)).where(MailingDelay.mailing_id == mailing_id)
    with runtime(app).engine.connect() as connection:
        rows = connection.execute(counted.group_by(MailingDelay.bucket)).all()
    return {bucket: int(ids) for bucket, ids in rows if ids}


def awaited(app: Flask, ref: str) -> bool | None:
    """Whether a known id is waited for; None for an unknown one."""
    with runtime(app).engine.connect() as connection:
        return connection.scalar(select(OpenedId.awaited).where(OpenedId.ref == ref))


def mailing_of(app: Flask, id: UUID) -> Mailing:
    with app.app_context():
        found = db.session.get_one(Mailing, id)
        db.session.expunge(found)
        return found


def rows_of(*refs: str, sent_at: datetime | None = None) -> list[Row]:
    return [judged(ref, sent_at, line) for line, ref in enumerate(refs, 1)]


def list_ids(app: Flask, actor: Actor, mailing_id: UUID, *refs: str, sent_at: datetime | None = None) -> Tally:
    """Lists ids as a request does."""
    with app.test_request_context():
        mailing = service.get(actor.account_id, mailing_id)
        return changes.add_now(actor, mailing, rows_of(*refs, sent_at=sent_at))


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc]
