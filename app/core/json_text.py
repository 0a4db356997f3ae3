"""JSON exactly as JavaScript's `JSON.stringify` prints it after `JSON.parse`, so that whoever verifies a signature over
re-serialised JSON still gets the bytes that were signed."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

LARGEST_INDEX = 2**32 - 2  # keys that are an array index come first, in their order
SAFE_INTEGER = 2**53


def stringify(value: Any) -> str:
    """Of plain JSON values and Decimals. Raises ValueError for NaN and Infinity, TypeError for what JSON has not."""
    if isinstance(value, str):
        return _text(value)
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int | float | Decimal):
        return number(value)
    if isinstance(value, Mapping):
        members = sorted(value.items(), key=_place)  # stable: other keys stay as they were put
        return "{" + ",".join(f"{_text(_key(key))}:{stringify(one)}" for key, one in members) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(stringify, value)) + "]"
    raise TypeError(f"JSON has no {type(value).__name__}")


def number(value: float | Decimal) -> str:
    """As ECMAScript's Number::toString prints it (ECMA-262 §6.1.6.1.20): 5 for 5.0, 1e+21, 0.000001, 1e-7."""
    if isinstance(value, int) and abs(value) <= SAFE_INTEGER:
        return str(value)
    exact = float(value)
    if not math.isfinite(exact):
        raise ValueError("JSON has no such number")
    if exact == 0:
        return "0"
    sign, digits, exponent = Decimal(repr(exact)).normalize().as_tuple()
    text, point = "".join(map(str, digits)), len(digits) + int(exponent)
    return ("-" if sign else "") + _printed(text, point)


def _printed(digits: str, point: int) -> str:
    """`point`: where the decimal point stands, counted from before the first digit."""
    count = len(digits)
    if count <= point <= 21:
        return digits + "0" * (point - count)
    if 0 < point <= 21:
        return f"{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return f"0.{'0' * -point}{digits}"
    mantissa = digits if count == 1 else f"{digits[0]}.{digits[1:]}"
    return f"{mantissa}e{'+' if point > 0 else '-'}{abs(point - 1)}"


def _text(value: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError:  # half a surrogate pair, which JSON.stringify escapes
        parts = (json.dumps(one, ensure_ascii="\ud800" <= one <= "\udfff")[1:-1] for one in value)
        return f'"{"".join(parts)}"'
    return json.dumps(value, ensure_ascii=False)


def _key(key: Any) -> str:
    if not isinstance(key, str):
        raise TypeError("JSON has no keys but texts")
    return key


def _place(member: tuple[Any, Any]) -> tuple[int, int]:
    key = member[0]
    is_index = isinstance(key, str) and key.isascii() and key.isdigit() and str(int(key)) == key
    return (0, int(key)) if is_index and int(key) <= LARGEST_INDEX else (1, 0)
