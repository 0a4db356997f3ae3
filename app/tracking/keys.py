"""The keys by which a repeat of an event is known (CONTRACTS §4, Idempotency)."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import NamedTuple

GIVEN = timedelta(days=7)
SAME_BODY = timedelta(seconds=15)


class Keys(NamedTuple):
    """`each`: (hash, expires_at). `header`: the hash of the Idempotency-Key, when there is one among them."""

    each: list[tuple[str, datetime]]
    header: str | None


def keys_of(
    *,
    platform: str,
    pixel_id: str,
    event_name: str,
    event_id: str | None,
    header_key: str | None,
    body_hash: str,
    now: datetime,
) -> Keys:
    """Those that the client gave, for seven days; with none, the body itself for 15 s (clients resend after a 500)."""
    each = []
    header = None
    if event_id:
        each.append((_digest("event", platform, pixel_id, event_name, event_id), now + GIVEN))
    if header_key:
        header = _digest("header", header_key)
        each.append((header, now + GIVEN))
    if not each:
        each.append((_digest("body", body_hash), now + SAME_BODY))
    return Keys(each, header)


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
