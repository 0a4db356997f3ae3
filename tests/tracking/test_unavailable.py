"""503 with Retry-After: the database away, or no thread to read the body."""

from __future__ import annotations

import io
import json
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask

from app.core.settings import Settings
from tests.tracking_fixtures import ASYNC, EVENTS, KWAI_REGISTRATION, Sender

KWAI = KWAI_REGISTRATION
sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
Rows = Callable[[], dict[str, int]]


@pytest.fixture
def stranger(settings: Settings) -> Iterator[sqlite3.Connection]:
    """Somebody else's write transaction on the same file."""
    connection = sqlite3.connect(str(settings.database_file), isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    yield connection
    connection.close()


@sqlite
def test_a_locked_database_is_503_and_keeps_nothing_twice(
    sender: Sender, with_settings: Callable[..., Flask], stranger: sqlite3.Connection, rows: Rows
) -> None:
    there = Sender(with_settings(answer_timeout=0.3, cors_origin="https://loja.example"), sender.token, sender.id)
    answer = there.post(KWAI, Origin="https://loja.example", **ASYNC)
    assert (answer.status_code, int(answer.headers["Retry-After"]) >= 1) == (503, True)
    assert answer.get_json() == {"error": "The service is busy, try again shortly"}
    assert answer.headers["Access-Control-Allow-Origin"] == "https://loja.example"
    assert there.post({"events": [KWAI]}, f"{EVENTS}/batch").status_code == 503
    stranger.execute("ROLLBACK")
    assert sender.post(KWAI, **ASYNC).status_code == 202
    time.sleep(0.2)
    assert rows()["tracked_event"] <= 2  # the batch's body is hashed in its own way


class Slow(io.RawIOBase):
    """A body that does not come until it is let go."""

    def __init__(self, gate: threading.Event) -> None:
        self.gate, self.data = gate, io.BytesIO(json.dumps(KWAI).encode())

    def read(self, size: int = -1) -> bytes:
        self.gate.wait(10)
        return self.data.read(size)


@sqlite
def test_slow_bodies_leave_threads_for_others(sender: Sender, with_settings: Callable[..., Flask]) -> None:
    there = Sender(with_settings(web_threads=16), sender.token, sender.id)
    gate = threading.Event()
    length = str(len(json.dumps(KWAI)))

    def post() -> int:
        overrides = {"wsgi.input": Slow(gate), "CONTENT_LENGTH": length}
        return there.send(headers=ASYNC, environ_overrides=overrides).status_code

    with ThreadPoolExecutor(12) as pool:
        slow = [pool.submit(post) for _ in range(12)]
        time.sleep(0.5)
        refused = there.post(KWAI, **ASYNC)
        assert (refused.status_code, refused.headers["Retry-After"]) == (503, "1")
        gate.set()
        assert {each.result() for each in slow} == {202}
    assert there.post(KWAI, **ASYNC).status_code == 202
