"""Money as people of Brazil type it, and as a form holds it."""

from __future__ import annotations

import re
from decimal import Decimal

from app.core.i18n import locale

LONGEST = 30
GROUPED = re.compile(r"[0-9]{1,3}(?:\.[0-9]{3})+(?:,[0-9]{1,2})?")  # 1.234.567,50
PLAIN = re.compile(r"[0-9]+(?:[.,][0-9]{1,2})?")  # 1234,5 and 1234.50
ENGLISH = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+\.[0-9]{2}")  # 1,234.50


def amount_from(typed: str | None) -> Decimal | None:
    """Reais of "1.234,50", "R$ 1.234,50", "1234,5" or "1234.50"; zero for nothing, None for what is no amount. A point
    before three digits parts thousands: cents have two."""
    text = "".join((typed or "").split()).removeprefix("R$")
    if not text:
        return Decimal(0)
    if len(text) > LONGEST:
        return None
    if ENGLISH.fullmatch(text):
        return Decimal(text.replace(",", ""))
    if GROUPED.fullmatch(text):
        return Decimal(text.replace(".", "").replace(",", "."))
    return Decimal(text.replace(",", ".")) if PLAIN.fullmatch(text) else None


def typed_amount(amount: Decimal) -> str:
    """As a form holds it, which reads it back as the same; nothing for zero."""
    if not amount:
        return ""
    plain = format(amount, ".2f")
    return plain.replace(".", ",") if locale() == "pt_BR" else plain
