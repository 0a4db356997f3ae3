"""Large bodies: only where they are expected, and only a few at once."""

from __future__ import annotations

import threading
from io import BytesIO
from typing import Any

import pytest
from flask import Flask

from app.core import bodies
from app.core.api import endpoint
from app.core.errors import REFUSED_KEY, Malformed
from app.core.schema import Schema
from app.core.seats import Seats
from app.core.uploads import read_form

MOST = 3 * 1024 * 1024
bodies.take_larger(r"/test-only/uploads(/[^/]+)?", MOST)
FORM = "multipart/form-data; boundary=x"


def environ(path: str, size: int, kind: str = FORM, stream: Any = None) -> dict[str, Any]:
    body = stream or BytesIO(b"x" * size)
    return {"PATH_INFO": path, "CONTENT_TYPE": kind, "CONTENT_LENGTH": str(size), "wsgi.input": body}


@pytest.mark.parametrize(
    ("path", "size", "kind", "status"),
    [
        ("/test-only/uploads", MOST, FORM, None),
        ("/test-only/uploads/1", MOST, FORM.upper(), None),
        ("/test-only/uploads", MOST + 1, FORM, 413),
        ("/test-only/uploads", MOST, "application/json", 413),
        ("/test-only/uploads/1/2", MOST, FORM, 413),
        ("/test-only/upload", MOST, FORM, 413),
        ("/x/test-only/uploads", MOST, FORM, 413),
        ("/other", bodies.MOST_BYTES, FORM, None),
    ],
)
def test_only_the_forms_of_some_paths_may_be_large(path: str, size: int, kind: str, status: int | None) -> None:
    asked = environ(path, size, kind)
    bodies.take_body(asked, Seats(64))
    refused = asked.get(REFUSED_KEY)
    assert (refused and refused.status) == status
    assert len(asked["wsgi.input"].getvalue()) == (0 if status else size)


def test_few_large_bodies_are_read_at_once_and_small_ones_go_on() -> None:
    seats, let_go, reading = Seats(32), threading.Event(), threading.Semaphore(0)

    class Slow(BytesIO):
        def read(self, *_: Any) -> bytes:
            reading.release()
            let_go.wait(10)
            return b""

    slow = [
        threading.Thread(target=bodies.take_body, args=(environ("/test-only/uploads", MOST, stream=Slow()), seats))
        for _ in range(2)
    ]
    for thread in slow:
        thread.start()
        assert reading.acquire(timeout=10)
    third, small = environ("/test-only/uploads", MOST), environ("/test-only/uploads", 1000)
    bodies.take_body(third, seats)
    bodies.take_body(small, seats)
    let_go.set()
    for thread in slow:
        thread.join()
    assert third[REFUSED_KEY].status == 503
    assert REFUSED_KEY not in small
    again = environ("/test-only/uploads", MOST)
    bodies.take_body(again, seats)
    assert REFUSED_KEY not in again


def test_a_file_needs_the_fields_beside_it() -> None:
    class Nothing(Schema):
        pass

    with pytest.raises(TypeError, match="body"):
        endpoint(summary="x", permission="images.edit", file="file", answers={})
    assert endpoint(summary="x", permission="images.edit", file="file", body=Nothing, answers={}) is not None


@pytest.mark.parametrize("disposition", ["form-data", 'form-data; filename="x.png"'])
def test_a_part_without_a_name_is_refused(disposition: str) -> None:
    parts = ['form-data; name="file"; filename="a.png"', disposition]
    body = "".join(f"--x\r\nContent-Disposition: {each}\r\n\r\nabc\r\n" for each in parts) + "--x--\r\n"
    asked = Flask("x").test_request_context(method="POST", data=body.encode(), content_type=FORM)
    with asked, pytest.raises(Malformed):
        read_form(Schema, "file", 100)
