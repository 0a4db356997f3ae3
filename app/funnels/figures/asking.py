"""What is asked of the figures: a period and an owner, from the texts of a URL."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from app.core.ids import to_uuid
from app.core.period import Asked, asked
from app.core.periods import Preset
from app.funnels.owners import NOBODY, Owner

DEFAULT = Preset.FOUR_WEEKS  # deals take longer than a week


def period_asked(given: Mapping[str, str], now: datetime, zone: ZoneInfo) -> Asked:
    """`period`, `from`, `to` and `compare`; without any of the first three the last 28 days."""
    texts = {name: given.get(name) or "" for name in ("period", "from", "to", "compare")}
    if not any(texts[name] for name in ("period", "from", "to")):
        texts["period"] = DEFAULT
    return asked(now, zone, period=texts["period"], start=texts["from"], end=texts["to"], compare=texts["compare"])


def owner_asked(text: str | None, people: Mapping[UUID, str]) -> Owner:
    """An id of `people`, or NOBODY; None for nothing. Raises LookupError for anybody else."""
    if not text:
        return None
    if text == NOBODY:
        return NOBODY
    found = to_uuid(text)
    if found is None or found not in people:
        raise LookupError(text)
    return found
