"""Money in integer cents: exact in the database's own sums, and never rounded behind anybody's back."""

from __future__ import annotations

from decimal import Decimal

import pytest
from flask import Flask
from sqlalchemy import func, literal, select
from sqlalchemy.dialects import sqlite

from app.core.db import Cents
from app.core.runtime import runtime


def test_a_sum_of_cents_is_exact_on_both_databases(app: Flask) -> None:
    tenth, most = literal(Decimal("0.10"), Cents), literal(Decimal("9999999999.99"), Cents)
    rows = select(tenth.label("value")).union_all(*(select(one) for one in (tenth, tenth, most))).subquery()
    with runtime(app).engine.connect() as connection:
        assert connection.scalar(select(func.sum(rows.c.value))) == Decimal("10000000000.29")


@pytest.mark.parametrize("amount", ["0.001", "1234.567"])
def test_parts_of_a_cent_are_refused(amount: str) -> None:
    with pytest.raises(ValueError, match="two decimals"):
        Cents().process_bind_param(Decimal(amount), sqlite.dialect())
