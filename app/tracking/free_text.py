"""Texts of a client app that are not meant to name anybody, and sometimes do: product names, searches, ids."""

from __future__ import annotations

import re

from app.core.redaction import MASK, scrub

# Both linear: a run of an address is entered only at its start and never given back.
EMAIL = re.compile(r"""(?<![^\s/?&;:=#@,<>"'])[^\s/?&;:=#@,<>"']++@[\w-]++(?:\.[\w-]++)++""")
SUSPECT = re.compile(r"@|%(?:25)*40|(?:\d\D{0,3}){9}\d")


def is_suspect(text: str) -> bool:
    """Whether a closer look is worth its time: an at sign, or digits enough for a phone."""
    return SUSPECT.search(text) is not None


def is_email_in(text: str) -> bool:
    return "@" in text and EMAIL.search(text) is not None


def without_people(text: str) -> str:
    """Free text with e-mail addresses, phones and CPFs masked."""
    return scrub(text, 2 * len(text) + len(MASK)) if is_suspect(text) else text


def without_emails(text: str) -> str:
    """An id with an e-mail address in it masked; its digits stay, or every order number would look like a phone."""
    return EMAIL.sub(MASK, text) if "@" in text else text
