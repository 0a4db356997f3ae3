"""The headers of one's own that a webhook may send, and how they are shown: their values may be tokens."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext as _l

from app.core.errors import Text
from app.core.vault import last_four

MAX_HEADERS = 20
MAX_NAME = 100
MAX_VALUE = 1_000
TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110 §5.6.2
PRINTABLE = re.compile(r"[\x20-\x7e\xa0-\xff]+")  # of Latin-1, which is what goes over the wire
RESERVED = re.compile(
    r"host|content-.*|transfer-encoding|connection|keep-alive|proxy-.*|te|trailer|upgrade|expect"
    r"|cookie2?|set-cookie2?|x-webhook-.*|webhook-.*|x-internal-token"
)


def merged(given: Mapping[str, Any], stored: Mapping[str, str]) -> tuple[dict[str, str], dict[str, Text]]:
    """All headers from now on, and messages by `headers.<name>` (or `headers`). What is given as None, or as it is
    shown, keeps the value stored under that name."""
    if len(given) > MAX_HEADERS:
        return {}, {"headers": _l("At most %(max)d headers.", max=MAX_HEADERS)}
    before = {name.lower(): value for name, value in stored.items()}
    found: dict[str, str] = {}
    wrong: dict[str, Text] = {}
    for raw, sent in given.items():
        name = str(raw).strip()
        kept = before.get(name.lower())
        value = kept if kept is not None and sent in (None, shown(kept)) else str(sent or "").strip()
        error = _name_error(name, found) or _value_error(value)
        if error:
            wrong[f"headers.{_printable(name)}"] = error
        found[name] = value
    return found, wrong


def shown(value: str) -> str:
    return f"…{last_four(value)}"


def _name_error(name: str, before: Mapping[str, str]) -> Text | None:
    if not TOKEN.fullmatch(name) or len(name) > MAX_NAME:
        return _l("The name of a header has letters, digits and - only, at most 100.")
    if RESERVED.fullmatch(name.lower()):
        return _l("This header is set by Kalitrack or by the connection itself.")
    if name.lower() in {one.lower() for one in before}:
        return _l("Given more than once.")
    return None


def _value_error(value: str) -> Text | None:
    if not value:
        return _l("The value is missing.")
    if len(value) > MAX_VALUE:
        return _l("At most %(max)d characters.", max=MAX_VALUE)
    if not PRINTABLE.fullmatch(value):
        return _l("A value has no line breaks and only letters of Western European languages.")
    return None


def _printable(name: str) -> str:
    return re.sub(r"[^!-~]", "?", name)[:MAX_NAME]
