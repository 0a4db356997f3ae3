"""Access tokens for people: JWTs that live 15 minutes and die sooner with their session (facts/security.md 13–14)."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import jwt

from app.core.ids import to_uuid
from app.core.settings import Settings

LIFETIME = timedelta(minutes=15)
ALGORITHM = "HS256"
AUDIENCE = "kalitrack-api"
KIND = "access"
REQUIRED = ("exp", "iat", "iss", "aud", "sub", "jti", "typ", "sid")
MAX_LENGTH = 2048


@dataclass(frozen=True, slots=True)
class Claims:
    """Whose token it is. Role and account are not in it: they are read from the database on each call."""

    user_id: UUID
    session_id: UUID


def issue(settings: Settings, claims: Claims, now: datetime) -> str:
    payload = {
        "iss": settings.public_url,
        "aud": AUDIENCE,
        "sub": str(claims.user_id),
        "sid": str(claims.session_id),
        "jti": uuid4().hex,
        "typ": KIND,
        "iat": now,
        "exp": now + LIFETIME,
    }
    return jwt.encode(payload, signing_key(settings), ALGORITHM)


def read(settings: Settings, token: str, now: datetime) -> Claims | None:
    """The claims of a token of ours that is still valid, else None. The header chooses neither algorithm nor key."""
    if len(token) > MAX_LENGTH or token.count(".") != 2:
        return None
    try:
        payload = jwt.decode(
            token,
            signing_key(settings),
            algorithms=[ALGORITHM],
            audience=AUDIENCE,
            issuer=settings.public_url,
            # times are judged by our own clock below
            options={"require": list(REQUIRED), "verify_exp": False, "verify_iat": False},
        )
    except (jwt.InvalidTokenError, ValueError, TypeError):
        return None
    user_id, session_id = to_uuid(payload["sub"]), to_uuid(payload["sid"])
    if payload["typ"] != KIND or user_id is None or session_id is None or not _is_current(payload, now):
        return None
    return Claims(user_id, session_id)


def _is_current(payload: dict[str, object], now: datetime) -> bool:
    issued, expires = payload["iat"], payload["exp"]
    if type(issued) is not int or type(expires) is not int:
        return False
    return issued <= now.timestamp() + 1 and now.timestamp() < expires <= issued + LIFETIME.total_seconds()


def signing_key(settings: Settings) -> bytes:
    """A key of its own out of SECRET_KEY, so that no other signature of ours is ever an access token."""
    return hmac.new(settings.secret_key.encode(), b"kalitrack access token v1", hashlib.sha256).digest()
