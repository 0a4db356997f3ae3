"""Fixtures of the chaos tests: databases that may die, worlds, and a line of JSON that pytest does not swallow."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import pytest

from tests.chaos.databases import PostgresServer, postgres_server
from tests.chaos.harness import World, world
from tests.chaos.report import Report, row, table

ROWS = pytest.StashKey[list[list[str]]]()
NewWorld = Callable[..., AbstractContextManager[World]]
SECONDS = float(os.environ.get("CHAOS_SECONDS", "20"))
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
        if database == "sqlite":
            return world(lambda folder: f"sqlite:///{folder / 'd' / 'kalitrack.db'}", **options)
        server: PostgresServer = request.getfixturevalue("mortal_postgresql")
        return world(lambda _folder: server.new_database(), postgresql=server, **options)

    return make


@pytest.fixture(scope="session")
def tell(pytestconfig: pytest.Config) -> Callable[[object], None]:
    """Prints a line where people see it, also without `-s`, and out of one of several processes of a run. A Report goes
    into the table at the end too."""
    capture: Any = pytestconfig.pluginmanager.getplugin("capturemanager")

    def line(text: object) -> None:
        if isinstance(text, Report):
            pytestconfig.stash.setdefault(ROWS, []).append(row(text))
        with capture.global_and_fixture_disabled():
            print(f"\n{text}", file=sys.stderr, flush=True)

    return line


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A process of a shared run hands its rows over."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["chaos"] = session.config.stash.get(ROWS, [])


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    node.config.stash.setdefault(ROWS, []).extend(getattr(node, "workeroutput", {}).get("chaos", []))


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    if rows := config.stash.get(ROWS, []):
        terminalreporter.section("what became of it")
        for text in table(sorted(rows)):
            terminalreporter.line(text)
