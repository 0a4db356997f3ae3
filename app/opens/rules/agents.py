"""The text of a user agent as it is kept, and the id made from it."""

from __future__ import annotations

import re
from functools import lru_cache
from hashlib import sha256
from uuid import UUID

LONGEST = 1024
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]+")


def cut(text: str) -> str:
    """At most 1,024 characters, without control characters (PostgreSQL takes no NUL) and without half surrogates."""
    if len(text) > LONGEST * 4:
        text = text[: LONGEST * 4]
    if not (text.isascii() and text.isprintable()):
        text = _CONTROL.sub("", text)
    return text[:LONGEST].strip()


@lru_cache(maxsize=4096)
def agent_id(text: str) -> UUID:
    """The same in every process and for ever, so that nobody looks an agent up to write an open. `text` is `cut`."""
    return UUID(bytes=sha256(text.encode("utf-8", "replace")).digest()[:16])
