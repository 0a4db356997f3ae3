"""Amounts as people type them."""

from __future__ import annotations

from decimal import Decimal

from app.funnels.cards.amounts import amount_from
from tests.each import each

READ = {
    "": "0", "  ": "0", "R$": "0", "1.234,50": "1234.50", "R$ 1.234,50": "1234.50", "R$\xa01.234,5": "1234.5",
    "1234,5": "1234.5", "1234.50": "1234.50", "1234": "1234", "1.234": "1234", "1.234.567": "1234567",
    "1,234.50": "1234.50", "0,01": "0.01",
}  # fmt: skip
REFUSED = [
    "1e999",
    "NaN",
    "Infinity",
    "1.2.3,4",
    "1,2,3",
    "1,234",
    "-1",
    "+1",
    "1_000",
    "١٢",
    "dez",
    "1,,2",
    "9" * 31,
    "9" * 10**6,
]


@each(list(READ))
def test_an_amount_is_read_as_brazil_writes_it(typed: str) -> None:
    assert amount_from(typed) == Decimal(READ[typed])


@each(REFUSED)
def test_what_is_no_amount_is_none(typed: str) -> None:
    assert amount_from(typed) is None
