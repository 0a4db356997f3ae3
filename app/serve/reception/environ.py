"""From the server's scope to the WSGI environment that handlers and Flask read."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from io import BytesIO
from typing import Any

Environ = dict[str, Any]
MAX_NAMES, MAX_NAME = 1_000, 40  # of headers that are remembered: callers make them up
BASE: Environ = {
    "SCRIPT_NAME": "",
    "SERVER_SOFTWARE": "granian",
    "wsgi.version": (1, 0),
    "wsgi.errors": sys.stderr,
    "wsgi.multithread": True,
    "wsgi.multiprocess": True,
    "wsgi.run_once": False,
    "wsgi.input_terminated": True,
}
UNREADABLE = {"x-forwarded-for": "unknown"}  # nobody's address, rather than that of the proxy who passed it on
_names = {"content-type": "CONTENT_TYPE", "content-length": "CONTENT_LENGTH"}


def environ_of(scope: Any) -> Environ:
    """All but the body, as PEP 3333 has it: text is Latin-1 of the bytes that came.

    A header with an underscore in its name is left out, or it could pass for another one (`X_Forwarded_For`). The
    server does not hand over values that are not ASCII: such a header is there, and empty."""
    environ = {
        **BASE,
        "REQUEST_METHOD": scope.method,
        "PATH_INFO": _latin(scope.path),
        "QUERY_STRING": _latin(scope.query_string),
        "REMOTE_ADDR": _host(scope.client),
        "SERVER_PROTOCOL": f"HTTP/{scope.http_version}",
        "wsgi.url_scheme": scope.scheme,
        "wsgi.input": BytesIO(),
    }
    environ["SERVER_NAME"], _, environ["SERVER_PORT"] = scope.server.rpartition(":")
    headers = scope.headers.items()
    for header, value in headers:
        name = _names.get(header) or _name(header)
        if name in environ:
            value = environ[name] + ("; " if name == "HTTP_COOKIE" else ",") + value
        environ[name] = value
    names = scope.headers.keys()
    if len(names) != len(headers):
        _note_unreadable(environ, set(names).difference(header for header, _ in headers))
    environ.pop("", None)
    return environ


def _note_unreadable(environ: Environ, headers: Iterable[str]) -> None:
    for header in headers:
        environ[_names.get(header) or _name(header)] = UNREADABLE.get(header, "")


def _name(header: str) -> str:
    """Empty for one that is left out."""
    name = "" if "_" in header else f"HTTP_{header.upper().replace('-', '_')}"
    if len(_names) < MAX_NAMES and len(header) <= MAX_NAME and name:
        _names[header] = name
    return name


def _latin(text: str) -> str:
    return text if text.isascii() else text.encode("utf-8", "replace").decode("latin-1")


def _host(client: str) -> str:
    """`127.0.0.1:5123` or `[::1]:5123` without its port; empty for a local socket."""
    return client.rpartition(":")[0].strip("[]")
