"""Numbers and texts as they come back from a JSON column."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.destinations.values import currency, number, present, text, texts, whole

JSON_VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.decimals(), st.text(max_size=80)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
)


@pytest.mark.parametrize(
    ("value", "printed"),
    [
        (Decimal("50.00"), "50"),
        ("50.00", "50"),
        (50.0, "50"),
        (0, "0"),
        (Decimal("-0.0"), "0"),
        (Decimal("49.90"), "49.9"),
        ("49.90", "49.9"),
        (49.9, "49.9"),
        (Decimal("0.1"), "0.1"),
        ("1E+2", "100"),
        (-3, "-3"),
        (Decimal("999999999999999.99"), "1000000000000000"),
    ],
)
def test_an_amount_prints_as_javascript_prints_it(value: Any, printed: str) -> None:
    assert json.dumps(number(value)) == printed


@pytest.mark.parametrize(
    "value",
    [None, True, False, "", "abc", "1,5", "1_000", " 1", "NaN", "Infinity", float("inf"), float("nan"), Decimal("sNaN"),
     Decimal("1E+1000000"), "1e99", 10**30, [], {}, "9" * 100],
)  # fmt: skip
def test_what_is_no_sensible_number_is_left_out(value: Any) -> None:
    assert number(value) is None


@given(JSON_VALUES)
def test_any_stored_value_is_read_without_raising(value: Any) -> None:
    found = {"n": number(value), "w": whole(value), "t": text(value), "l": texts(value), "c": currency(value)}
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_counts_ids_and_currencies_keep_their_kind() -> None:
    assert [whole("3"), whole(2.0), whole(2.5)] == [3, 2, None]
    assert texts(["sku1", 7, None, True, {"a": 1}, " "]) == ["sku1", "7"]
    assert [currency(" brl "), currency("R$"), currency(986)] == ["BRL", None, None]


def test_zero_and_false_are_present_but_nothing_is_not() -> None:
    assert present(a=0, b=False, c=None, d="", e=[], f={}, g="x") == {"a": 0, "b": False, "g": "x"}
