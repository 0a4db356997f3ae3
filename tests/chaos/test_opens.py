"""A database that dies, as the image route meets it: in one process, with all the readers it can serve."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.test import Client as WsgiClient

from app import create_app
from app.core import config_version, migrate
from app.core.runtime import runtime
from app.core.settings import Settings
from tests.chaos.databases import PostgresServer
from tests.chaos.open_books import OpenBooks
from tests.chaos.readers import Ask, Readers
from tests.conftest import SECRETS

ENOUGH = 60  # answered images between two steps
THREADS = 8
IMAGE_WITHIN_S = 2.2  # when the database is away
ADDS_S = 2.0  # what a busy machine does to that

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(120)]


def in_process(app: Flask) -> Ask:
    client = WsgiClient(app)

    def ask(path: str, agent: str) -> tuple[int, bytes]:
        answer = client.get(path, headers={"User-Agent": agent}, environ_base={"REMOTE_ADDR": "203.0.113.7"})
        return answer.status_code, answer.data

    return ask


@pytest.fixture
def on_mortal_postgresql(mortal_postgresql: PostgresServer, tmp_path: Path) -> Iterator[Flask]:
    listeners = list(config_version.on_bump)
    url = mortal_postgresql.new_database()
    app = create_app(
        Settings.load({}, data_dir=tmp_path, database_url=url, redis_url="redis://127.0.0.1:9/0", **SECRETS)
    )
    migrate.upgrade(app)
    yield app
    config_version.on_bump[:] = listeners
    runtime(app).engine.dispose()


@contextmanager
def at_work(readers: Readers) -> Iterator[None]:
    readers.start()
    try:
        yield
    finally:
        readers.stop()


def test_a_database_that_dies_costs_two_seconds_and_no_open(
    on_mortal_postgresql: Flask, mortal_postgresql: PostgresServer, tmp_path: Path, tell: Callable[[object], None]
) -> None:
    books = OpenBooks(runtime(on_mortal_postgresql).engine, tmp_path)
    books.upload()
    readers = Readers(lambda: in_process(on_mortal_postgresql), threads=THREADS, pause_s=0.005)
    with at_work(readers):
        readers.wait_for(ENOUGH)
        mortal_postgresql.kill()
        readers.wait_for(ENOUGH)  # images come while it is dead
        spooled = len(books.spool.read(1000).records)
        mortal_postgresql.start_again()
        readers.wait_for(ENOUGH)
    books.settle()
    found = books.judge(readers, doubts=1)

    tell(f"PostgreSQL killed: {found.answered} images, {spooled} of them spooled, slowest {readers.slowest_s:.2f} s")
    assert (found.lost, found.wrong, found.unrecorded) == ([], [], 0)
    assert readers.sent == readers.answered
    assert spooled > 0
    assert readers.slowest_s < IMAGE_WITHIN_S + ADDS_S
