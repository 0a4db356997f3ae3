"""Text as search and uniqueness compare it: without accents, case and repeated spaces."""

from __future__ import annotations

import re
import unicodedata

MARKS = re.compile("[\u0300-\u036f]+")  # most of those that go over and under letters


UNSEEN = frozenset(("Cc", "Cf", "Co", "Me", "Mn", "Zl", "Zp", "Zs"))  # categories of Unicode: controls, marks, spaces
FILLERS = frozenset("\u115f\u1160\u2800\u3164\uffa0")  # letters and a symbol that look like a space


def is_blank(text: str) -> bool:
    """Whether people would see nothing of it: a name like that cannot be clicked, told, or typed again."""
    if text.isascii():
        return not text.strip()
    return all(letter in FILLERS or unicodedata.category(letter) in UNSEEN for letter in text)


def fold(text: str) -> str:
    """Without accents and case. Text of nothing but ASCII, which most is, takes a tenth of the time."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text)
    plain = MARKS.sub("", decomposed)
    if plain.isascii():  # all that Portuguese has
        return plain.lower()
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter)).casefold()


def folded_name(text: str) -> str:
    """What makes two names the same: folded, with single spaces."""
    return " ".join(fold(text).split())
