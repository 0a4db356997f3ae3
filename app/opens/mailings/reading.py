"""A list of ids as people send it: CSV of any make, judged line by line. Pure."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime, tzinfo
from enum import StrEnum
from typing import NamedTuple

from flask_babel import lazy_gettext as _l

from app.core.errors import Invalid, Text
from app.core.periods import moment
from app.opens import ids

MAX_BYTES = 20_000_000
MAX_ROWS = 500_000
MAX_LINE = 4_096  # characters
MAX_SHOWN = 80  # of a line that is refused
DELIMITERS = (";", ",", "\t")
ID_NAMES = ("id_fatura", "id", "fatura", "invoice", "invoice_id", "ref")
TIME_NAMES = ("sent_at", "enviado_em")
BLANK = ' \t\r\n,;"'  # a line of nothing else has no row
BRAZILIAN = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})(?:[ T](\d{1,2}):(\d{2}(?::\d{2})?))?")
YEARS = range(2000, 2100)
ZIP = b"PK\x03\x04"  # how XLSX begins


class Wrong(StrEnum):
    """Why a line was left out."""

    BLANK = "blank"
    UNRENDERED = "unrendered"
    TIME = "time"
    UNREADABLE = "unreadable"


WRONG_WORDS: dict[Wrong, Text] = {
    Wrong.BLANK: _l("There is no id in it."),
    Wrong.UNRENDERED: _l("This is the template's variable, not an id."),
    Wrong.TIME: _l("sent_at is no date and time such as 2026-11-21 14:03."),
    Wrong.UNREADABLE: _l("This line cannot be read: a quote is missing, or it is too long."),
}


class Row(NamedTuple):
    """One line with something in it. `sent_at` None: as the mailing's; `shown` is of a line that is refused."""

    line: int
    ref: str = ""
    sent_at: datetime | None = None
    wrong: Wrong | None = None
    shown: str = ""


class _Columns(NamedTuple):
    """Where the id and the time stand. Without a delimiter a line is an id."""

    delimiter: str | None = None
    id: int = 0
    time: int | None = None
    has_header: bool = True


def read(content: bytes, zone: tzinfo) -> Iterator[Row]:
    """The rows of a file, the wrong ones with why; times without an offset are on the clock of `zone`. Raises Invalid
    (`file`) at once when the file as a whole is of no use."""
    encoding = _encoding(content)
    if max(content.count(b"\n"), content.count(b"\r")) > MAX_ROWS + 1:  # and its header
        raise Invalid({"file": [_l("The file has more than 500,000 lines. Split it.")]})
    lines = enumerate(io.TextIOWrapper(io.BytesIO(content), encoding), 1)
    first = next(((number, line) for number, line in lines if line.strip(BLANK)), None)
    if first is None:
        raise Invalid({"file": [_l("The file is empty.")]})
    return _rows(first, lines, _columns(first[1]), zone)


def judged(text: str, sent_at: datetime | None = None, line: int = 0) -> Row:
    """An id as it is stored: cleaned as the image's address is."""
    ref = ids.clean(text)
    wrong = Wrong.BLANK if not ref.text else Wrong.UNRENDERED if ref.is_unrendered else None
    return Row(line, ref.text, sent_at, wrong, _shown(text) if wrong else "")


def _encoding(content: bytes) -> str:
    if len(content) > MAX_BYTES:
        raise Invalid({"file": [_l("The file is larger than 20 MB.")]})
    if b"\x00" in content or content.startswith(ZIP):
        raise Invalid({"file": [_l("This is not a CSV file. Save it as CSV (UTF-8) and try again.")]})
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return "latin-1"
    return "utf-8-sig"


def _columns(line: str) -> _Columns:
    """By the first line: it names the columns, or the file is nothing but ids."""
    for delimiter in DELIMITERS:
        names = [cell.strip().lower() for cell in _cells(line, delimiter) or ()]
        at = next((names.index(name) for name in ID_NAMES if name in names), None)
        if at is not None:
            time = next((names.index(name) for name in TIME_NAMES if name in names), None)
            return _Columns(delimiter if len(names) > 1 else None, at, time)
    if any(delimiter in line for delimiter in DELIMITERS):
        raise Invalid({"file": [_l("The first line must name the columns: id_fatura, and sent_at if you have it.")]})
    return _Columns(has_header=False)


def _rows(first: tuple[int, str], lines: Iterator[tuple[int, str]], columns: _Columns, zone: tzinfo) -> Iterator[Row]:
    if not columns.has_header:
        yield _row(*first, columns, zone)
    for number, line in lines:
        if line.strip(BLANK):
            yield _row(number, line, columns, zone)


def _row(number: int, line: str, columns: _Columns, zone: tzinfo) -> Row:
    if len(line) > MAX_LINE:
        return Row(number, wrong=Wrong.UNREADABLE, shown=_shown(line))
    cells = [line.strip().strip('"')] if columns.delimiter is None else _cells(line, columns.delimiter)
    if not cells:
        return Row(number, wrong=Wrong.UNREADABLE, shown=_shown(line))
    text = cells[columns.id] if columns.id < len(cells) else ""
    time = cells[columns.time].strip() if columns.time is not None and columns.time < len(cells) else ""
    sent_at = to_moment(time, zone) if time else None
    if time and sent_at is None:
        return Row(number, wrong=Wrong.TIME, shown=_shown(line))
    return judged(text, sent_at, number)


def _cells(line: str, delimiter: str) -> list[str] | None:
    """Line by line, so that a quote nobody closes costs no line but its own. No id has a line break in it."""
    try:
        return next(csv.reader([line[: MAX_LINE + 1]], delimiter=delimiter, strict=True), None)
    except csv.Error:
        return None


def to_moment(text: str, zone: tzinfo) -> datetime | None:
    """`2026-11-21 14:03`, with an offset or `Z` too, and `21/11/2026 14:03`; None for what is neither."""
    if match := BRAZILIAN.fullmatch(text):
        day, month, year, hour, rest = match.groups()
        text = f"{year}-{int(month):02}-{int(day):02}" + (f"T{int(hour):02}:{rest}" if hour else "")
    found = moment(text, zone)
    return found.astimezone(UTC) if found is not None and found.year in YEARS else None


def _shown(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}…"
