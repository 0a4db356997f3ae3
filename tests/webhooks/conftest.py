"""Webhooks of the first account, and what they were told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from app.accounts.sign_in import first_account
from app.core.access import Actor
from app.core.db import db, write
from app.core.runtime import runtime
from app.outbound.models import Delivery
from app.webhooks import service
from app.webhooks.models import WebhookMessage

NEW: dict[str, Any] = {"name": "Loja", "url": "https://hooks.example.com/in", "events": ["*"]}
SECRET = "a-secret-of-my-own-7f3c"


@pytest.fixture
def owner(app: Flask) -> Actor:
    with app.app_context():
        return Actor(first_account(db.session()).id, None, "ana@example.com", "203.0.113.9")


@pytest.fixture
def subscribe(app: Flask, owner: Actor) -> Callable[..., tuple[UUID, str]]:
    """Creates a webhook; answers its id and secret."""

    def make(by: Actor = owner, **values: Any) -> tuple[UUID, str]:
        with app.test_request_context(), write():
            webhook, secret = service.create(by, {**NEW, **values})
            return webhook.id, secret

    return make


@pytest.fixture
def told(app: Flask) -> Callable[[], list[Any]]:
    """Every delivery with its message: (target_id, status, message id, event, body), oldest first."""

    def rows() -> list[Any]:
        wanted = (
            select(Delivery.target_id, Delivery.status, WebhookMessage.id, WebhookMessage.event, WebhookMessage.body)
            .join(WebhookMessage, WebhookMessage.id == Delivery.ref_id)
            .order_by(Delivery.id)
        )
        with runtime(app).engine.connect() as connection:
            return list(connection.execute(wanted))

    return rows


@pytest.fixture
def within(app: Flask) -> Iterator[None]:
    with app.test_request_context():
        yield
