"""Random tokens of which only the hash is kept: of one-time links, which travel in letters, and of short waits."""

from __future__ import annotations

import secrets

from app.accounts.sessions import MAX_TOKEN_LENGTH, TOKEN_BYTES, hashed
from app.core.settings import Settings


def new_token() -> tuple[str, str]:
    """A fresh token of 256 bits, URL-safe, and the hash to keep of it."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    return token, hashed(token)


def hash_of(token: str) -> str:
    """The hash to look a token up by; "", which no row has, where it cannot be one of ours."""
    return hashed(token) if token and len(token) <= MAX_TOKEN_LENGTH else ""


def link(settings: Settings, path: str, token: str) -> str:
    """`<PUBLIC_URL>/verify/<token>`: never made from a request, whose Host header anybody writes."""
    return f"{settings.public_url.rstrip('/')}/{path}/{token}"
