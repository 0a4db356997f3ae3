"""Taking the body of what Flask will answer, within the seats: slow bodies must not hold every thread."""

from __future__ import annotations

import re
from io import BytesIO
from typing import Any

from app.core.errors import REFUSED_KEY, AppError
from app.core.jsonbody import read_request
from app.core.seats import Seats

MOST_BYTES = 2 * 1024 * 1024  # of any page or resource; each has its own limit below
FORM_SLACK = 64 * 1024  # what a multipart body carries beside its file
_larger: dict[str, tuple[re.Pattern[str], int]] = {}


def take_larger(paths: str, most_bytes: int) -> None:
    """Lets the multipart bodies of some paths (a pattern for the whole path) have more than MOST_BYTES, of which only
    a few are read at once. The view still says its own limit: `request.max_content_length`, or its endpoint's."""
    _larger[paths] = (re.compile(paths), most_bytes)


def take_body(environ: dict[str, Any], seats: Seats) -> None:
    """Reads a request's body into memory before a view is found for it. What is wrong with it (too large, broken off,
    too many being read) is left in the environment for Flask to answer in the form that the path asks for."""
    if not environ.get("HTTP_TRANSFER_ENCODING") and environ.get("CONTENT_LENGTH") in (None, "", "0"):
        return
    most = most_bytes(environ)
    try:
        body = seats.read(lambda: read_request(environ, most), is_large=most > MOST_BYTES)
    except AppError as error:
        environ[REFUSED_KEY] = error
        body = b""
    environ.pop("HTTP_TRANSFER_ENCODING", None)
    environ["wsgi.input"] = BytesIO(body)
    environ["CONTENT_LENGTH"] = str(len(body))


def most_bytes(environ: dict[str, Any]) -> int:
    """How many bytes are read of what Flask will answer. Small bodies of the large paths are read like any other."""
    if not environ.get("CONTENT_TYPE", "").lower().startswith("multipart/form-data"):
        return MOST_BYTES
    length = environ.get("CONTENT_LENGTH") or ""
    if length.isascii() and length.isdigit() and len(length) < 12 and int(length) <= MOST_BYTES:
        return MOST_BYTES
    path = environ["PATH_INFO"]
    return next((most for pattern, most in _larger.values() if pattern.fullmatch(path)), MOST_BYTES)
