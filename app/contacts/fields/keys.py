"""Keys of custom fields: what contacts, segments and imports name them by."""

from __future__ import annotations

import re
from collections.abc import Collection

from app.core.folding import folded_name

MAX_KEY = 40
KEY = re.compile(r"[a-z][a-z0-9_]{0,39}")
NAMELESS = "field"  # of labels without a letter that a key may have


def proposed(label: str, taken: Collection[str]) -> str:
    """The key that a label suggests, with a number behind it where another field has it: "Data de nascimento" →
    data_de_nascimento."""
    base = re.sub(r"[^a-z0-9]+", "_", folded_name(label)).strip("_")
    base = (base if base[:1].isalpha() else f"{NAMELESS}_{base}".strip("_"))[:MAX_KEY].rstrip("_")
    candidate, number = base, 1
    while candidate in taken:
        number += 1
        candidate = f"{base[: MAX_KEY - len(str(number)) - 1]}_{number}"
    return candidate
