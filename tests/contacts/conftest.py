"""Contacts for tests: somebody acting, and people made by the service."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from app.contacts import service
from app.contacts.models import Category
from app.contacts.service import Source
from app.core import clock
from app.core.access import Actor
from app.core.db import write
from tests.people import new_user


@pytest.fixture
def actor(app: Flask) -> Iterator[Actor]:
    """An administrator of the first account, inside the app's context."""
    person = new_user(app, "admin")
    with app.app_context():
        yield Actor(person.account_id, person.id, person.email)


@pytest.fixture
def make_contact(actor: Actor) -> Callable[..., UUID]:
    """`make_contact(name="Ana", phoneNumber="…")` -> its id."""

    def make(by: Actor = actor, **values: Any) -> UUID:
        with write():
            return service.create(by, values, Source.FORM).id

    return make


@pytest.fixture
def category(actor: Actor) -> UUID:
    with write() as session:
        now = clock.now()
        row = Category(
            account_id=actor.account_id, name="Clientes", folded_name="clientes", color="#2fb344", created_at=now,
            updated_at=now,
        )  # fmt: skip
        session.add(row)
        session.flush()
        return row.id
