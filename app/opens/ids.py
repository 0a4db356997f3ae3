"""The id in an image's address (`id_fatura`): cleaned as it is stored, and known when a template left it unrendered."""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

MAX_LENGTH = 255
MAX_RAW = 4096  # looked at; a longer one is cut anyway
_ANYWHERE = re.compile(r"\{\{.*\}\}|\{%.*%\}|\$\{.*\}|<[%?].*[%?]>|\*\|.*\|\*|%%.+%%", re.DOTALL)  # Handlebars, Mailchimp, …
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
    if _SIGNS.isdisjoint(text):
        return Ref(text[:MAX_LENGTH], len(text) > MAX_LENGTH)
    return Ref(text[:MAX_LENGTH], len(text) > MAX_LENGTH, is_unrendered(text[:MAX_LENGTH]))


def is_unrendered(text: str) -> bool:
    """Whether a template's variable was left in it: `FAT-{{id}}`, or it is nothing but one: `[ID]`, `%ID%`."""
    if _ANYWHERE.search(text):
        return True
    return _WHOLE.fullmatch(text) is not None and _GUID.fullmatch(text) is None


def _plain(text: str) -> str:
    kept = "".join(each for each in text if unicodedata.category(each) not in ("Cc", "Cs"))
    return unicodedata.normalize("NFC", kept).strip()
