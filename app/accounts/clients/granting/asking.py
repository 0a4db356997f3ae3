"""What a token request says, in its form and its Authorization header: read strictly, refused in RFC 6749's words."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote_plus

from app.core.errors import AppError, UnsupportedType

MOST_BYTES = 8 * 1024
MAX_PARAMETERS = 20
LONGEST_HEADER = 4096
FORM = "application/x-www-form-urlencoded"
CHALLENGE = 'Basic realm="Kalitrack"'


class GrantRefused(AppError):
    """`{"error": code, "error_description": …}` (RFC 6749, 5.2)."""

    def __init__(self, code: str, description: str, status: int = 400) -> None:
        headers = {"Pragma": "no-cache"} | ({"WWW-Authenticate": CHALLENGE} if status == 401 else {})
        super().__init__(code, status=status, headers=headers, extra={"error_description": description})


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asks and for what; `scopes` None: all that the client has."""

    client_id: str
    client_secret: str
    grant_type: str | None
    scopes: frozenset[str] | None


def read(content_type: str | None, raw: bytes, authorization: str | None) -> Asked:
    """Raises GrantRefused and UnsupportedType. An empty parameter counts as absent, unknown ones are ignored."""
    kind = (content_type or "").partition(";")[0].strip().lower()
    if kind != FORM:
        raise UnsupportedType(f"The body must be {FORM}")
    given = _parameters(raw)
    client_id, secret = _credentials(given, authorization)
    scopes = frozenset(given["scope"].split()) if "scope" in given else None
    return Asked(client_id, secret, given.get("grant_type"), scopes)


def _parameters(raw: bytes) -> dict[str, str]:
    try:
        pairs = parse_qsl(raw.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MAX_PARAMETERS)
    except ValueError:  # UnicodeError too
        raise GrantRefused("invalid_request", "The body is not a form of at most 20 parameters") from None
    given: dict[str, str] = {}
    for name, value in pairs:
        if name in given:
            raise GrantRefused("invalid_request", "A parameter is given more than once")
        if not value.isprintable():
            raise GrantRefused("invalid_request", "A parameter has control characters")
        given[name] = value
    return {name: value for name, value in given.items() if value}


def _credentials(given: Mapping[str, str], authorization: str | None) -> tuple[str, str]:
    if authorization is None:
        if "client_id" not in given or "client_secret" not in given:
            raise GrantRefused("invalid_client", "Give client_id and client_secret, or HTTP Basic", 401)
        return given["client_id"], given["client_secret"]
    client_id, secret = _basic(authorization)
    if "client_secret" in given or given.get("client_id", client_id) != client_id:
        raise GrantRefused("invalid_request", "Give the credentials once: in the form or as HTTP Basic")
    return client_id, secret


def _basic(authorization: str) -> tuple[str, str]:
    """The two parts are each encoded as in a form (RFC 6749, 2.3.1)."""
    scheme, _, encoded = authorization.strip().partition(" ")
    try:
        if scheme.lower() != "basic" or len(encoded) > LONGEST_HEADER:
            raise ValueError
        user, colon, password = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
        user, password = unquote_plus(user, errors="strict"), unquote_plus(password, errors="strict")
    except (ValueError, binascii.Error):
        raise GrantRefused("invalid_client", "The Authorization header is not HTTP Basic", 401) from None
    if not colon or not user.isprintable() or not password.isprintable():
        raise GrantRefused("invalid_client", "The Authorization header is not HTTP Basic", 401)
    return user, password
