"""JSON as the API writes it: compact UTF-8, times in UTC with `Z`, decimals as numbers, ids as text."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

from pydantic import BaseModel


def dumps(value: Any) -> bytes:
    """The bytes of an answer. Models go by their aliases.

    Raises TypeError for what has no JSON form (a secret, say) and ValueError for a time without a zone or a number that
    is not finite: both are faults of ours, never of the caller."""
    return _encode(value).encode("utf-8", "replace")


def timestamp(value: datetime) -> str:
    """ISO-8601 in UTC to the millisecond, as JavaScript's toISOString writes it."""
    if value.tzinfo is None:
        raise ValueError("a time in an answer must be aware")
    return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _plain(value: Any) -> Any:
    match value:
        case BaseModel():
            return value.model_dump(by_alias=True)
        case datetime():
            return timestamp(value)
        case date():
            return value.isoformat()
        case UUID():
            return str(value)
        case Decimal():
            return float(value)  # readers take a JSON number as a double anyway: 15 digits survive
        case Enum():
            return value.value
        case set() | frozenset():
            return sorted(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


_encode = json.JSONEncoder(default=_plain, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode
