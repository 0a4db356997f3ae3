"""Taking the body of what Flask will answer, within the seats: slow bodies must not hold every thread."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from app.core.errors import REFUSED_KEY, AppError
from app.core.jsonbody import read_request
from app.core.seats import Seats

MOST_BYTES = 2 * 1024 * 1024  # of any page or resource; each has its own limit below


def take_body(environ: dict[str, Any], seats: Seats) -> None:
    """Reads a request's body into memory before a view is found for it. What is wrong with it (too large, broken off,
    too many being read) is left in the environment for Flask to answer in the form that the path asks for."""
    if not environ.get("HTTP_TRANSFER_ENCODING") and environ.get("CONTENT_LENGTH") in (None, "", "0"):
        return
    try:
        body = seats.read(lambda: read_request(environ, MOST_BYTES))
    except AppError as error:
        environ[REFUSED_KEY] = error
        body = b""
    environ.pop("HTTP_TRANSFER_ENCODING", None)
    environ["wsgi.input"] = BytesIO(body)
    environ["CONTENT_LENGTH"] = str(len(body))
