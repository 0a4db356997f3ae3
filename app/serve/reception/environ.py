"""From the server's scope to the WSGI environment that handlers and Flask read."""

from __future__ import annotations

import sys
from io import BytesIO
from typing import Any

Environ = dict[str, Any]
MAX_NAMES = 1_000  # names of headers are made up by callers
NOTHING = BytesIO()
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
_names = {"content-type": "CONTENT_TYPE", "content-length": "CONTENT_LENGTH"}


def environ_of(scope: Any) -> Environ:
    """All but the body, as PEP 3333 has it: text is Latin-1 of the bytes that came."""
    path = scope.path
    environ = {
        **BASE,
        "REQUEST_METHOD": scope.method,
        "PATH_INFO": path if path.isascii() else path.encode().decode("latin-1"),
        "QUERY_STRING": scope.query_string,
        "REMOTE_ADDR": _host(scope.client),
        "SERVER_PROTOCOL": f"HTTP/{scope.http_version}",
        "wsgi.url_scheme": scope.scheme,
        "wsgi.input": NOTHING,
    }
    environ["SERVER_NAME"], _, environ["SERVER_PORT"] = scope.server.rpartition(":")
    for header, value in scope.headers.items():
        name = _names.get(header) or _name(header)
        if name in environ:
            value = environ[name] + ("; " if name == "HTTP_COOKIE" else ",") + value
        environ[name] = value
    return environ


def _name(header: str) -> str:
    name = f"HTTP_{header.upper().replace('-', '_')}"
    if len(_names) < MAX_NAMES:
        _names[header] = name
    return name


def _host(client: str) -> str:
    """`127.0.0.1:5123` or `[::1]:5123` without its port; empty for a local socket."""
    return client.rpartition(":")[0].strip("[]")
