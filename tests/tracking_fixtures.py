"""Fixtures of everything that sends events: pixels, API clients, a platform simulator, and a drain that runs dry."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from werkzeug.test import Client as WsgiClient
from werkzeug.test import TestResponse

from app import create_app
from app.accounts import audit
from app.accounts.clients import service as clients
from app.accounts.sign_in import first_account
from app.core import clock, config_version
from app.core.db import db, write
from app.core.runtime import runtime
from app.core.settings import Settings
from app.outbound.drain import Drain
from app.outbound.models import Delivery
from app.pixels import service as pixels
from app.simulator import Simulator
from app.tracking import ROOM
from app.tracking.models import EventKey, TrackedEvent

EVENTS = "/api/tracking/events"
ASYNC = {"Prefer": "respond-async"}
HERE = {"REMOTE_ADDR": "127.0.0.1"}
KWAI_PIXEL, META_PIXEL = "290714800540320", "123456789012345"
KWAI_REGISTRATION = {
    "click_id": "abc123xyz",
    "pixel_id": KWAI_PIXEL,
    "event_name": "EVENT_COMPLETE_REGISTRATION",
    "value": 0,
    "currency": "BRL",
    "content_id": "user_123",
    "content_type": "user",
    "content_name": "Registration",
}
META_PURCHASE = {
    "fbclid": "fb.1.1234567890.abc123",
    "pixel_id": META_PIXEL,
    "event_name": "EVENT_PURCHASE",
    "email": "user@example.com",
    "phone": "+5511999999999",
    "value": 50.00,
    "currency": "BRL",
}


def within_a_second(holds: Callable[[], bool], limit_s: float = 1.3) -> bool:
    """Whether it comes to hold within a second (and what a busy machine adds)."""
    deadline = time.monotonic() + limit_s
    while time.monotonic() < deadline:
        if holds():
            return True
        time.sleep(0.05)
    return False


@dataclass
class Sender:
    """A client app: posts events with its token."""

    app: Flask
    token: str
    id: UUID
    headers: dict[str, str] = field(default_factory=dict)

    def post(self, body: Any, path: str = EVENTS, **headers: str) -> TestResponse:
        sent = {"Authorization": f"Bearer {self.token}", **self.headers, **headers}
        return self._client().post(path, json=body, headers=sent, environ_base=HERE)

    def send(self, data: bytes = b"", path: str = EVENTS, **options: Any) -> TestResponse:
        """Posts bytes as they are; `headers` replace ours one by one, None leaves one out, `options` are werkzeug's."""
        sent: dict[str, str | None] = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        sent |= options.pop("headers", {})
        headers = {name: value for name, value in sent.items() if value is not None}
        method = options.pop("method", "POST")
        return self._client().open(path, method=method, data=data, headers=headers, environ_base=HERE, **options)

    def status(self, request_id: str) -> dict[str, Any]:
        """What the status API says of an event."""
        answer: dict[str, Any] = self.get(f"{EVENTS}/{request_id}").get_json()
        return answer

    def get(self, path: str) -> TestResponse:
        return self._client().get(path, headers={"Authorization": f"Bearer {self.token}"}, environ_base=HERE)

    def _client(self) -> WsgiClient:
        return WsgiClient(self.app, self.app.response_class)


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    """Kwai and Meta on loopback."""
    with Simulator() as simulator:
        yield simulator


@pytest.fixture
def settings(
    make_settings: Callable[..., Any], database_url: str, simulator: Simulator, outbound_timeout: float
) -> Any:
    """Settings whose platforms are the simulator (replaces the general fixture where this module is used)."""
    return make_settings(
        database_url=database_url,
        kwai_events_url=f"{simulator.url}/log/common/api",
        meta_graph_url=simulator.url,
        outbound_timeout=outbound_timeout,
    )


