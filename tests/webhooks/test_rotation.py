"""Replacing secrets while deliveries go out: nothing that a receiver verifies with ever fails it."""

from __future__ import annotations

import base64
import hmac
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from app.core import clock, events
from app.core.access import Actor
from app.core.db import begin_write, write
from app.core.runtime import runtime
from app.core.settings import Settings
from app.outbound.drain import Drain
from app.outbound.pace import LOOK_S
from app.webhooks import rotation, signatures
from tests.tracking_fixtures import drain
from tests.webhooks.receiving import Received, Receiving, receiving

__all__ = ["drain"]

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

PAYLOAD = {"contactId": "01937a3e-4f10-7c3e-8a52-6d3f6a4b9c01", "version": 1, "source": "api"}


@pytest.fixture
def settings(make_settings: Callable[..., Settings], database_url: str) -> Settings:
    return make_settings(database_url=database_url, env="development", allow_private_targets=True)


@pytest.fixture
def receiver() -> Iterator[Receiving]:
    with receiving() as up:
        yield up


@pytest.fixture
def tell(app: Flask, owner: Actor) -> Callable[[int], None]:
    """`tell(n)` emits so many events, each in a transaction of its own."""

    def emit(number: int) -> None:
        for _ in range(number):
            with begin_write(runtime(app).engine) as connection:
                events.emit(connection, "contact.created", owner.account_id, PAYLOAD)

    return emit


def by_plain_header(one: Received, secret: str) -> bool:
    wanted = hmac.new(secret.encode(), one.body, "sha256").hexdigest()
    return hmac.compare_digest(one.headers["x-webhook-signature"], wanted)


def by_standard_header(one: Received, secret: str) -> bool:
    signed = f"{one.headers['webhook-id']}.{one.headers['webhook-timestamp']}.".encode() + one.body
    wanted = base64.b64encode(hmac.digest(signatures.key_of(secret), signed, "sha256")).decode()
    return f"v1,{wanted}" in one.headers["webhook-signature"].split()


def rotate(app: Flask, owner: Actor, id: UUID, **how: Any) -> str:
    with app.test_request_context(), write():
        return rotation.rotate(owner, id, **how)[1]


def test_every_delivery_verifies_while_secrets_are_replaced_under_load(
    app: Flask,
    owner: Actor,
    receiver: Receiving,
    subscribe: Callable[..., tuple[UUID, str]],
    tell: Callable[[int], None],
) -> None:
    id, first = subscribe(url=f"{receiver.url}/in")
    engine = Drain(runtime(app), "rotating")
    running = threading.Thread(target=engine.run, args=(None,), daemon=True)
    running.start()
    newest = [first]
    try:
        for _ in range(3):
            tell(20)
            newest.append(rotate(app, owner, id))
            reached = len(receiver.requests)
            threading.Event().wait(LOOK_S + 0.1)  # what was looked up before goes out as it was
            tell(20)
        deadline = clock.monotonic() + 10
        while len(receiver.requests) < 120 and clock.monotonic() < deadline:
            threading.Event().wait(0.01)
    finally:
        engine.stop()
        running.join(5)
        engine.close(grace_s=0.2)

    assert len({one.headers["webhook-id"] for one in receiver.requests}) == 120
    assert all(by_plain_header(one, first) and by_standard_header(one, first) for one in receiver.requests)
    assert 0 < reached < 120
    for number, secret in enumerate(newest[1:], 1):
        after = [one for one in receiver.requests if by_standard_header(one, secret)]
        assert 140 - 40 * number <= len(after) < 120  # all that was told after this rotation, and what still waited
        assert all(by_standard_header(one, known) for one in after for known in newest[:number])


def test_the_overlap_ends_by_time_by_word_or_at_once(
    app: Flask,
    owner: Actor,
    receiver: Receiving,
    subscribe: Callable[..., tuple[UUID, str]],
    tell: Callable[[int], None],
    drain: Callable[..., None],
    travel: Callable[[timedelta], None],
) -> None:
    id, secret = subscribe(url=f"{receiver.url}/in")

    def sign_with(*secrets: str, not_with: str) -> None:
        tell(1)
        drain()
        one = receiver.requests[-1]
        assert by_plain_header(one, secrets[-1])
        assert all(by_standard_header(one, each) for each in secrets)
        assert len(one.headers["webhook-signature"].split()) == len(secrets)
        assert not by_standard_header(one, not_with)

    at_once = rotate(app, owner, id, overlap_hours=0)
    sign_with(at_once, not_with=secret)
    later = rotate(app, owner, id, overlap_hours=24)
    sign_with(later, at_once, not_with=secret)
    with app.test_request_context(), write():
        rotation.end_overlap(owner, id)
    sign_with(later, not_with=at_once)
    own = rotate(app, owner, id, overlap_hours=1, secret="a-secret-of-my-own-7f3c")
    travel(timedelta(hours=1, seconds=1))
    sign_with(own, not_with=later)
    assert len(receiver.requests) == 4
