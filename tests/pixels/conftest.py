"""A pixel, an actor and the wire form of both, for every test of pixels."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import insert, select

from app.accounts.models import Account
from app.core import clock
from app.core.access import Actor
from app.core.db import db, write
from app.core.ids import uuid7
from app.pixels import service
from app.pixels.models import Pixel

TOKEN = "EAAB-a-token-that-nobody-may-see-9f3c"


@pytest.fixture
def context(app: Flask) -> Iterator[None]:
    with app.test_request_context():
        yield


@pytest.fixture
def account_id(app: Flask) -> UUID:
    with app.app_context():
        return db.session.scalars(select(Account.id).order_by(Account.created_at)).first()


@pytest.fixture
def actor(account_id: UUID) -> Actor:
    return Actor(account_id, None, "ana@example.com", "203.0.113.9")


@pytest.fixture
def stranger(app: Flask) -> Actor:
    """Somebody of another account."""
    id = uuid7()
    row = {"id": id, "name": "Outra", "timezone": "America/Sao_Paulo", "country_code": "55", "created_at": clock.now()}
    with app.app_context(), write() as session:
        session.execute(insert(Account), row)
    return Actor(id, None, "bob@example.com")


@pytest.fixture
def make_pixel(app: Flask, actor: Actor) -> Callable[..., UUID]:
    """Creates a pixel, by default a Meta one of the first account; answers its id."""

    def make(by: Actor = actor, **values: Any) -> UUID:
        given = {"platform": "facebook", "pixelId": "123456789012345", "accessToken": TOKEN, **values}
        with app.test_request_context(), write():
            return service.create(by, given).id

    return make


@pytest.fixture
def stored(app: Flask) -> Callable[[UUID], Pixel | None]:
    """A pixel as the database has it now."""

    def read(id: UUID) -> Pixel | None:
        with app.app_context():
            return db.session.get(Pixel, id)

    return read
