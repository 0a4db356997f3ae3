"""Events, pixels and replies with defaults, and answers of every shape, for the tests of the adapters."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from cryptography.fernet import Fernet
from hypothesis import strategies as st

from app.core.exchange import Reply
from app.destinations.base import Event, PixelKey

SECRETS = {
    "secret_key": "test-secret-key-0123456789-0123456789",
    "encryption_keys": Fernet.generate_key().decode(),
    "pii_hash_key": "test-pii-key-0123456789-0123456789012",
}
TOKEN = "EAABsbCS1iHgBAKx0123456789abcdefXYZ9"
NOON = datetime(2023, 12, 21, 1, 57, 36, tzinfo=UTC)  # 1703123856
NOON_S = 1703123856


def hashed(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def event(name: str = "EVENT_PURCHASE", **changes: Any) -> Event:
    given: dict[str, Any] = {"event_id": "evt_1", "occurred_at": NOON, **changes}
    return Event(id=UUID(int=1), name=name, **given)


def pixel(external_id: str = "123456789012345", **settings: Any) -> PixelKey:
    return PixelKey(external_id, TOKEN, settings)


def reply(
    answer: Any = None, status: int | None = 200, error: str | None = None, body: bytes | None = None, **headers: str
) -> Reply:
    """`answer` as JSON, or `body` as it is; header names take _ for -."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    content = body if body is not None else json.dumps(answer).encode()
    return Reply(status, names, content, received_at=NOON, duration_ms=12, error=error)


# Answers that no platform documents.
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=40))
ANY_JSON = st.recursive(
    SCALARS, lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=8), inner))
)
ERROR_FIELDS = st.sampled_from(
    ["message", "code", "error_subcode", "is_transient", "error_user_title", "error_user_msg", "fbtrace_id"]
)
ODD_ANSWERS = st.one_of(
    ANY_JSON,
    st.fixed_dictionaries({"error": st.one_of(ANY_JSON, st.dictionaries(ERROR_FIELDS, ANY_JSON))}),
    st.fixed_dictionaries({"events_received": ANY_JSON, "fbtrace_id": ANY_JSON, "result": ANY_JSON}),
)
STATUSES = st.one_of(st.none(), st.integers(100, 599))
ODD_BODIES = st.one_of(ODD_ANSWERS.map(lambda value: json.dumps(value).encode()), st.binary(max_size=200))
