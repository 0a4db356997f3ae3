"""Stored wire fields back to plain JSON values: what a JSON column returns is text, int, float or Decimal."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from app.core.exchange import Json

NUMBER = re.compile(r"-?[0-9]{1,30}(\.[0-9]{1,30})?([eE][+-]?[0-9]{1,2})?")
LARGEST = 10**15  # a double holds every cent below it
MAX_TEXT = 1000


def number(value: Any) -> int | float | None:
    """A JSON number that prints as JavaScript would print it (50.00 -> 50, 49.9 -> 49.9); None when it is none."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
        return None
    if isinstance(value, str) and (len(value) > 64 or not NUMBER.fullmatch(value)):
        return None
    amount = Decimal(str(value)) if isinstance(value, float) else Decimal(value)
    if not amount.is_finite() or not -LARGEST <= amount <= LARGEST:  # abs() would overflow on 1E+1000000
        return None
    plain = float(amount)
    return int(plain) if plain.is_integer() else plain


def whole(value: Any) -> int | None:
    """A count; None when it is no whole number."""
    found = number(value)
    return found if isinstance(found, int) else None


def text(value: Any, longest: int = MAX_TEXT) -> str | None:
    """Text, or an integer id as text, cut to `longest`; None for anything else or blank."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    return str(value)[:longest].strip() or None


def texts(value: Any) -> list[str]:
    """A list of ids as texts; a single one counts as a list of one."""
    listed = value if isinstance(value, list | tuple) else [value]
    return [found for item in listed if (found := text(item))]


def currency(value: Any) -> str | None:
    """ISO 4217 in capitals, by form."""
    code = value.strip().upper() if isinstance(value, str) and len(value) <= 16 else ""
    return code if re.fullmatch(r"[A-Z]{3}", code) else None


def present(**values: Any) -> Json:
    """The values that are there: neither None nor empty. Zero and False stay."""
    return {name: value for name, value in values.items() if value is not None and value not in ("", [], {})}
