"""Who a contact is: its phone in one form, its e-mail address, and what makes two of them the same person."""

from __future__ import annotations

import re
from typing import NamedTuple

from email_validator import EmailNotValidError, validate_email

from app.core.phones import phone_digits

MAX_PHONE = 64
MAX_EMAIL = 254
MAX_LOCAL = 64  # before the @
# Nearly every address is one: seen at once, where the library takes 30 µs.
PLAIN_EMAIL = re.compile(
    r"[a-z0-9_+-]{1,32}(?:\.[a-z0-9_+-]{1,32}){0,4}@(?:[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?\.){1,5}[a-z]{2,12}"
)
# Mobiles of Brazil had eight digits before the ninth was put in front (Anatel, 2012 to 2016), and WhatsApp still knows
# some by the eight. Only what began with 6 to 9 was a mobile then.
WITH_NINTH = re.compile(r"55([1-9][1-9])9([6-9][0-9]{7})")
WITHOUT_NINTH = re.compile(r"55([1-9][1-9])([6-9][0-9]{7})")


class Phone(NamedTuple):
    number: str  # E.164: +5511987654321
    key: str  # what makes two numbers the same


def read_phone(text: str | None, country: str = "55") -> Phone | None:
    """A phone as people type it; `country` is the calling code of national numbers. None for what is no number."""
    if not text or len(text) > MAX_PHONE:
        return None
    digits = phone_digits(text, country)
    return Phone(f"+{digits}", phone_key(digits)) if digits else None


def phone_key(digits: str) -> str:
    """Digits with the country's code as they are compared: a Brazilian mobile without its ninth digit."""
    mobile = WITH_NINTH.fullmatch(digits)
    return f"55{mobile[1]}{mobile[2]}" if mobile else digits


def other_form(digits: str) -> str | None:
    """The same Brazilian mobile with its ninth digit, or without; None for numbers that have one form."""
    if mobile := WITH_NINTH.fullmatch(digits):
        return f"55{mobile[1]}{mobile[2]}"
    if mobile := WITHOUT_NINTH.fullmatch(digits):
        return f"55{mobile[1]}9{mobile[2]}"
    return None


def read_email(text: str | None) -> str | None:
    """An address as it is kept: trimmed, lower-cased. None for what cannot be one; nobody is asked whether it lives."""
    plain = (text or "").strip().lower()
    if not plain or len(plain) > MAX_EMAIL:
        return None
    if PLAIN_EMAIL.fullmatch(plain) and plain.index("@") <= MAX_LOCAL:
        return plain
    try:
        return validate_email(plain, check_deliverability=False, test_environment=True).normalized.lower()
    except (EmailNotValidError, UnicodeError):
        return None


def key_of(phone: Phone | None, email: str | None) -> tuple[str, str] | None:
    """By what a contact is unique: ("phone", key), else ("email", address); None for one that has neither."""
    if phone is not None:
        return ("phone", phone.key)
    return ("email", email) if email else None
