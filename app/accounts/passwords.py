"""Passwords: Argon2id, and which ones are too easy to guess (facts/security.md 6)."""

from __future__ import annotations

import gzip
import re
import threading
import unicodedata
from functools import lru_cache
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from flask import current_app

from app.core.errors import N_

MIN_LENGTH = 10
MAX_LENGTH = 128
COST = (3, 32 * 1024, 1)  # passes, KiB, lanes; `app.config["PASSWORD_COST"]` overrides it
COMMON = Path(__file__).with_name("common_passwords.txt.gz")  # those of ten characters and more; shorter never pass
PRODUCT_WORDS = ("kalitrack",)
SHORTEST_PERSONAL_WORD = 4

TOO_SHORT = N_("Use at least 10 characters.")
TOO_LONG = N_("Use at most 128 characters.")
TOO_COMMON = N_("This password is among the first that others would try.")
TOO_PERSONAL = N_("Leave your name, e-mail address, company and the product's name out of it.")
NOT_TEXT = N_("This password holds characters that cannot be stored.")

_at_once = threading.BoundedSemaphore(4)  # 32 MiB each: a burst of sign-ins must not eat the machine


def hash_password(password: str) -> str:
    """The Argon2id hash of a password. Slow on purpose: never inside `write()`."""
    with _at_once:
        return _hasher().hash(_canonical(password))


def verify(stored: str | None, password: str) -> bool:
    """Whether it is the password of `stored`. None (no such person) takes as long and is never right."""
    known = stored or _dummy(_cost())
    with _at_once:
        try:
            right = len(password) <= MAX_LENGTH and _hasher().verify(known, _canonical(password))
        except (VerificationError, InvalidHashError, UnicodeEncodeError):
            return False
    return right and stored is not None


def needs_rehash(stored: str) -> bool:
    return _hasher().check_needs_rehash(stored)


def weakness(password: str, *personal: str) -> str | None:
    """Why a password is refused, as a msgid, or None. `personal`: e-mail address, name and company of its owner."""
    if len(password) < MIN_LENGTH:
        return TOO_SHORT
    if len(password) > MAX_LENGTH:
        return TOO_LONG
    if any(unicodedata.category(letter) in ("Cs", "Cc") for letter in password):
        return NOT_TEXT
    folded = _folded(password)
    if folded in common_passwords() or folded.rstrip("!@#$%&*.?-_") in common_passwords() or len(set(folded)) < 3:
        return TOO_COMMON
    if any(word in folded for word in _personal_words(personal)):
        return TOO_PERSONAL
    return None


@lru_cache(maxsize=1)
def common_passwords() -> frozenset[str]:
    return frozenset(gzip.decompress(COMMON.read_bytes()).decode().split())


def _personal_words(personal: tuple[str, ...]) -> list[str]:
    texts = (text.rpartition("@")[0] or text for text in personal)
    words = [word for text in texts for word in (_folded(text), *re.split(r"[\W_]+", _folded(text)))]
    return [*PRODUCT_WORDS, *(word for word in words if len(word) >= SHORTEST_PERSONAL_WORD)]


def _canonical(password: str) -> str:
    """The same characters typed on another keyboard are the same password."""
    return unicodedata.normalize("NFKC", password)


def _folded(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


def _cost() -> tuple[int, int, int]:
    cost: tuple[int, int, int] = current_app.config.get("PASSWORD_COST", COST)
    return cost


def _hasher() -> PasswordHasher:
    passes, memory_kib, lanes = _cost()
    return PasswordHasher(passes, memory_kib, lanes)


@lru_cache(maxsize=4)
def _dummy(cost: tuple[int, int, int]) -> str:
    return PasswordHasher(*cost).hash("nobody has this password")
