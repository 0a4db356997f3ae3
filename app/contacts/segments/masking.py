"""A rule as whoever makes this request sees it: viewers read no part of an address or a number."""

from __future__ import annotations

from typing import Any

from app.contacts.segments.words import PERSONAL
from app.core.masking import DOTS, masks_people


def shown_rule(rule: dict[str, Any]) -> dict[str, Any]:
    return _masked(rule) if masks_people() else rule


def _masked(part: Any) -> Any:
    if isinstance(part, list):
        return [_masked(one) for one in part]
    if not isinstance(part, dict):
        return part
    if part.get("field") in PERSONAL and "value" in part:
        return part | {"value": DOTS}
    return {name: _masked(value) for name, value in part.items()} if "field" not in part else part
