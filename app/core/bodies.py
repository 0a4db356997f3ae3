"""Taking the body of what Flask will answer, within the seats: slow bodies must not hold every thread."""

from __future__ import annotations

import re
import tempfile
from io import BytesIO
from typing import IO, Any, NamedTuple

from app.core.errors import REFUSED_KEY, AppError
from app.core.jsonbody import copy_request, read_request
from app.core.seats import Seats

FILE_KEY = "kalitrack.body_file"  # of the WSGI environment
MOST_BYTES = 2 * 1024 * 1024  # of any page or resource; each has its own limit below
FORM_SLACK = 64 * 1024  # what a multipart body carries beside its file
IN_MEMORY = 16 * 1024 * 1024  # what may be larger is kept on the disk as it comes


class _Larger(NamedTuple):
    paths: re.Pattern[str]
    most_bytes: int


_larger: dict[str, _Larger] = {}


def take_larger(paths: str, most_bytes: int) -> None:
    """Lets the multipart bodies of some paths (a pattern for the whole path) have more than MOST_BYTES, of which only
    a few are read at once; where IN_MEMORY may be passed too, they go to a file on the disk. The view still says its
    own limit: `request.max_content_length`, or its endpoint's."""
    _larger[paths] = _Larger(re.compile(paths), most_bytes)


def new_file() -> IO[bytes]:
    """For a body that may be larger than IN_MEMORY; gone once nobody holds it."""
    return tempfile.TemporaryFile(prefix="kalitrack-")


def on_disk(environ: dict[str, Any]) -> IO[bytes] | None:
    """The body, where whoever received it keeps it in a file already."""
    return environ.get(FILE_KEY)


def take_body(environ: dict[str, Any], seats: Seats) -> None:
    """Reads a request's body into memory before a view is found for it. What is wrong with it (too large, broken off,
    too many being read) is left in the environment for Flask to answer in the form that the path asks for."""
    if not environ.get("HTTP_TRANSFER_ENCODING") and environ.get("CONTENT_LENGTH") in (None, "", "0"):
        return
    most = most_bytes(environ)
    body: IO[bytes] = BytesIO()
    try:
        if most > IN_MEMORY:
            body = on_disk(environ) or seats.take_large(lambda: copy_request(environ, most, new_file()))
        else:
            body = BytesIO(seats.read(lambda: read_request(environ, most), is_large=most > MOST_BYTES))
    except AppError as error:
        environ[REFUSED_KEY] = error
    environ.pop("HTTP_TRANSFER_ENCODING", None)
    environ["CONTENT_LENGTH"] = str(body.seek(0, 2))
    body.seek(0)
    environ["wsgi.input"] = body


def most_bytes(environ: dict[str, Any]) -> int:
    """How many bytes are read of what Flask will answer. Small bodies of the large paths are read like any other."""
    if not environ.get("CONTENT_TYPE", "").lower().startswith("multipart/form-data"):
        return MOST_BYTES
    length = environ.get("CONTENT_LENGTH") or ""
    if length.isascii() and length.isdigit() and len(length) < 12 and int(length) <= MOST_BYTES:
        return MOST_BYTES
    path = environ["PATH_INFO"]
    return next((one.most_bytes for one in _larger.values() if one.paths.fullmatch(path)), MOST_BYTES)
