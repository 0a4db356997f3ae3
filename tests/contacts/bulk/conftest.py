"""Many contacts at once, and the news that their change makes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import insert, select

from app.contacts import service
from app.contacts.grouping import tags_of
from app.contacts.models import Contact
from app.contacts.service import Source
from app.core import clock, events
from app.core.access import Actor
from app.core.db import db, write
from app.core.ids import uuid7
from tests.people import bearer, new_user


@pytest.fixture
def token(app: Flask) -> dict[str, str]:
    return bearer(app, new_user(app, "manager"))


@pytest.fixture
def heard() -> Iterator[list[tuple[str, dict[str, Any]]]]:
    found: list[tuple[str, dict[str, Any]]] = []

    def hear(_connection: Any, name: str, _account: Any, payload: dict[str, Any]) -> None:
        found.append((name, payload))

    events.subscribe("*", hear)
    yield found
    events.unsubscribe("*", hear)


@pytest.fixture
def crowd(actor: Actor) -> Callable[[int], list[UUID]]:
    """`crowd(250)` -> the ids of so many new contacts."""

    def make(number: int) -> list[UUID]:
        now, ids = clock.now(), [uuid7() for _ in range(number)]
        same = {"account_id": actor.account_id, "source": "form", "custom": {}, "created_at": now, "updated_at": now}
        with write() as session:
            session.execute(insert(Contact), [{"id": id_, "name": f"P {n}", **same} for n, id_ in enumerate(ids)])
        return ids

    return make


@pytest.fixture
def add(app: Flask) -> Callable[..., UUID]:
    """`add(name="Ana")` -> the id of a contact, made while no app context stays open: pages are asked next."""
    person = new_user(app, "admin")

    def make(**values: Any) -> UUID:
        with app.app_context(), write():
            return service.create(Actor(person.account_id, person.id, person.email), values, Source.FORM).id

    return make


def tagged(*ids: UUID) -> list[list[str]]:
    """The names of the tags of contacts, one by one."""
    db.session.rollback()
    serials = dict(db.session.execute(select(Contact.id, Contact.serial)).all())
    found = tags_of(db.session.connection(), [serials[id_] for id_ in ids])
    return [[tag.name for tag in found.get(serials[id_], [])] for id_ in ids]


def kept() -> int:
    """How many contacts are not deleted."""
    db.session.rollback()
    return len(db.session.scalars(select(Contact.id).where(Contact.deleted_at.is_(None))).all())
