"""XLSX files, good and hostile: read by a process that has its own limits."""

from __future__ import annotations

import csv
import zipfile
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from app.contacts.importing.xlsx import to_csv
from app.core.errors import Invalid

SHEET = '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">%s<sheetData>%s</sheetData></worksheet>'
BOMB = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'


def sheet(file: Path, rows: list[list[Any]]) -> Path:
    with xlsxwriter.Workbook(file) as book:
        day = book.add_format({"num_format": "dd/mm/yyyy"})
        page = book.add_worksheet()
        for number, row in enumerate(rows):
            for place, cell in enumerate(row):
                if isinstance(cell, datetime):
                    page.write_datetime(number, place, cell, day)
                else:
                    page.write(number, place, cell)
    return file


def changed(file: Path, name: str, content: bytes) -> Path:
    """The same archive with one part of it replaced."""
    target = file.with_name("changed.xlsx")
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.infolist():
            new.writestr(part.filename, content if part.filename == name else old.read(part.filename))
    return target


def test_cells_come_as_people_would_type_them(tmp_path: Path) -> None:
    rows = [
        ["Nome", "Fone", "Desde", "Vip"],
        ['José; "Zé"', 5511987654321, datetime(2026, 11, 21), True],
        [],
        ["", 1.5],
    ]
    assert to_csv(sheet(tmp_path / "a.xlsx", rows), tmp_path / "a.csv") == 3
    with (tmp_path / "a.csv").open(encoding="utf-8", newline="") as file:
        assert list(csv.reader(file)) == [
            ["Nome", "Fone", "Desde", "Vip"], ['José; "Zé"', "5511987654321", "2026-11-21", "true"], ["", "1.5", "", ""]
        ]  # fmt: skip


@pytest.mark.parametrize("kind", ["entities", "bomb", "wide", "far", "broken", "not a sheet", "empty"])
def test_a_hostile_file_is_refused_in_words(tmp_path: Path, kind: str) -> None:
    plain = sheet(tmp_path / "plain.xlsx", [["Nome"], ["Ana"]] if kind != "empty" else [])
    cell = '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    file = {
        "entities": lambda: changed(plain, "xl/worksheets/sheet1.xml", (BOMB + SHEET % ("", "")).encode()),
        "bomb": lambda: changed(plain, "xl/worksheets/sheet1.xml", b" " * 250_000_000),
        "far": lambda: changed(plain, "xl/worksheets/sheet1.xml", (SHEET % ("", cell)).encode()),
        "wide": lambda: sheet(tmp_path / "wide.xlsx", [["x"] * 201]),
        "broken": lambda: tmp_path.joinpath("b.xlsx").write_bytes(plain.read_bytes()[:500]) and tmp_path / "b.xlsx",
        "not a sheet": lambda: changed(plain, "xl/workbook.xml", b"<nothing/>"),
        "empty": lambda: plain,
    }[kind]()
    with pytest.raises(Invalid) as refused:
        to_csv(file, tmp_path / "out.csv")
    assert list(refused.value.fields) == ["file"]
