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

from app import create_app
from app.accounts import audit
from app.accounts.clients import service as clients
from app.accounts.sign_in import first_account
from app.core import migrate
from app.core.db import write
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

    def worker(self) -> Process:
        return Process(python(str(ROOT / "worker.py"), "deliver", "1"), self.folder, self.environment)

    def shot(self, port: int, body: dict[str, Any], path: str = EVENTS) -> Shot:
        headers = {"Authorization": f"Bearer {self.token}", "Prefer": "respond-async"}
        return Shot(port, path, {"Content-Type": "application/json", **headers}, body)

    def scalar(self, sql: str, **values: Any) -> Any:
        with runtime(self.app).engine.connect() as connection:
            return connection.scalar(text(sql), values)

    def events(self) -> int:
        return int(self.scalar("SELECT count(*) FROM tracked_event"))

    def empty(self) -> None:
        """Forgets every event, so that each round finds tables of the same size."""
        with runtime(self.app).engine.begin() as connection:
            for table in ("attempt", "delivery", "event_key", "tracked_event"):
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
        _, token = clients.create(session, actor, clients.ClientValues(name="bench"))
    return token
