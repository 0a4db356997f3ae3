"""The filters of a list beside its rows: the options of their form, and a chip for each one in the URL."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from app.core.i18n import date_text, datetime_text
from app.core.periods import is_day

LONGEST_OPTION = 60  # characters
Choice = tuple[str, Any]  # value, word
Chip = tuple[str, Any, Any]  # name of the filter, its word, the value in words


def with_given(options: Sequence[Choice], given: str | None) -> list[Choice]:
    """The options, and what was given besides, so that the form keeps it."""
    is_there = not given or any(given == value for value, _word in options)
    return list(options) if is_there else [*options, (given or "", (given or "")[:LONGEST_OPTION])]


def word_of(options: Iterable[Choice], value: str) -> Any:
    """How people call the value of a filter."""
    return next((word for key, word in options if key == value), value)


def chips(
    given: Mapping[str, str],
    names: Mapping[str, Any],
    moments: Mapping[str, datetime | None],
    word: Callable[[str, str], Any],
) -> list[Chip]:
    """Of every filter in the URL, in the order of `names` (name → its word). `moments`: what days and times were read
    as; `word(name, value)` says any other value."""
    found = []
    for name, label in names.items():
        text = given.get(name, "").strip()
        if not text:
            continue
        at = moments.get(name)
        if at is None:
            value = word(name, text)
        else:
            value = date_text(date.fromisoformat(text)) if is_day(text) else datetime_text(at)
        found.append((name, label, value))
    return found
