"""How a delivery is signed: over the very bytes that are sent, by every secret that is alive (source 4; Standard
Webhooks 1.0.0)."""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

PREFIX = "whsec_"
SHORTEST_OWN = 16  # characters of a secret that somebody chose (facts/security.md 57)
LONGEST_OWN = 200
KEY_BYTES = 32
LEAST_BYTES, MOST_BYTES = 24, 64  # of the key in a `whsec_` secret, as Standard Webhooks has it


def generate() -> str:
    """A new secret: `whsec_` and 32 random bytes in Base64."""
    return PREFIX + base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()


def is_secret(text: str) -> bool:
    """Whether deliveries can be signed with it: 24 to 64 bytes in Base64 after `whsec_`, or 16 to 200 printable ASCII
    characters without spaces."""
    if text.startswith(PREFIX):
        return _decoded(text) is not None
    return SHORTEST_OWN <= len(text) <= LONGEST_OWN and text.isascii() and all("!" <= one <= "~" for one in text)


def key_of(secret: str) -> bytes:
    """The key of `webhook-signature`: what a `whsec_` secret encodes, or the bytes of a chosen one as they are."""
    return _decoded(secret) or secret.encode()


def message_id(id: UUID) -> str:
    """`webhook-id`: of what happened, the same at every try and for every receiver."""
    return f"msg_{id.hex}"


def headers(id: UUID, at: datetime, body: bytes, alive: Sequence[str]) -> dict[str, str]:
    """The headers of one try. `alive`: every secret that may be verified with, the current one first. The plain header
    uses the oldest, which receivers know that have not switched yet; the standard one lists all."""
    stamp = str(int(at.timestamp()))
    signed = f"{message_id(id)}.{stamp}.".encode() + body
    return {
        "X-Webhook-Signature": hmac.new(alive[-1].encode(), body, "sha256").hexdigest(),
        "webhook-id": message_id(id),
        "webhook-timestamp": stamp,
        "webhook-signature": " ".join(f"v1,{_in_base64(key_of(secret), signed)}" for secret in alive),
    }


def _in_base64(key: bytes, signed: bytes) -> str:
    return base64.b64encode(hmac.digest(key, signed, "sha256")).decode()


def _decoded(text: str) -> bytes | None:
    if not text.startswith(PREFIX):
        return None
    try:
        key = base64.b64decode(text[len(PREFIX) :], validate=True)
    except (binascii.Error, ValueError):
        return None
    return key if LEAST_BYTES <= len(key) <= MOST_BYTES else None
