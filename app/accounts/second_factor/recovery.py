"""Recovery codes: ways in without the app, 60 random bits each, in letters and digits that nobody mistakes."""

from __future__ import annotations

import hashlib
import secrets
from uuid import UUID

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # without i, l, o, u
LETTERS = 12
GROUP = 4
AMOUNT = 10
MISREAD = str.maketrans({"i": "1", "l": "1", "o": "0", "-": None, " ": None})


def new_codes() -> list[str]:
    """Ten codes such as `k3f9-x0ab-77qz`."""
    return [_grouped("".join(secrets.choice(ALPHABET) for _ in range(LETTERS))) for _ in range(AMOUNT)]


def hash_of(user_id: UUID, code: str) -> str | None:
    """What is kept of a code, however it was typed; None for what cannot be one. The person is part of it, so that no
    table made beforehand fits two people."""
    letters = code.casefold().translate(MISREAD)
    if len(letters) != LETTERS or not set(letters) <= set(ALPHABET):
        return None
    return hashlib.sha256(f"kalitrack recovery code {user_id} {letters}".encode()).hexdigest()


def _grouped(letters: str) -> str:
    return "-".join(letters[start : start + GROUP] for start in range(0, LETTERS, GROUP))
