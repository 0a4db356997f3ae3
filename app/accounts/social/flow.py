"""One visit to a provider and back: what it is for, and the secrets that tie its end to its beginning."""

from __future__ import annotations

import secrets
from collections.abc import MutableMapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hmac import compare_digest
from typing import Any
from uuid import UUID

LIFETIME = timedelta(minutes=10)  # security.md 38
KEY = "visits"  # in the browser's signed form session
MOST = 3  # begun side by side, in several tabs
LONGEST_TARGET = 256  # the session is a cookie of 4 KB at most


class Purpose(StrEnum):
    SIGN_IN = "sign_in"
    LINK = "link"
    CONFIRM = "confirm"


@dataclass(frozen=True, slots=True)
class Flow:
    """`state` comes back through the browser, `nonce` inside the id token, `verifier` is shown to the provider by us
    (PKCE); `session_id` is whose session it was begun in, where it is about somebody who is signed in."""

    provider: str
    purpose: str
    state: str
    nonce: str
    verifier: str
    target: str
    session_id: str | None
    begun_at: int

    @property
    def challenge(self) -> str:
        from authlib.oauth2.rfc7636 import create_s256_code_challenge  # heavy: imported when first needed

        return str(create_s256_code_challenge(self.verifier))


def begin(provider: str, purpose: Purpose, target: str, session_id: UUID | None, now: datetime) -> Flow:
    return Flow(
        provider=provider,
        purpose=purpose,
        state=secrets.token_urlsafe(32),
        nonce=secrets.token_urlsafe(32),
        verifier=secrets.token_urlsafe(48),
        target=target if len(target) <= LONGEST_TARGET else "/",
        session_id=None if session_id is None else str(session_id),
        begun_at=int(now.timestamp()),
    )


def keep(session: MutableMapping[str, Any], flow: Flow) -> None:
    """Notes it in the session of this browser; an older one gives way."""
    session[KEY] = [*session.get(KEY, [])[1 - MOST :], asdict(flow)]


def take(session: MutableMapping[str, Any], provider: str, state: str | None, now: datetime) -> Flow | None:
    """The visit that this browser began with this state, which it cannot end a second time. None when there is none,
    or it was begun too long ago."""
    waiting = [Flow(**kept) for kept in session.get(KEY, [])]
    given = (state or "").encode("utf-8", "replace")
    found = next((flow for flow in waiting if compare_digest(flow.state.encode(), given)), None)
    if found is None or found.provider != provider:
        return None
    session[KEY] = [asdict(flow) for flow in waiting if flow is not found]
    age_s = now.timestamp() - found.begun_at
    return found if -1 <= age_s <= LIFETIME.total_seconds() else None
