"""Fixtures of every test: settings, an app on a real database (SQLite and PostgreSQL in turn), a real Valkey."""

from __future__ import annotations

import gc
import re
import shutil
from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import redis
from cryptography.fernet import Fernet
from flask import Flask
from flask.testing import FlaskClient
from flask_babel import Domain
from jinja2 import BytecodeCache
from sqlalchemy import Engine, create_engine, text

from app import create_app
from app.core import clock, migrate
from app.core.db import Base, db
from app.core.runtime import runtime
from app.core.settings import Settings
from app.tracking import ROOM
from tests.servers import postgres_server, valkey_server

pytest_plugins = ["tests.people", "tests.compiled", "tests.made_once", "tests.shared_out", "tests.asked_again"]
CHEAP_HASHES = (1, 8, 1)  # Argon2 at a cost that tests can pay
SECRETS = {
    "secret_key": "test-secret-key-0123456789-0123456789",
    "encryption_keys": Fernet.generate_key().decode(),
    "pii_hash_key": "test-pii-key-0123456789-0123456789012",
}
DATABASES = ["sqlite", "postgresql"]
MADE_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# How the names begin of tests that measure short times, or are pages; `@pytest.mark.alone` does it too.
ALONE = (
    "tests/browser/",
    "tests/core/test_http.py",
    "tests/core/test_jsonbody.py::test_a_hostile_body_of_64_kb_is_refused_at_once",
    "tests/outbound/test_delivery.py::test_a_backlog_goes_out_a_thousand_at_a_time",
    "tests/outbound/test_drain.py::test_a_bell_after_the_commit_wakes_the_drain_at_once",
    "tests/outbound/test_drain.py::test_a_cut_call_says_so_and_the_next_drain_delivers_it",
    "tests/simulator/test_behaviour.py",
    "tests/tracking/test_page_url.py::test_nothing_takes_long",
    "tests/tracking/test_refusals.py::test_refusals_are_quick",
    "tests/tracking/test_revocation.py",
)
# And of those that start whole products, each with a port and a folder of its own; `@pytest.mark.paired` does it too.
PAIRED = (
    "tests/chaos/",
    "tests/hosts/",
    "tests/serve/",
    "tests/test_bench.py",
    "tests/work/test_deliver.py",
    "tests/work/test_jobs.py",
    "tests/work/test_ticker.py",
)


PARTS = {  # the choice (-m) of each part of `make test`: the files it has, and the mark that brings in others
    "browser": (("tests/browser/",), None),
    "paired": (PAIRED, "mark.paired"),
    "alone and not browser": (ALONE[1:], "mark.alone"),
}


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leaves unread what cannot be in this part: to read all files takes each process as long as hundreds of tests."""
    if collection_path.suffix != ".py" or config.option.markexpr not in (*PARTS, "not (alone or paired)"):
        return None
    name = collection_path.relative_to(config.rootpath).as_posix()
    if config.option.markexpr not in PARTS:
        return name.startswith((*PAIRED, "tests/browser/")) or None
    files, mark = PARTS[config.option.markexpr]
    if any(name.startswith(one.partition("::")[0]) for one in files):
        return None
    return mark is None or mark not in collection_path.read_text("utf-8")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks what must run alone or in pairs, and numbers the ids in names: one made at import differs between the
    processes of a run, which must agree on the names."""
    seen: dict[str, str] = {}
    for item in items:
        if item.nodeid.startswith(ALONE):
            item.add_marker("alone")
        if item.nodeid.startswith(PAIRED):
            item.add_marker("paired")
        if MADE_ID.search(item.nodeid):
            parameters = MADE_ID.sub(lambda found: seen.setdefault(found[0], f"id{len(seen)}"), item._id.params or "")
            item._id = replace(item._id, params=parameters)


def pytest_collection_finish() -> None:
    """Every test makes an app and leaves it: the collector took a third of all time. What is imported and collected by
    now it need not walk, and the rest seldom."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 20)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """What a test logged may hold halves of characters, which do not travel from one process to another."""
    report = yield
    report.sections = [(name, text.encode("utf-8", "backslashreplace").decode()) for name, text in report.sections]
    return report


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
def outbound_timeout() -> float:
    """How many seconds the simulated platforms have (`tests.tracking_fixtures.settings`);
    tests of platforms that hang say fewer."""
    return 2


@pytest.fixture
def settings(make_settings: Callable[..., Settings], database_url: str) -> Settings:
    return make_settings(database_url=database_url)


@pytest.fixture
def app(
    request: pytest.FixtureRequest,
    settings: Settings,
    compiled_translations: Callable[[Path], None],
    compiled_templates: BytecodeCache,
    read_translations: Domain,
    share_statements: Callable[[Engine], None],
) -> Iterator[Flask]:
    compiled_translations(settings.data_dir)
    app = create_app(settings)
    share_statements(runtime(app).engine)
    app.jinja_env.bytecode_cache = compiled_templates
    app.extensions["babel"].instance.domain_instance = read_translations
    app.config["PASSWORD_COST"] = CHEAP_HASHES
    if not settings.is_sqlite:
        request.getfixturevalue("emptied_postgresql")()
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


BUT_THE_FIRST = " WHERE id <> (SELECT id FROM account ORDER BY created_at LIMIT 1)"
FIRST_SETTINGS = (
    "timezone = 'America/Sao_Paulo', country_code = '55', retention_days = NULL, masks_people = true, "
    "second_factor_roles = '[]', version = 1"
)
CHANGED = (
    "version, timezone, country_code, retention_days, masks_people, second_factor_roles) IS DISTINCT FROM "
    "(1, 'America/Sao_Paulo', '55', NULL, true, '[]'::jsonb"
)


@pytest.fixture(scope="session")
def emptied_postgresql(migrated_postgresql: str) -> Iterator[Callable[[], None]]:
    """Leaves what the migration left: the first account and the configuration version. Only tables with rows are
    touched: DELETE of a few rows costs a tenth of TRUNCATE, which makes a new file for each table and index. One
    connection does it for all tests: what a new one must learn of each table and partition, it knows."""
    names = [table.name for table in reversed(Base.metadata.sorted_tables) if table.name != "config_version"]
    filled = " UNION ALL ".join(f"SELECT '{name}' WHERE EXISTS (SELECT FROM {name})" for name in names)
    engine = create_engine(migrated_postgresql, connect_args={"prepare_threshold": 0})

    def empty() -> None:
        with engine.begin() as connection:
            found = set(connection.execute(text(filled)).scalars())
            for name in (name for name in names if name in found):
                connection.execute(text(f"DELETE FROM {name}{BUT_THE_FIRST if name == 'account' else ''}"))
            connection.execute(text(f"UPDATE account SET {FIRST_SETTINGS} WHERE ({CHANGED})"))

    yield empty
    engine.dispose()
