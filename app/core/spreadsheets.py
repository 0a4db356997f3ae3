"""Tables for people's spreadsheet programs: CSV and XLSX behind one interface, row by row, at a constant memory."""

from __future__ import annotations

import csv
import io
import re
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar, Protocol

import xlsxwriter  # type: ignore[import-untyped]


class Phone(str):
    """A text that is a phone number where it is a plus and digits: nobody's program runs that, and an apostrophe would
    be in the way of whoever dials or imports it (security.md 51)."""

    __slots__ = ()


Cell = str | int | Decimal | datetime | None
PLAIN_PHONE = re.compile(r"\+[0-9]{1,20}")
FORMULA = re.compile(r"[=+\-@\t\r\n＝＋－＠]")  # what a spreadsheet takes for the start of one, full-width forms too
NOT_IN_CELLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")  # XML has no form for them
MAX_ROWS = 1_048_576  # of a sheet of XLSX, the head included
MAX_CELL = 32_767
COPIED_AT_ONCE = 64 * 1024
NUMBERS_EXACT_BELOW = 10**15  # XLSX keeps numbers as doubles


class Out(Protocol):
    """Where a table goes: a file, or the file of a long job."""

    def write(self, content: bytes, /) -> object: ...


class Table(ABC):
    """`with` one of the two, add rows of as many cells as there are columns. Texts that a spreadsheet would run as a
    formula begin with an apostrophe; numbers stay numbers; times are written as they are on their own wall clock."""

    suffix: ClassVar[str]
    content_type: ClassVar[str]
    max_rows: ClassVar[int | None] = None  # without the head

    def __init__(self, out: Out, columns: Sequence[str]) -> None:
        self._out = out
        self._begin(columns)

    def __enter__(self) -> Table:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_rest: object) -> None:
        self._end(complete=kind is None)

    @abstractmethod
    def add(self, row: Sequence[Cell]) -> None: ...

    @abstractmethod
    def _begin(self, columns: Sequence[str]) -> None: ...

    @abstractmethod
    def _end(self, complete: bool) -> None: ...


def safe(text: str) -> str:
    """A text as a cell may hold it."""
    if isinstance(text, Phone) and PLAIN_PHONE.fullmatch(text):
        return str(text)
    text = NOT_IN_CELLS.sub("", text)[:MAX_CELL]
    return f"'{text}"[:MAX_CELL] if FORMULA.match(text) else text


class Csv(Table):
    """UTF-8 with a byte-order mark, by which Excel knows the encoding. Excel in Brazil splits at semicolons and reads a
    decimal comma, since its comma is the decimal sign: with commas a file would open in one column, and 1.5 as the 1st
    of May."""

    suffix = "csv"
    content_type = "text/csv; charset=utf-8"
    delimiter: ClassVar[str] = ";"
    decimal_sign: ClassVar[str] = ","

    def _begin(self, columns: Sequence[str]) -> None:
        self._out.write(b"\xef\xbb\xbf")
        self.add(columns)

    def add(self, row: Sequence[Cell]) -> None:
        line = io.StringIO(newline="")
        csv.writer(line, delimiter=self.delimiter).writerow([self._text(cell) for cell in row])
        self._out.write(line.getvalue().encode("utf-8", "replace"))

    def _text(self, cell: Cell) -> str:
        match cell:
            case None:
                return ""
            case str():
                return safe(cell)
            case datetime():
                return cell.strftime("%Y-%m-%d %H:%M:%S")
            case Decimal():
                return f"{cell:f}".replace(".", self.decimal_sign)
        return str(cell)

    def _end(self, complete: bool) -> None:
        pass


class EnglishCsv(Csv):
    """As spreadsheets set to English read it."""

    delimiter = ","
    decimal_sign = "."


class Xlsx(Table):
    """One sheet, at most MAX_ROWS with its head (more is a ValueError). Written to a temporary file first: the format
    cannot be streamed."""

    suffix = "xlsx"
    content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    max_rows = MAX_ROWS - 1

    def _begin(self, columns: Sequence[str]) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by _end
        self._book = xlsxwriter.Workbook(self._file, {"constant_memory": True})
        self._sheet = self._book.add_worksheet()
        self._time = self._book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        bold = self._book.add_format({"bold": True})
        self._sheet.freeze_panes(1, 0)
        self._sheet.set_column(0, len(columns) - 1, 20)
        for place, name in enumerate(columns):
            self._sheet.write_string(0, place, safe(name), bold)
        self._row = 1

    def add(self, row: Sequence[Cell]) -> None:
        if self._row >= MAX_ROWS:
            raise ValueError(f"a sheet ends after {MAX_ROWS} rows")
        for place, cell in enumerate(row):
            self._write(place, cell)
        self._row += 1

    def _write(self, place: int, cell: Cell) -> None:
        at = (self._row, place)
        match cell:
            case None | "":
                pass
            case str():
                self._sheet.write_string(*at, safe(cell))
            case datetime():
                self._sheet.write_datetime(*at, cell.replace(tzinfo=None), self._time)
            case _:
                exact = -NUMBERS_EXACT_BELOW < cell < NUMBERS_EXACT_BELOW
                self._sheet.write(*at, float(cell) if exact else str(cell))

    def _end(self, complete: bool) -> None:
        with self._file:
            self._book.close()
            self._file.seek(0)
            while complete and (piece := self._file.read(COPIED_AT_ONCE)):
                self._out.write(piece)


KINDS: dict[str, type[Table]] = {kind.suffix: kind for kind in (Csv, Xlsx)}


def table(suffix: str, out: Out, columns: Sequence[Any], language: str) -> Table:
    """The table of a format for a reader of this language (`pt_BR`, `en`). Raises KeyError for an unknown format."""
    kind = KINDS[suffix]
    chosen = EnglishCsv if kind is Csv and language == "en" else kind
    return chosen(out, [str(name) for name in columns])
