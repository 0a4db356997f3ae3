"""Fixtures of every test: settings, an app on a real database (SQLite and PostgreSQL in turn), a real Valkey."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import redis
from cryptography.fernet import Fernet
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from app import create_app
from app.core import clock, migrate
from app.core.db import Base, db
from app.core.runtime import runtime
from app.core.settings import Settings
from app.tracking import ROOM
from tests.servers import postgres_server, valkey_server

pytest_plugins = ["tests.people"]
CHEAP_HASHES = (1, 8, 1)  # Argon2 at a cost that tests can pay
SECRETS = {
    "secret_key": "test-secret-key-0123456789-0123456789",
    "encryption_keys": Fernet.generate_key().decode(),
    "pii_hash_key": "test-pii-key-0123456789-0123456789012",
}
DATABASES = ["sqlite", "postgresql"]


@pytest.fixture(scope="session")
def valkey_server_url() -> Iterator[str]:
    with valkey_server() as url:
        yield url


@pytest.fixture
def valkey_url(valkey_server_url: str) -> str:
    """A real, empty Valkey."""
    with redis.Redis.from_url(valkey_server_url) as client:
        client.flushall()
    return valkey_server_url


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("template")
    settings = Settings.load({}, data_dir=folder, **SECRETS)
    app = create_app(settings)
    migrate.upgrade(app)
    runtime(app).engine.dispose()
    assert settings.database_file is not None
    return settings.database_file


@pytest.fixture(scope="session")
def migrated_postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with postgres_server() as url:
        app = create_app(Settings.load({}, data_dir=tmp_path_factory.mktemp("pg"), database_url=url, **SECRETS))
        migrate.upgrade(app)
        runtime(app).engine.dispose()
        yield url


@pytest.fixture(params=DATABASES)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A migrated database with the first account in it; every test that asks runs on both engines."""
    if request.param == "sqlite":
        file = tmp_path / "kalitrack.db"
        shutil.copy(request.getfixturevalue("migrated_sqlite"), file)
        return f"sqlite:///{file}"
    url: str = request.getfixturevalue("migrated_postgresql")
    return url


@pytest.fixture
def make_settings(tmp_path: Path, valkey_url: str) -> Callable[..., Settings]:
    def make(**overrides: Any) -> Settings:
        values = {"data_dir": tmp_path, "redis_url": valkey_url, "web_threads": 16, **SECRETS, **overrides}
        return Settings.load({}, **values)

    return make


@pytest.fixture
def settings(make_settings: Callable[..., Settings], database_url: str) -> Settings:
    return make_settings(database_url=database_url)


@pytest.fixture
def app(settings: Settings) -> Iterator[Flask]:
    app = create_app(settings)
    app.config["PASSWORD_COST"] = CHEAP_HASHES
    if not settings.is_sqlite:
        empty_postgresql(app)
    yield app
    app.extensions[ROOM].stop()  # its threads, if a request started them
    with app.app_context():
        db.session.remove()
    runtime(app).engine.dispose()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def travel() -> Iterator[Callable[[timedelta], None]]:
    """Moves the clock of this process; set back afterwards."""
    moved: list[timedelta] = []

    def by(step: timedelta) -> None:
        moved.append(step)
        clock.travel(step)

    yield by
    clock.travel(-sum(moved, timedelta()))


def empty_postgresql(app: Flask) -> None:
    """Leaves what the migration left: the first account and the configuration version."""
    tables = ", ".join(table.name for table in Base.metadata.sorted_tables if table.name not in ("config_version",))
    with runtime(app).engine.begin() as connection:
        account = connection.execute(text("SELECT * FROM account ORDER BY created_at LIMIT 1")).mappings().one()
        connection.execute(text(f"TRUNCATE {tables} CASCADE"))
        connection.execute(Base.metadata.tables["account"].insert(), dict(account))
