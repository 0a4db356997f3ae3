"""Meta's click and browser ids, and the address and agent of a visitor: validated, never hashed."""

from __future__ import annotations

import re
from datetime import datetime

from app.core.addresses import read_address

# fb.<subdomain index>.<creation time>.<id>, and perhaps the mark that Meta's parameter library appends.
FBC = re.compile(r"fb\.[0-9]{1,2}\.[0-9]{1,16}\.[A-Za-z0-9_-]{1,500}(\.[A-Za-z0-9_-]{1,16})?")
FBP = re.compile(r"fb\.[0-9]{1,2}\.[0-9]{1,16}\.[0-9]{1,20}(\.[A-Za-z0-9_-]{1,16})?")
CLICK_ID = re.compile(r"[A-Za-z0-9_-]{1,500}")
MAX_CLICK = 600
MAX_AGENT = 1024


def to_fbc(fbc: str | None, fbclid: str | None, click_time: datetime | None) -> str | None:
    """Meta's click id: `fbc` before `fbclid`; each may be whole (`fb.1.…`) or bare. A bare one is dated by the time of
    the click, and left out without it. Junk is left out: it would make Meta refuse the whole batch (100/2804001)."""
    for value in (fbc, fbclid):
        text = (value or "").strip()
        if len(text) > MAX_CLICK:
            continue
        if FBC.fullmatch(text):
            return text
        if click_time and CLICK_ID.fullmatch(text):
            return f"fb.1.{int(click_time.timestamp() * 1000)}.{text}"
    return None


def to_fbp(value: str | None) -> str | None:
    """The `_fbp` cookie as it is, when it has the form of one."""
    text = (value or "").strip()
    return text if len(text) <= MAX_CLICK and FBP.fullmatch(text) else None


def to_ctwa(value: str | None) -> str | None:
    """The id of a click into a WhatsApp chat, when it has the form of one."""
    text = (value or "").strip()
    return text if len(text) <= MAX_CLICK and CLICK_ID.fullmatch(text) else None


def to_address(value: str | None) -> str | None:
    """An IPv4 or IPv6 address without port, brackets or zone; None when it is none."""
    found = read_address(value)
    return None if found is None else str(found)


def to_agent(value: str | None) -> str | None:
    """The browser's user agent on one line, at most 1,024 characters."""
    text = "".join(letter for letter in (value or "")[:MAX_AGENT] if letter.isprintable())
    return text.strip() or None
