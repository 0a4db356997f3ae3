"""A pixel, an actor and the wire form of both, for every test of pixels."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from app.accounts.sign_in import first_account
from app.core.access import Actor
from app.core.db import db, write
from app.pixels import service
from tests.people import new_account

TOKEN = "EAAB-a-token-that-nobody-may-see-9f3c"


@pytest.fixture
def context(app: Flask) -> Iterator[None]:
    with app.test_request_context():
        yield


@pytest.fixture
def account_id(app: Flask) -> UUID:
    with app.app_context():
        return first_account(db.session()).id


@pytest.fixture
def actor(account_id: UUID) -> Actor:
    return Actor(account_id, None, "ana@example.com", "203.0.113.9")


@pytest.fixture
def stranger(app: Flask) -> Actor:
    """Somebody of another account."""
    return Actor(new_account(app), None, "bob@example.com")


@pytest.fixture
def make_pixel(app: Flask, actor: Actor) -> Callable[..., UUID]:
    """Creates a pixel, by default a Meta one of the first account; answers its id."""

    def make(by: Actor = actor, **values: Any) -> UUID:
        given = {"platform": "facebook", "pixelId": "123456789012345", "accessToken": TOKEN, **values}
        with app.test_request_context(), write():
            return service.create(by, given).id

    return make
