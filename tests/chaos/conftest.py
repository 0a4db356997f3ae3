"""Fixtures of the chaos tests: databases that may die, worlds, and a line of JSON that pytest does not swallow."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from tests.chaos.databases import PostgresServer, postgres_server
from tests.chaos.harness import World, world

NewWorld = Callable[..., AbstractContextManager[World]]
SECONDS = float(os.environ.get("CHAOS_SECONDS", "10"))
SEEDS = [int(seed) for seed in os.environ.get("CHAOS_SEEDS", "1").split(",")]


@pytest.fixture(scope="session", autouse=True)
def _end_in_order_when_terminated() -> Iterator[None]:
    """SIGTERM to the tests would otherwise leave PostgreSQL behind; everything else ends with its parent anyway."""
    before = signal.signal(signal.SIGTERM, lambda *_: pytest.exit("terminated", returncode=143))
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.fixture(scope="session")
def mortal_postgresql() -> Iterator[PostgresServer]:
    with postgres_server() as server:
        yield server


@pytest.fixture(scope="session")
def new_world(request: pytest.FixtureRequest) -> NewWorld:
    """`with new_world("sqlite", WORKERS=2) as world:` a started product on a fresh database."""

    def make(database: str, **options: Any) -> AbstractContextManager[World]:
        def url(folder: Path) -> str:
            if database == "sqlite":
                return f"sqlite:///{folder / 'd' / 'kalitrack.db'}"
            server: PostgresServer = request.getfixturevalue("mortal_postgresql")
            return server.new_database()

        return world(url, **options)

    return make


@pytest.fixture(scope="session")
def tell(pytestconfig: pytest.Config) -> Callable[[object], None]:
    """Prints a line where people see it, also without `-s`, and out of one of several processes of a run."""
    capture: Any = pytestconfig.pluginmanager.getplugin("capturemanager")

    def line(text: object) -> None:
        with capture.global_and_fixture_disabled():
            print(f"\n{text}", file=sys.stderr, flush=True)

    return line
