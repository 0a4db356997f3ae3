"""The tokens of API clients: recognisable by a prefix, checked for typing errors, stored as a hash only."""

from __future__ import annotations

import hashlib
import secrets
import string
import zlib

PREFIX = "kt_live_"
ACCESS_PREFIX = "kt_at_"
ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
RANDOM_LENGTH = 43  # 256 bits in base 62
CHECKSUM_LENGTH = 6


def new_token() -> str:
    """`kt_live_`, 43 random characters, and the CRC-32 of those in six more (security.md 17: GitHub's design)."""
    random = _random()
    return f"{PREFIX}{random}{checksum(random)}"


def new_access_token() -> str:
    """A client's token for an hour: `kt_at_` and 256 bits in base 62."""
    return f"{ACCESS_PREFIX}{_random()}"


def _random() -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(RANDOM_LENGTH))


def token_hash(token: str) -> str:
    """How a token is stored and found: 64 hex digits."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def is_well_formed(token: str) -> bool:
    """Whether it could be one of ours: tells a cut or mistyped token from a revoked one, without the database."""
    body = token.removeprefix(PREFIX)
    return (
        token.startswith(PREFIX)
        and len(body) == RANDOM_LENGTH + CHECKSUM_LENGTH
        and body.isascii()
        and body[RANDOM_LENGTH:] == checksum(body[:RANDOM_LENGTH])
    )


def checksum(text: str) -> str:
    number = zlib.crc32(text.encode())
    digits = ""
    for _ in range(CHECKSUM_LENGTH):
        number, digit = divmod(number, len(ALPHABET))
        digits = ALPHABET[digit] + digits
    return digits
