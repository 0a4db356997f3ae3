"""A whole product to measure: its own data folder, Valkey, pixels, a client's token, and its processes on demand."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import redis
from flask import Flask
from sqlalchemy import text
from werkzeug.test import Client

from app import create_app
from app.accounts import audit, sessions
from app.accounts.clients import service as clients
from app.accounts.clients.service import Scope
from app.accounts.models import User
from app.accounts.roles import Role
from app.accounts.sign_in import first_account
from app.core import clock, migrate
from app.core.db import begin_write, write
from app.core.ids import uuid7
from app.core.runtime import runtime
from app.core.settings import Settings
from app.pixels import service as pixels
from app.serve.valkey import binary
from bench.load import Shot
from bench.processes import ROOT, Process, free_port, python, running, wait_for_port

EVENTS = "/api/tracking/events"
KWAI_PIXEL, META_PIXEL = "290714800540320", "123456789012345"
KWAI_EVENT = {
    "click_id": "click-%ID%",
    "pixel_id": KWAI_PIXEL,
    "event_name": "EVENT_COMPLETE_REGISTRATION",
    "event_id": "%ID%",
    "value": 0,
    "currency": "BRL",
    "content_id": "user_123",
    "content_type": "user",
    "content_name": "Registration",
}
META_EVENT = {
    "fbclid": "IwAR-%ID%",
    "pixel_id": META_PIXEL,
    "event_name": "EVENT_PURCHASE",
    "event_id": "%ID%",
    "email": "user-%ID%@example.com",
    "phone": "+5511999999999",
    "value": 50.00,
    "currency": "BRL",
}


@dataclass(frozen=True, slots=True)
class Stand:
    """`environment` is what its processes are started with; `app` is the same product in this process."""

    folder: Path
    app: Flask
    environment: dict[str, str]
    valkey: Process
    token: str

    @property
    def settings(self) -> Settings:
        return runtime(self.app).settings

    @contextmanager
    def web(self) -> Iterator[tuple[Process, int]]:
        """The web server, ready, and its port."""
        port = free_port()
        environment = {**self.environment, "PORT": str(port)}
        with running(Process(python("-m", "app.serve.web"), self.folder, environment)) as process:
            wait_for_port(process, port)
            yield process, port

    def worker(self, number: int = 1, side: int | None = 0) -> Process:
        """A delivery worker, on the measured core; `side` None: on any."""
        return Process(python(str(ROOT / "worker.py"), "deliver", str(number)), self.folder, self.environment, side)

    def shot(self, port: int, body: dict[str, Any], path: str = EVENTS) -> Shot:
        headers = {"Authorization": f"Bearer {self.token}", "Prefer": "respond-async"}
        return Shot(port, path, {"Content-Type": "application/json", **headers}, body)

    def scalar(self, sql: str, **values: Any) -> Any:
        with runtime(self.app).engine.connect() as connection:
            return connection.scalar(text(sql), values)

    def execute(self, sql: str) -> None:
        with begin_write(runtime(self.app).engine) as connection:
            connection.execute(text(sql))

    def events(self) -> int:
        return int(self.scalar("SELECT count(*) FROM tracked_event"))

    def browser(self) -> Client:
        """A browser in this process in which an administrator is signed in."""
        browser = Client(self.app)
        with self.app.app_context(), write() as session:
            account_id = first_account(session).id
            user = User(
                id=uuid7(), account_id=account_id, email=f"{uuid7()}@example.com", name="Bench", role=Role.ADMIN,
                password_hash="", created_at=clock.now(),
            )  # fmt: skip
            session.add(user)
            session.flush()
            _opened, token = sessions.open_session(session, user, ip_address="127.0.0.1", user_agent="bench")
        browser.set_cookie(sessions.cookie_name(self.settings), token)
        return browser

    def empty(self) -> None:
        """Forgets every event, so that each round finds tables of the same size."""
        with runtime(self.app).engine.begin() as connection:
            for table in ("attempt", "delivery", "event_key", "tracked_event", "heartbeat"):
                connection.execute(text(f"DELETE FROM {table}"))


@contextmanager
def stand(folder: Path, **environment: str) -> Iterator[Stand]:
    """A migrated product with a Kwai and a Meta pixel, in a new folder inside this one."""
    place = Path(tempfile.mkdtemp(prefix="stand-", dir=folder))
    with valkey() as (process, url):
        variables = {"KALITRACK_DATA_DIR": str(place / "data"), "REDIS_URL": url, **environment}
        app = create_app(Settings.load(variables))
        migrate.upgrade(app)
        try:
            yield Stand(place, app, variables, process, _furnish(app))
        finally:
            runtime(app).engine.dispose()


@contextmanager
def valkey() -> Iterator[tuple[Process, str]]:
    """A Valkey configured as the product's own: every write in its append-only file, synced each second."""
    with tempfile.TemporaryDirectory(prefix="kt-bench-") as folder:
        arguments = ["--port", "0", "--unixsocket", f"{folder}/s", "--dir", folder]
        kept = ["--save", "", "--appendonly", "yes", "--appendfsync", "everysec"]
        with running(Process([binary(), *arguments, *kept], Path(folder))) as process:
            url = f"unix://{folder}/s"
            _wait_for(url)
            yield process, url


def _wait_for(url: str) -> None:
    for _ in range(200):
        try:
            with redis.Redis.from_url(url) as client:
                client.ping()
            return
        except redis.ConnectionError:
            time.sleep(0.02)
    raise RuntimeError("Valkey did not start")


def _furnish(app: Flask) -> str:
    """A pixel of each platform and an API client; gives the client's token."""
    with app.app_context(), write() as session:
        actor = audit.system_actor(first_account(session).id)
        for platform, pixel_id in (("kwai", KWAI_PIXEL), ("facebook", META_PIXEL)):
            values = {"platform": platform, "pixelId": pixel_id, "accessToken": f"token-of-{pixel_id}"}
            pixels.create(actor, values)
        scopes = (Scope.EVENTS_WRITE, Scope.STATS_READ)
        _, token = clients.create(session, actor, clients.ClientValues(name="bench", scopes=scopes))
    return token
