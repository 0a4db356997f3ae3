"""An actor, and images that were uploaded by them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from app.core.access import Actor
from app.core.db import write
from app.opens.images import service
from app.opens.images.picture import read_picture
from tests.opens.images.samples import made
from tests.opens.opens_fixtures import account_of
from tests.people import new_account


@pytest.fixture
def context(app: Flask) -> Iterator[None]:
    with app.test_request_context():
        yield


@pytest.fixture
def actor(app: Flask) -> Actor:
    return Actor(account_of(app), None, "ana@example.com", "203.0.113.9")


@pytest.fixture
def stranger(app: Flask) -> Actor:
    """Somebody of another account."""
    return Actor(new_account(app), None, "bob@example.com")


@pytest.fixture
def make_image(app: Flask, actor: Actor) -> Callable[..., UUID]:
    """Uploads an image, by default a PNG of the first account; answers its id."""

    def make(given: str = "logo.png", by: Actor = actor, raw: bytes | None = None, **values: Any) -> UUID:
        with app.test_request_context(), write():
            image = service.create(by, read_picture(raw or made()), given=given)
            if values:
                service.change(by, image.id, values)
            return image.id

    return make
