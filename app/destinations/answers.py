"""What every adapter needs to put a platform's answer into words: safe text and the wait it asked for."""

from __future__ import annotations

import re
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any

from app.core.exchange import Reply

MAX_READ = 2000  # characters of a platform's message that are looked at
MAX_SHOWN = 400
SHORTEST_WAIT_S, LONGEST_WAIT_S = 1.0, 3600.0
# Platforms quote what they refuse: a token, a hash, an address. Bounded repeats keep the search linear.
SECRETIVE = re.compile(r"[A-Za-z0-9_-]{32,}|[^\s@]{1,64}@[^\s@]{1,255}|\+[0-9]{8,15}")


def words(value: Any) -> str:
    """A platform's text as one printable line without tokens, hashes, e-mails or phones; "" for what is no text."""
    if not isinstance(value, str):
        return ""
    line = "".join(letter if letter.isprintable() else " " for letter in value[:MAX_READ])
    return " ".join(SECRETIVE.sub("…", line).split())[:MAX_SHOWN]


def plainly(reply: Reply) -> str:
    """The reply without regard to its body: `Timeout`, `HTTP 503`, …"""
    if reply.error:
        return reply.error
    return "No answer" if reply.status is None else f"HTTP {reply.status}"


def asked_wait_s(reply: Reply) -> float | None:
    """Seconds of `Retry-After` (a number, or a date seen from `received_at`), between a second and an hour."""
    text = next((value for name, value in reply.headers.items() if name.lower() == "retry-after"), "").strip()
    if re.fullmatch(r"[0-9]{1,9}", text):
        return _bounded(float(text))
    if not 0 < len(text) <= 64:
        return None
    try:
        until = parsedate_to_datetime(text)
        until = until if until.tzinfo else until.replace(tzinfo=UTC)
        return _bounded((until - reply.received_at).total_seconds())
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _bounded(seconds: float) -> float:
    return min(max(seconds, SHORTEST_WAIT_S), LONGEST_WAIT_S)
