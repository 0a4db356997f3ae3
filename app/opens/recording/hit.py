"""What a request for an image says: read from the WSGI environment, cleaned, and never refused."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import unquote_to_bytes
from uuid import UUID

from app.core.addresses import Address, read_address
from app.core.ids import created_at, uuid7
from app.opens.ids import Ref, clean
from app.opens.links import ID
from app.opens.rules.agents import cut

Environ = dict[str, Any]
MAX_PARAMETERS = 40
MAX_PARAMETER_NAME = 64  # as it is encoded
MAX_VALUE = 8192  # likewise; the longest id has 255 characters of up to 12 each
WANTED = frozenset({ID, "k", "s", "preview"})
MAX_REFERER = 255
FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
AHEAD = ("HTTP_SEC_PURPOSE", "HTTP_PURPOSE", "HTTP_X_PURPOSE", "HTTP_X_MOZ")
NONE = Ref("")


@dataclass(slots=True)
class Hit:
    """One load, as it came: `file` lower-cased, or empty when it cannot be a name of ours."""

    id: UUID
    at: datetime
    file: str
    ref: Ref
    account_key: str
    signature: str
    preview: str
    agent: str
    address: Address | None
    referer: str | None
    is_ahead: bool  # the browser said that it fetches before anybody looks


def read_hit(environ: Environ, path: str) -> Hit:
    """`path` is what follows `/image/`. Its id and time are fixed here, whenever it is written."""
    id_ = uuid7()
    wanted = _query(environ.get("QUERY_STRING", ""))
    agent = environ.get("HTTP_USER_AGENT", "")
    return Hit(
        id_,
        created_at(id_),
        path.lower() if FILE.fullmatch(path) else "",
        clean(wanted[ID]) if ID in wanted else NONE,
        wanted.get("k", "")[:64],
        wanted.get("s", "")[:64],
        wanted.get("preview", "")[:64],
        cut(agent if agent.isascii() else _decoded(agent)),
        read_address(environ.get("REMOTE_ADDR") or "") or _peer(environ),
        _referer(environ.get("HTTP_REFERER")),
        any(_means_ahead(environ[name]) for name in AHEAD if name in environ),
    )


def _query(text: str) -> dict[str, str]:
    """The parameters; of repeated ones the first counts. `&amp;` is taken for `&`: some mail programs do not."""
    found: dict[str, str] = {}
    for part in text.split("&", MAX_PARAMETERS)[:MAX_PARAMETERS]:
        name, _equals, value = part.partition("=")
        if "%" in name:
            name = _unquoted(name[:MAX_PARAMETER_NAME])
        name = name.removeprefix("amp;")
        if name in WANTED and name not in found:  # nobody makes us decode what is not looked at
            found[name] = _unquoted(value[:MAX_VALUE])
    return found


def _unquoted(text: str) -> str:
    if text.isascii() and "%" not in text and "+" not in text:
        return text
    return unquote_to_bytes(text.replace("+", " ").encode("latin-1", "replace")).decode("utf-8", "replace")


def _decoded(text: str) -> str:
    """WSGI hands bytes as Latin-1; what they really are is UTF-8, where they are anything."""
    return text.encode("latin-1", "replace").decode("utf-8", "replace")


def _peer(environ: Environ) -> Address | None:
    """Who is at the other end of the socket, when a trusted proxy says nothing that is an address."""
    return read_address(environ.get("werkzeug.proxy_fix.orig", {}).get("REMOTE_ADDR") or "")


def _referer(text: str | None) -> str | None:
    """Host and path; the query may hold what is nobody's business."""
    if not text:
        return None
    scheme, mark, rest = text[:2048].partition("://")
    if not mark or scheme.lower() not in ("http", "https"):
        return None
    host, slash, path = re.split(r"[?#]", rest, maxsplit=1)[0].partition("/")
    plain = _decoded(host.rpartition("@")[2] + slash + path)
    return "".join(each for each in plain if each.isprintable())[:MAX_REFERER] or None


def _means_ahead(text: str) -> bool:
    lower = text.lower()
    return "prefetch" in lower or "preview" in lower
