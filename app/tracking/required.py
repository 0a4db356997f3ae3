"""What is judged before an event's values: which fields are there, the required ones, and the platform."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.core.errors import Invalid, Malformed
from app.destinations import registry
from app.tracking.schema import EventBody

FIELDS = frozenset(EventBody.model_fields)
MAX_TEXT = 255
UNKNOWN_PLATFORM = f"Unknown platform. Accepted: {', '.join(registry.KEYS)}"


def known_fields(body: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of the contract that the client gave; null and blank text mean absent, unknown keys are ignored."""
    return {
        key: value
        for key, value in body.items()
        if key in FIELDS and value is not None and not (isinstance(value, str) and (not value or value.isspace()))
    }


def required(given: Mapping[str, Any], name: str) -> str:
    """A required text, trimmed; integers count as text. Raises Malformed or Invalid."""
    value = given.get(name)
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if value is None:
        raise Malformed(f"Missing {name}")
    if not isinstance(value, str):
        raise Invalid({name: ["Must be text or an integer"]}, f"{name} must be text or an integer")
    if len(value.strip()) > MAX_TEXT:
        raise Invalid({name: ["Too long"]}, f"{name} is too long")
    return value.strip()


def platform_of(given: Mapping[str, Any]) -> str:
    """An explicit platform wins, else the click id tells. Raises Malformed or Invalid."""
    has_kwai, has_meta = "click_id" in given, "fbclid" in given or "fbc" in given
    if "platform" in given:
        platform = _named(given["platform"])
        if platform == "kwai" and not has_kwai:
            raise Malformed("Missing click_id")
        return platform
    if has_kwai and has_meta:
        raise Malformed("Both click_id and fbclid are given: name the platform")
    if not has_kwai and not has_meta:
        raise Malformed("Missing click_id or fbclid")
    return "kwai" if has_kwai else "facebook"


def _named(value: Any) -> str:
    platform = registry.canonical(value.strip()) if isinstance(value, str) else None
    if platform is None:
        raise Invalid({"platform": ["Unknown platform"]}, UNKNOWN_PLATFORM)
    return platform
