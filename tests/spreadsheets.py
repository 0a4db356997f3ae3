"""Reading an XLSX as a spreadsheet program would, as far as ours need it: one sheet of texts, numbers and times."""

from __future__ import annotations

import io
import re
from datetime import datetime, timedelta
from typing import Any
from xml.etree import ElementTree
from zipfile import ZipFile

NAMES = {"x": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}
DAY_ZERO = datetime(1899, 12, 30)


def rows_of_xlsx(raw: bytes) -> list[list[Any]]:
    """Every row, None for cells that are absent. Numbers with a format are times: core.spreadsheets makes no others."""
    with ZipFile(io.BytesIO(raw)) as parts:
        sheet = ElementTree.fromstring(parts.read("xl/worksheets/sheet1.xml"))  # noqa: S314 - made by us
    width = max(_column(cell) for cell in sheet.iterfind(".//x:c", NAMES)) + 1
    rows = []
    for row in sheet.iterfind(".//x:row", NAMES):
        cells: list[Any] = [None] * width
        for cell in row.iterfind("x:c", NAMES):
            cells[_column(cell)] = _value(cell)
        rows.append(cells)
    return rows


def _column(cell: ElementTree.Element) -> int:
    number = 0
    for letter in re.sub(r"\d", "", cell.attrib["r"]):
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1


def _value(cell: ElementTree.Element) -> Any:
    if cell.get("t") == "inlineStr":
        return "".join(text.text or "" for text in cell.iterfind(".//x:t", NAMES))
    value = float(cell.findtext("x:v", "", NAMES))
    if cell.get("s") is not None:
        return DAY_ZERO + timedelta(seconds=round(value * 86_400))
    return value
