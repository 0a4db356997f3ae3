"""How often letters may be asked for, and passwords tried: by a caller, for an address or a link, and overall. Known
and unknown addresses count alike, before anybody looks whether they are known."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from app.core.ratelimit import Limit, Reserved

HOUR, DAY = 3600, 86_400
REGISTER_CALLER = Limit("register-caller", 5, HOUR)
REGISTER_EMAIL = Limit("register-email", 5, DAY)
REGISTER_ALL = Limit("register", 200, HOUR)
RESEND_CALLER = Limit("resend-caller", 10, HOUR)
VERIFY_LINK = Limit("verify-link", 10, HOUR)
VERIFY_CALLER = Limit("verify-caller", 20, HOUR)
FORGOT_CALLER = Limit("forgot-caller", 20, HOUR)  # an office behind one address
FORGOT_EMAIL = Limit("forgot-email", 5, DAY)  # security.md 10
FORGOT_ALL = Limit("forgot", 500, HOUR)
NEW_EMAIL_PERSON = Limit("new-email-person", 5, HOUR)
NEW_EMAIL_ADDRESS = Limit("new-email", 5, DAY)


def registering(email: str, address: str | None) -> Sequence[Reserved]:
    return ((REGISTER_CALLER, address or ""), (REGISTER_EMAIL, email), (REGISTER_ALL, ""))


def sending_again(email: str, address: str | None) -> Sequence[Reserved]:
    """Another letter to an address that registered is one more of that address's letters."""
    return ((RESEND_CALLER, address or ""), (REGISTER_EMAIL, email), (REGISTER_ALL, ""))


def confirming(token_hash: str, address: str | None) -> Sequence[Reserved]:
    return ((VERIFY_LINK, token_hash), (VERIFY_CALLER, address or ""))


def forgetting(email: str, address: str | None) -> Sequence[Reserved]:
    return ((FORGOT_CALLER, address or ""), (FORGOT_EMAIL, email), (FORGOT_ALL, ""))


def moving(user_id: UUID, email: str) -> Sequence[Reserved]:
    return ((NEW_EMAIL_PERSON, str(user_id)), (NEW_EMAIL_ADDRESS, email))
