"""How a CSV file is laid out: its encoding, what stands between its cells, and whether its first line is a header."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import IO

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.contacts.importing.guess import known_header
from app.core.errors import Invalid

HEAD = 128 * 1024  # bytes that are looked at for the delimiter and the header
COPIED_AT_ONCE = 1024 * 1024
MAX_COLUMNS = 200
MAX_HEADER = 120  # characters of a column's name that are kept
LOOKED_AT = 20  # records
DELIMITERS = (";", ",", "\t", "|")
NOT_CSV = _l("This is not a CSV or XLSX file. Save it as CSV (UTF-8) or XLSX and try again.")
EMPTY = _l("The file is empty.")
TOO_WIDE = _l("The file has more than %(max)d columns.", max=MAX_COLUMNS)


@dataclass(frozen=True, slots=True)
class Layout:
    """`skipped`: bytes before the first record (Excel's `sep=` line); `has_header`: whether the first record names the
    columns, which otherwise got names from us."""

    encoding: str
    delimiter: str
    columns: list[str]
    has_header: bool
    skipped: int = 0


def look(stream: IO[bytes]) -> Layout:
    """Reads the whole file once for its encoding and its beginning for the rest. Raises Invalid."""
    stream.seek(0)
    encoding = _encoding(stream)
    stream.seek(0)
    text = _beginning(stream.read(HEAD), encoding)
    if not text.strip():
        raise Invalid({"file": [EMPTY]})
    hint, skipped = _separator_line(text, encoding)
    text = text[len(hint) :]
    delimiter = hint.strip()[4:5] or _delimiter(text)
    first = next(_records(text, delimiter), [])
    if len(first) > MAX_COLUMNS:
        raise Invalid({"file": [TOO_WIDE]})
    has_header = _is_header(first)
    columns = [_name(cell if has_header else "", place) for place, cell in enumerate(first)]
    return Layout(encoding, delimiter, columns, has_header, skipped)


def _encoding(stream: IO[bytes]) -> str:
    """UTF-8 when all of it is; else what Windows in Brazil writes. Raises Invalid for what is no text."""
    start = stream.read(4)
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    stream.seek(0)
    decoder = codecs.getincrementaldecoder("utf-8")()
    is_utf8 = True
    while part := stream.read(COPIED_AT_ONCE):
        if b"\0" in part:
            raise Invalid({"file": [NOT_CSV]})
        try:
            if is_utf8:
                decoder.decode(part)
        except UnicodeDecodeError:
            is_utf8 = False
    return "utf-8-sig" if is_utf8 else "cp1252"


def _beginning(head: bytes, encoding: str) -> str:
    """The text of the beginning; half a character at its end is left out."""
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    text = decoder.decode(head)
    if "\0" in text:
        raise Invalid({"file": [NOT_CSV]})
    return text


def _separator_line(text: str, encoding: str) -> tuple[str, int]:
    """Excel's own first line (`sep=;`) and how many bytes it takes."""
    line = text.splitlines(keepends=True)[0]
    if line.lower().startswith("sep=") and len(line.strip()) == 5:
        return line, len(line.encode("utf-8" if encoding == "utf-8-sig" else encoding))
    return "", 0


def _delimiter(text: str) -> str:
    """The one that makes the most columns, and the same number in most of the first records."""

    def fitness(delimiter: str) -> tuple[int, int]:
        widths = [len(record) for record in _records(text, delimiter)]
        width = widths[0] if widths else 1
        return (sum(other == width for other in widths) if width > 1 else 0, width)

    return max(DELIMITERS, key=fitness)


def _records(text: str, delimiter: str) -> Iterator[list[str]]:
    lines = io.StringIO(text, newline="")
    found = 0
    reader = csv.reader(lines, delimiter=delimiter)
    while found < LOOKED_AT:
        try:
            record = next(reader)
        except (csv.Error, StopIteration):
            return
        if any(cell.strip() for cell in record):
            found += 1
            yield record


def _is_header(cells: Sequence[str]) -> bool:
    """A first line with a known name is one, and so is one without anything that looks like a value."""
    if any(known_header(cell) for cell in cells):
        return True
    return not any("@" in cell or sum(letter.isdigit() for letter in cell) >= 5 for cell in cells)


def _name(cell: str, place: int) -> str:
    text = "".join(letter for letter in " ".join(cell.split()) if letter.isprintable())[:MAX_HEADER]
    return text or str(_("Column %(number)d", number=place + 1))
