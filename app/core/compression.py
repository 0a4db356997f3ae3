"""HTML answers, compressed for who takes gzip. Static files bring their own compressed copy (`assets`)."""

from __future__ import annotations

import gzip
import secrets
from io import BytesIO

from flask import Flask, Response, request

SMALLEST = 1024  # bytes; anything shorter fits into the packet that goes out anyway
LEVEL = 6
PADDING = 64  # bytes


def gzipped(body: bytes) -> bytes:
    """`body` under a file name of random length, which decompressors skip: the length of a page does not tell what in
    it was repeated (BREACH). The first line of defence is elsewhere: a CSRF token is signed anew each second, cookies
    are SameSite, and no page repeats a stored secret."""
    packed = BytesIO()
    name = "x" * secrets.randbelow(PADDING)
    with gzip.GzipFile(name, "wb", LEVEL, packed, mtime=0) as file:
        file.write(body)
    return packed.getvalue()


def compress(response: Response) -> Response:
    """Leaves alone what is no page, is streamed, is compressed already, or is too short to gain."""
    if response.mimetype != "text/html" or response.is_streamed or response.direct_passthrough:
        return response
    response.vary.add("Accept-Encoding")
    if response.content_encoding or request.accept_encodings.quality("gzip") <= 0:
        return response
    body = response.get_data()
    if len(body) >= SMALLEST:
        response.set_data(gzipped(body))
        response.content_encoding = "gzip"
    return response


def init_app(app: Flask) -> None:
    app.after_request(compress)
