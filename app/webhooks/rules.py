"""What a webhook may be: the checks of its fields, in words for people."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping
from typing import Any

from flask_babel import lazy_gettext as _l

from app.core import event_types
from app.core.errors import Invalid, Text
from app.core.folding import is_blank
from app.core.settings import Settings
from app.webhooks import header_rules, signatures, web_address
from app.webhooks.models import Schedule
from app.webhooks.patterns import ALL, normalised

MAX_NAME = 80
MAX_DESCRIPTION = 500
MAX_EVENTS = 200
MOST_PER_SECOND = 1_000
MOST_OVERLAP_H = 168


class Wrong(ValueError):
    """One field is wrong, and why."""

    def __init__(self, message: Text) -> None:
        super().__init__()
        self.message = message


def check(
    values: Mapping[str, Any], settings: Settings, stored_headers: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """What of `name`, `url`, `events`, `description`, `headers`, `schedule`, `perSecond`, `active` and `secret` is
    given, cleaned. `stored_headers`: what a header keeps that comes as None or as it is shown. Raises Invalid with a
    message for each wrong field; none repeats a secret."""
    stored = stored_headers or {}
    rules: dict[str, Callable[[Any], Any]] = {
        "name": _name,
        "url": lambda value: _url(value, settings),
        "events": _events,
        "description": _description,
        "schedule": _schedule,
        "perSecond": _per_second,
        "active": bool,
        "secret": check_secret,
    }
    clean: dict[str, Any] = {}
    wrong: dict[str, Any] = {}
    for name, rule in rules.items():
        if name in values:
            try:
                clean[name] = rule(values[name])
            except Wrong as error:
                wrong[name] = error.message
    if "headers" in values:
        clean["headers"], refused = header_rules.merged(values["headers"] or {}, stored)
        wrong |= refused
    if wrong:
        raise Invalid(wrong)
    return clean


def check_secret(text: Any) -> str:
    """Raises Wrong."""
    if not isinstance(text, str) or not signatures.is_secret(text):
        raise Wrong(
            _l(
                "A secret is whsec_ and 24 to 64 bytes in Base64, or 16 to 200 letters, digits and signs without spaces"
                " and accents."
            )
        )
    return text


def _name(value: Any) -> str:
    text = str(value or "").strip()
    if not text or is_blank(text):
        raise Wrong(_l("The name is missing."))
    return _plain(text, MAX_NAME)


def _description(value: Any) -> str | None:
    return _plain(str(value or "").strip(), MAX_DESCRIPTION, breaks=True) or None


def _plain(text: str, longest: int, *, breaks: bool = False) -> str:
    if len(text) > longest:
        raise Wrong(_l("At most %(max)d characters.", max=longest))
    odd = (letter for letter in text if unicodedata.category(letter) in ("Cc", "Cs"))
    if any(not breaks or letter not in "\r\n\t" for letter in odd):
        raise Wrong(_l("Must not contain control characters."))
    return text


def _url(value: Any, settings: Settings) -> str:
    try:
        return web_address.check(
            str(value or ""), https_only=not settings.takes_plain_http, any_port=settings.allow_private_targets
        )
    except ValueError as error:
        raise Wrong(error.args[0]) from None


def _events(value: Any) -> list[str]:
    chosen = [str(one).strip() for one in value or ()]
    if not chosen:
        raise Wrong(_l("Choose at least one event."))
    if len(chosen) > MAX_EVENTS:
        raise Wrong(_l("At most %(max)d events.", max=MAX_EVENTS))
    public = event_types.public()
    known = {ALL, *public, *(f"{one.group}.*" for one in public.values())}
    unknown = [one[:64] for one in chosen if one not in known]
    if unknown:
        raise Wrong(_l("There are no such events: %(names)s.", names=", ".join(unknown[:10])))
    return normalised(chosen)


def _schedule(value: Any) -> str:
    if value not in tuple(Schedule):
        raise Wrong(_l("The schedule is fast or standard."))
    return str(Schedule(value))


def _per_second(value: Any) -> int | None:
    """None and 0: no limit."""
    if value in (None, 0):
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MOST_PER_SECOND:
        raise Wrong(_l("Choose 1 to 1,000, or leave it empty for no limit."))
    return value


def check_overlap(hours: Any) -> int:
    """Raises Wrong."""
    if isinstance(hours, bool) or not isinstance(hours, int) or not 0 <= hours <= MOST_OVERLAP_H:
        raise Wrong(_l("Choose 0 to 168 hours."))
    return hours
