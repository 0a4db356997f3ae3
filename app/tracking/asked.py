"""What an intake request says beside its body: who asks, from where, and how it wants to be answered."""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from app.core.errors import Malformed
from app.core.frontdoor import Environ
from app.destinations.clicks import to_address
from app.tracking.draft import CameFrom, Sender
from app.tracking.lookup import KnownClient
from app.tracking.person import Browser

IDEMPOTENCY_KEY_LENGTH = 255
MAX_AGENT = 1024
MAX_PAGE = 2000
NOBODY = Browser()


def sender(environ: Environ, client: KnownClient, came_from: CameFrom, idempotency_key: str | None = None) -> Sender:
    """A browser's address is a person's: it goes into the event's identity and nowhere else."""
    browser = browser_of(environ)
    address = to_address(environ.get("REMOTE_ADDR")) if browser is NOBODY else None
    return Sender(client, browser, address, idempotency_key, came_from)


def came_from(environ: Environ) -> CameFrom:
    """The address is that of the connection, or what trusted proxies tell of it (`FrontDoor.trust`)."""
    return environ.get("REMOTE_ADDR"), environ.get("HTTP_ORIGIN")


def browser_of(environ: Environ) -> Browser:
    """Only a request that a browser sent tells the person's own address, agent and page."""
    if "HTTP_ORIGIN" not in environ and "HTTP_SEC_FETCH_SITE" not in environ:
        return NOBODY
    agent, page = environ.get("HTTP_USER_AGENT"), environ.get("HTTP_REFERER")
    return Browser(environ.get("REMOTE_ADDR"), _decoded(agent, MAX_AGENT), _decoded(page, MAX_PAGE))


def _decoded(header: str | None, length: int) -> str | None:
    """WSGI hands headers over as Latin-1; what holds control characters is left out."""
    if header is None:
        return None
    text = header.encode("latin-1", "replace").decode("utf-8", "replace")[:length].strip()
    return text if text.isprintable() and text else None


def idempotency_key(environ: Environ) -> str | None:
    """Raises Malformed."""
    key: str | None = environ.get("HTTP_IDEMPOTENCY_KEY")
    if key is None:
        return None
    if not 1 <= len(key) <= IDEMPOTENCY_KEY_LENGTH or not key.isprintable():
        raise Malformed(f"Idempotency-Key must be 1 to {IDEMPOTENCY_KEY_LENGTH} printable characters")
    return key


def wants_wait(environ: Environ, client: KnownClient) -> bool:
    return client.answer_mode == "wait" and "respond-async" not in environ.get("HTTP_PREFER", "").lower()


def hash_body(raw: bytes) -> str:
    return sha256(raw).hexdigest()


def canonical(event: Mapping[str, Any]) -> bytes:
    """An event of a batch as bytes of its own: its place in the body says nothing about it."""
    return json.dumps(event, sort_keys=True, default=str, separators=(",", ":"), ensure_ascii=False).encode()