@pytest.fixture
def with_settings(app: Flask, settings: Settings) -> Iterator[Callable[..., Flask]]:
    """`with_settings(answer_timeout=0.3)`: another app on the same database and Valkey."""
    made: list[Flask] = []

    def make(**changes: Any) -> Flask:
        made.append(create_app(settings.model_copy(update=changes)))
        return made[-1]

    yield make
    for one in made:
        runtime(one).engine.dispose()


@pytest.fixture
def other_app(app: Flask, settings: Settings) -> Iterator[Flask]:
    """The same product in another process, as far as caches go: what changes in `app` is news to it."""
    listeners = list(config_version.on_bump)
    other = create_app(settings)
    config_version.on_bump[:] = listeners
    yield other
    other.extensions[ROOM].stop()
    runtime(other).engine.dispose()


@pytest.fixture
def make_pixel(app: Flask) -> Callable[..., UUID]:
    """`make_pixel("facebook", "123", …)` gives our id of a new pixel of the first account."""

    def make(platform: str = "kwai", pixel_id: str | None = None, **values: Any) -> UUID:
        wire_id = pixel_id or (KWAI_PIXEL if platform == "kwai" else META_PIXEL)
        given = {"platform": platform, "pixelId": wire_id, "accessToken": f"token-of-{wire_id}", **values}
        with app.app_context(), write() as session:
            actor = audit.system_actor(first_account(session).id)
            return pixels.create(actor, given).id

    return make


@pytest.fixture
def make_sender(app: Flask) -> Callable[..., Sender]:
    """`make_sender(answer_mode="acknowledge", …)`: a new API client of the first account, ready to post."""

    def make(name: str = "loja", **values: Any) -> Sender:
        with app.app_context(), write() as session:
            actor = audit.system_actor(first_account(session).id)
            client, token = clients.create(session, actor, clients.ClientValues(name=name, **values))
            return Sender(app, token, client.id)

    return make


@pytest.fixture
def rows(app: Flask) -> Callable[[], dict[str, int]]:
    """`rows()`: how many rows each table of intake has."""

    def count() -> dict[str, int]:
        with runtime(app).engine.connect() as connection:
            tables = (TrackedEvent, EventKey, Delivery)
            return {each.__tablename__: connection.scalar(select(func.count()).select_from(each)) for each in tables}

    return count


@pytest.fixture
def stored(app: Flask) -> Callable[[str], TrackedEvent]:
    """`stored(request_id)`: the event as it was recorded."""

    def find(request_id: str) -> TrackedEvent:
        with Session(runtime(app).engine) as session:
            id_ = UUID(request_id.removeprefix("track_"))
            return session.scalars(select(TrackedEvent).where(TrackedEvent.id == id_)).one()

    return find


@pytest.fixture
def sender(make_sender: Callable[..., Sender], make_pixel: Callable[..., UUID]) -> Sender:
    """A client app, with a Kwai and a Meta pixel to send to."""
    make_pixel("kwai")
    make_pixel("facebook")
    return make_sender()


@pytest.fixture
def deliveries(app: Flask) -> Iterator[Drain]:
    """A drain that works in a thread of its own until the test ends, as a worker does."""
    engine = Drain(runtime(app), "thread")
    thread = threading.Thread(target=engine.run, args=(None,), daemon=True)
    thread.start()
    yield engine
    engine.stop()
    thread.join(10)
    engine.close(grace_s=0.2)


@pytest.fixture
def drain(app: Flask) -> Iterator[Callable[..., None]]:
    """`drain()` delivers until nothing is due (or `limit_s` is over); what waits for later stays."""
    engine = Drain(runtime(app), "test")

    def until_dry(limit_s: float = 10.0) -> None:
        deadline = clock.monotonic() + limit_s
        while clock.monotonic() < deadline:
            engine.run(0.05)
            if engine.is_idle:
                return

    yield until_dry
    engine.close(grace_s=0.2)
    with app.app_context():
        db.session.remove()
