"""A client, the actor who makes it, and pixels that it may be limited to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from app.accounts.clients import pixel_choices, service
from app.accounts.clients.pixel_choices import PixelChoice
from app.accounts.models import ApiClient
from app.core.access import Actor
from app.core.db import db, write
from app.core.ids import uuid7
from tests.people import Person

PIXEL = PixelChoice(str(uuid7()), "facebook", "123456789012345", "Meta 123456789012345")


@pytest.fixture
def actor(make_user: Callable[..., Person]) -> Actor:
    person = make_user("admin", email="ana@example.com")
    return Actor(person.account_id, person.id, person.email, "203.0.113.9")


@pytest.fixture
def make_client(app: Flask, actor: Actor) -> Callable[..., tuple[UUID, str]]:
    """Creates a client; answers its id and its token."""

    def make(by: Actor = actor, **values: Any) -> tuple[UUID, str]:
        with app.app_context(), write() as session:
            client, token = service.create(session, by, service.ClientValues(**{"name": "Loja", **values}))
            return client.id, token

    return make


@pytest.fixture
def read(app: Flask) -> Callable[[UUID], ApiClient]:
    def one(id_: UUID) -> ApiClient:
        with app.app_context():
            return db.session.get_one(ApiClient, id_)

    return one


@pytest.fixture
def pixel(actor: Actor) -> Iterator[PixelChoice]:
    """A pixel of the first account, as pixels would list it."""

    def lister(_session: object, account_id: UUID) -> list[PixelChoice]:
        return [PIXEL] if account_id == actor.account_id else []

    pixel_choices.list_pixels_with(lister)
    yield PIXEL
    pixel_choices._listers.remove(lister)
