"""A small month of the demo, filled once for all of its tests."""

from __future__ import annotations

import pytest

from app import create_app
from app.core import migrate
from app.core.runtime import runtime
from app.core.settings import Settings
from app.demo.fill import fill
from app.tracking import ROOM
from tests.conftest import SECRETS

EVENTS = 600


@pytest.fixture(scope="package")
def month(tmp_path_factory, valkey_server_url):
    """An app whose database holds a small month (SQLite)."""
    folder = tmp_path_factory.mktemp("demo")
    app = create_app(
        Settings.load({}, data_dir=folder, redis_url=valkey_server_url, demo=True, web_threads=16, **SECRETS)
    )
    migrate.upgrade(app)
    written = fill(app, EVENTS)
    assert written.events > EVENTS * 0.95
    assert written.opens > EVENTS
    yield app
    app.extensions[ROOM].stop()
    runtime(app).engine.dispose()
