"""Slow bodies hold no more than their share of the threads, whoever they are for."""

from __future__ import annotations

import threading
from io import BytesIO
from typing import Any

import pytest
from flask import Flask

from app.core import bodies
from app.core.errors import REFUSED_KEY
from app.core.seats import Seats

sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # what is tested is not in the database
FORM = "application/x-www-form-urlencoded"
THREADS = 16  # of the test settings; a quarter of them stays free


class Dripping(BytesIO):
    """A body that does not come until it is let go."""

    def __init__(self, started: threading.Semaphore, let_go: threading.Event) -> None:
        super().__init__()
        self._started, self._let_go = started, let_go

    def read(self, *_: Any) -> bytes:
        self._started.release()
        self._let_go.wait(10)
        return b""


def post(app: Flask, path: str, body: Any, length: int = 5) -> int:
    environ = {"wsgi.input": body, "CONTENT_LENGTH": str(length)}
    return app.test_client().post(path, environ_overrides=environ, content_type=FORM).status_code


@sqlite
@pytest.mark.parametrize("path", ["/nope", "/login", "/health/live", "/api/auth/login", "/api/nope"])
def test_slow_bodies_leave_threads_for_everybody_else(app: Flask, path: str) -> None:
    started, let_go = threading.Semaphore(0), threading.Event()
    room = THREADS - THREADS // 4
    threads = [threading.Thread(target=post, args=(app, path, Dripping(started, let_go))) for _ in range(room)]
    for thread in threads:
        thread.start()
    for _ in threads:
        assert started.acquire(timeout=10)
    try:
        assert post(app, path, BytesIO(b"a=b&c")) == 503
        assert app.test_client().get("/health/live").status_code == 200
    finally:
        let_go.set()
        for thread in threads:
            thread.join()
    assert post(app, path, BytesIO(b"a=b&c")) != 503


@sqlite
def test_a_body_that_breaks_off_is_the_callers_fault(app: Flask) -> None:
    assert post(app, "/api/auth/login", BytesIO(b"a"), length=50) == 400


@sqlite
def test_a_body_over_every_limit_is_refused_unread(app: Flask) -> None:
    class Untouchable(BytesIO):
        def read(self, *_: Any) -> bytes:
            raise AssertionError("was read")

    assert post(app, "/nope", Untouchable(), length=10**9) == 413


LARGE = r"/tests/large"


def taken(length: int, body: Any, limit: int = 100 * 1024 * 1024) -> dict[str, Any]:
    bodies.take_larger(LARGE, limit)
    environ = {
        "PATH_INFO": "/tests/large", "CONTENT_TYPE": "multipart/form-data; boundary=x", "CONTENT_LENGTH": str(length),
        "wsgi.input": body,
    }  # fmt: skip
    bodies.take_body(environ, Seats(16))
    return environ


def test_a_body_that_may_be_large_goes_to_the_disk_and_is_read_from_its_beginning() -> None:
    size = bodies.IN_MEMORY + 1
    environ = taken(size, BytesIO(b"x" * size))
    assert environ["wsgi.input"].fileno() > 2
    assert (environ["CONTENT_LENGTH"], environ["wsgi.input"].read(3)) == (str(size), b"xxx")


@pytest.mark.parametrize(
    ("length", "sent", "status"),
    [(10**8 * 2, 0, 413), (bodies.IN_MEMORY + 1, 100, 400)],
    ids=["too large", "broken off"],
)
def test_a_large_body_that_is_wrong_is_told_and_nothing_of_it_is_kept(length: int, sent: int, status: int) -> None:
    environ = taken(length, BytesIO(b"x" * sent))
    assert environ[REFUSED_KEY].status == status
    assert environ["wsgi.input"].read() == b""
