"""Who a person is, in the form that platforms hash: one normal form per field, then SHA-256."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from datetime import date
from hashlib import sha256

Normal = Callable[[str], str | None]

MAX_INPUT = 512  # characters; longer is no name, address or id of a person, and is left out before any pattern runs
DIGEST = re.compile(r"[0-9a-fA-F]{64}")
EMAIL_USER = re.compile(r"[a-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}")
EMAIL_LABEL = re.compile(r"[a-z0-9-]{1,63}")
ISO_DATE = re.compile(r"([0-9]{4})[-/.]?([0-9]{2})[-/.]?([0-9]{2})")
LOCAL_DATE = re.compile(r"([0-9]{1,2})[-/.]([0-9]{1,2})[-/.]([0-9]{4})")
GENDERS = {
    **dict.fromkeys(("m", "male", "man", "masculino", "masc", "homem"), "m"),
    **dict.fromkeys(("f", "female", "woman", "feminino", "fem", "mulher"), "f"),
}
MONTH_FIRST = "1"  # the calling code of the countries that write 03/25/1995


def digest(value: str | None, normal: Normal) -> str | None:
    """SHA-256 (hex, lower case) of the value's normal form; a value that is such a hash already passes lower-cased.
    None when nothing is left to hash: the hash of an empty string would join strangers into one person."""
    if not value or len(value) > MAX_INPUT:
        return None
    text = value.strip()
    if DIGEST.fullmatch(text):
        return text.lower()
    cleaned = normal(text)
    return sha256(cleaned.encode("utf-8", "replace")).hexdigest() if cleaned else None


def digests(values: Iterable[str | None], normal: Normal) -> list[str]:
    """The hashes of several values in their order, each once."""
    found = [hashed for value in values if value and (hashed := digest(value, normal))]
    return list(dict.fromkeys(found)) if len(found) > 1 else found


def email(text: str) -> str | None:
    """Trimmed and lower-cased, dots and +tags kept; None for what cannot be an address."""
    user, _, domain = text.strip().lower().rpartition("@")
    if len(domain) > 253 or not EMAIL_USER.fullmatch(user) or user[0] == "." or user[-1] == "." or ".." in user:
        return None
    labels = domain.split(".")
    if len(labels) < 2 or not all(map(_is_label, labels)):
        return None
    top = labels[-1]
    return f"{user}@{domain}" if len(top) > 1 and (top.isalpha() or top.startswith("xn--")) else None


def _is_label(label: str) -> bool:
    return bool(EMAIL_LABEL.fullmatch(label)) and label[0] != "-" and label[-1] != "-"


def name(text: str) -> str | None:
    """Lower case without spaces and punctuation; accents and any script are kept ("José María" -> josémaría)."""
    return _kept(text, "LMN")


def city(text: str) -> str | None:
    """As a name, without digits ("São Paulo" -> sãopaulo)."""
    return _kept(text, "LM")


def _kept(text: str, classes: str) -> str | None:
    lowered = unicodedata.normalize("NFC", text).lower()
    kept = "".join(letter for letter in lowered if unicodedata.category(letter)[0] in classes)
    return unicodedata.normalize("NFC", kept) or None  # again: what was dropped may have stood before an accent


def postal_code(text: str) -> str | None:
    """Letters and digits only: a CEP keeps its 8 digits, a US ZIP+4 only its first 5."""
    kept = re.sub(r"[^a-z0-9]", "", text.lower())
    if len(kept) == 9 and kept.isdigit():
        return kept[:5]
    return kept if 2 <= len(kept) <= 12 else None


def gender(text: str) -> str | None:
    return GENDERS.get(text.strip().lower())


def birth_date(text: str, default_country: str = "55") -> str | None:
    """YYYYMMDD from an ISO date, or from dd/mm/yyyy (mm/dd/yyyy where the default country writes so)."""
    day_text = re.split(r"[T ]", text.strip(), maxsplit=1)[0]
    if found := ISO_DATE.fullmatch(day_text):
        year, month, day = map(int, found.groups())
    elif found := LOCAL_DATE.fullmatch(day_text):
        first, second, year = map(int, found.groups())
        month, day = (first, second) if default_country == MONTH_FIRST else (second, first)
    else:
        return None
    try:
        return f"{date(year, month, day):%Y%m%d}" if 1900 <= year <= 2100 else None
    except ValueError:
        return None


def external_id(text: str) -> str | None:
    """Lower case without spaces, as Meta's own library does: it must equal what the browser pixel sends."""
    return "".join(text.lower().split()) or None
