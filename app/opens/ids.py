"""The id in an image's address (`id_fatura`): cleaned as it is stored, and known when a template left it unrendered."""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

MAX_LENGTH = 255
MAX_RAW = 4096  # looked at; a longer one is cut anyway
_ANYWHERE = re.compile(r"\{\{.*\}\}|\{%.*%\}|\$\{.*\}|<[%?].*[%?]>|\*\|.*\|\*|%%.+%%", re.DOTALL)  # Mailchimp, …
_WHOLE = re.compile(r"\$?\[\[?[^\[\]]*\]\]?\$?|%[^%\s]*%|##?[^#\s]+##?|\{[$!]?[A-Za-z_][^{}]*\}")
_SIGNS = frozenset("{$<*%[#")
_GUID = re.compile(r"\{[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\}")


class Ref(NamedTuple):
    """`text` is empty for a missing or blank id."""

    text: str
    is_cut: bool = False
    is_unrendered: bool = False


def clean(text: str) -> Ref:
    """Trimmed, composed (NFC), without control characters or halves of characters, cut at 255."""
    text = text.strip() if text.isascii() and text.isprintable() else _plain(text[:MAX_RAW])
    is_cut = len(text) > MAX_LENGTH
    if is_cut:
        text = text[:MAX_LENGTH].rstrip()  # what is stored is found again by itself
    return Ref(text, is_cut, not _SIGNS.isdisjoint(text) and is_unrendered(text))


def is_unrendered(text: str) -> bool:
    """Whether a template's variable was left in it: `FAT-{{id}}`, or it is nothing but one: `[ID]`, `%ID%`."""
    if _ANYWHERE.search(text):
        return True
    return _WHOLE.fullmatch(text) is not None and _GUID.fullmatch(text) is None


def _plain(text: str) -> str:
    kept = "".join(each for each in text if unicodedata.category(each) not in ("Cc", "Cs"))
    return unicodedata.normalize("NFC", kept).strip()
