"""The product as people meet it: the real app on a loopback port, platforms that answer, a worker that delivers."""

from __future__ import annotations

import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from werkzeug.serving import make_server

from app.core.settings import Settings
from app.outbound.drain import Drain
from app.simulator import Simulator
from tests.tracking_fixtures import deliveries, simulator

__all__ = ["database_url", "deliveries", "listener", "live_url", "settings", "simulator"]


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """A port of this test's own, known before the app is built: its links and samples name it."""
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listening:
        yield listening


@pytest.fixture
def database_url(tmp_path: Path, migrated_sqlite: Path) -> str:
    """SQLite only: what a page shows does not depend on the database, and the other tests run on both."""
    file = tmp_path / "kalitrack.db"
    shutil.copy(migrated_sqlite, file)
    return f"sqlite:///{file}"


@pytest.fixture
def settings(
    make_settings: Callable[..., Any], database_url: str, simulator: Simulator, listener: socket.socket
) -> Settings:
    made: Settings = make_settings(
        database_url=database_url,
        port=listener.getsockname()[1],
        kwai_events_url=simulator.environment["KWAI_EVENTS_URL"],
        meta_graph_url=simulator.url,
        outbound_timeout=2,
    )
    return made


@pytest.fixture
def live_url(app: Flask, settings: Settings, listener: socket.socket, deliveries: Drain) -> Iterator[str]:
    """Where the product answers, while a drain delivers to the simulator."""
    server = make_server("127.0.0.1", settings.port, app, threaded=True, fd=listener.fileno())
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield settings.public_url
    server.shutdown()
    thread.join(10)
