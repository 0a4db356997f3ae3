"""What the tests of the team ask for: letters, links, the audit, people with a second factor."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from app.accounts.models import AuditEntry, User
from app.accounts.second_factor.models import SecondFactor
from app.core import clock
from app.core.db import db, write
from app.core.runtime import runtime
from app.deliveries.outbox.service import Waiting, waiting
from tests.people import Person, bearer

LINK = re.compile(r"/invitation/([A-Za-z0-9_-]+)")


@pytest.fixture
def letters(app: Flask) -> Callable[..., list[Waiting]]:
    """`letters(account_id=None)`: what waits in the outbox, newest first."""

    def read(account_id: UUID | None = None) -> list[Waiting]:
        with app.app_context():
            return waiting(db.session(), runtime(app), account_id)

    return read


@pytest.fixture
def token_of(letters: Any) -> Callable[[str], str]:
    """`token_of(email)`: of the link in the latest invitation to an address."""

    def find(email: str) -> str:
        letter = next(one for one in letters() if one.to == email and one.purpose == "invitation")
        found = LINK.search(letter.text)
        assert found is not None, letter.text
        return found[1]

    return find


@pytest.fixture
def audited(app: Flask) -> Callable[..., list[tuple[str, str, str | None, Any]]]:
    """`audited("user.")`: (action, who, whom, changes) of the entries whose action begins so."""

    def read(prefix: str) -> list[tuple[str, str, str | None, Any]]:
        columns = (AuditEntry.action, AuditEntry.actor, AuditEntry.subject, AuditEntry.changes)
        with app.app_context():
            rows = db.session.execute(select(*columns).order_by(AuditEntry.id))
            return [tuple(row) for row in rows if row.action.startswith(prefix)]

    return read


@pytest.fixture
def person(app: Flask) -> Callable[[Person], User | None]:
    """`person(somebody)`: their row as it is now."""

    def read(somebody: Person) -> User | None:
        with app.app_context():
            return db.session.get(User, somebody.id)

    return read


@pytest.fixture
def give_factor(app: Flask) -> Callable[[Person], None]:
    def give(somebody: Person) -> None:
        now = clock.now()
        with app.app_context(), write() as store:
            row = SecondFactor(user_id=somebody.id, sealed_secret="sealed", created_at=now, confirmed_at=now)
            store.add(row)

    return give


@pytest.fixture
def boss(app: Flask, make_user: Any) -> Person:
    return make_user("admin", email="boss@example.com", name="Bia")


@pytest.fixture
def api(app: Flask, boss: Person) -> Any:
    """`api("put", "/users/…", json=…)` as the administrator `boss`; `token=` as somebody else."""
    own = bearer(app, boss)

    def call(method: str, path: str, *, token: dict[str, str] | None = None, **options: Any) -> Any:
        return app.test_client().open(f"/api{path}", method=method.upper(), headers=token or own, **options)

    return call
