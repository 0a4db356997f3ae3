"""Tables: what a cell may hold, in both formats."""

from __future__ import annotations

import csv
import io
from datetime import datetime
from decimal import Decimal
from typing import Any
from zipfile import ZipFile

import pytest

from app.core import spreadsheets
from app.core.spreadsheets import Cell, Phone, safe
from tests.spreadsheets import rows_of_xlsx

ROW: list[Cell] = [
    'São Paulo; "x"',
    7,
    Decimal("1234.50"),
    datetime(2026, 11, 21, 14, 3, 5),
    None,
    "=1+1",
    Decimal("-3.5"),
]


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("+55 11", "'+55 11"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("\r=1", "'\r=1"),
        ("\n=1", "'\n=1"),
        ("＝1", "'＝1"),
        ("＠x", "'＠x"),
        ("\x00=1+1", "'=1+1"),
        ("a=1", "a=1"),
        ("'=1", "'=1"),
        ("", ""),
        ("x" * 40_000, "x" * 32_767),
        ("=" + "x" * 40_000, "'=" + "x" * 32_765),
    ],
)
def test_no_text_begins_a_formula(text: str, cell: str) -> None:
    assert safe(text) == cell


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("+5511987654321", "+5511987654321"),
        ("+55 11 98765-4321", "'+55 11 98765-4321"),
        ("+5511987654321\n", "'+5511987654321\n"),
        ("+1+1", "'+1+1"),
        ("+", "'+"),
        ("-5511", "'-5511"),
        ("+٥٥", "'+٥٥"),
        ("+" + "1" * 21, "'+" + "1" * 21),
    ],
)
def test_a_phone_stays_as_it_is_and_nothing_else_does(text: str, cell: str) -> None:
    assert safe(Phone(text)) == cell
    assert rows_of_xlsx(written("xlsx", [[Phone(text)]], "en"))[1][0] == cell


@pytest.mark.parametrize(
    ("language", "delimiter", "amounts"), [("pt_BR", ";", ["1234,50", "-3,5"]), ("en", ",", ["1234.50", "-3.5"])]
)
def test_csv_is_what_excel_expects_in_each_language(language: str, delimiter: str, amounts: list[str]) -> None:
    raw = written("csv", [ROW], language)
    assert raw.startswith(b"\xef\xbb\xbf")
    head, row = csv.reader(io.StringIO(raw.decode("utf-8-sig"), newline=""), delimiter=delimiter)
    assert head == list("abcdefg")
    assert row == ['São Paulo; "x"', "7", amounts[0], "2026-11-21 14:03:05", "", "'=1+1", amounts[1]]


def test_xlsx_keeps_numbers_and_times_and_has_no_formula() -> None:
    raw = written("xlsx", [ROW], "pt_BR")
    head, row = rows_of_xlsx(raw)
    assert head == list("abcdefg")
    assert row == ['São Paulo; "x"', 7.0, 1234.5, datetime(2026, 11, 21, 14, 3, 5), None, "'=1+1", -3.5]
    assert b"<f>" not in ZipFile(io.BytesIO(raw)).read("xl/worksheets/sheet1.xml")


def test_a_number_that_a_double_cannot_hold_is_text() -> None:
    _head, row = rows_of_xlsx(written("xlsx", [[10**18 + 1]], "pt_BR"))
    assert row[0] == "1000000000000000001"


def test_what_fails_halfway_hands_out_nothing() -> None:
    out = io.BytesIO()
    with pytest.raises(TypeError), spreadsheets.table("xlsx", out, ["a"], "en") as table:
        table.add([object()])  # type: ignore[list-item]
    assert out.getvalue() == b""


def test_an_unknown_format_is_told() -> None:
    with pytest.raises(KeyError):
        spreadsheets.table("pdf", io.BytesIO(), ["a"], "en")


def written(suffix: str, rows: list[Any], language: str) -> bytes:
    out = io.BytesIO()
    with spreadsheets.table(suffix, out, "abcdefg", language) as table:
        for row in rows:
            table.add(row)
    return out.getvalue()
