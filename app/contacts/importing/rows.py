"""The rows of an import's file: streamed out of the database, decoded and split, at a constant memory."""

from __future__ import annotations

import codecs
import csv
import io
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Engine, select

from app.contacts.importing.models import ImportPart
from app.contacts.importing.reasons import Reason

MAX_ROWS = 1_000_000
MAX_CELLS = 200
MAX_CELL = 10_000  # characters
MAX_RECORD = 64 * 1024  # characters: an unclosed quote, or a line without end, is given up there
MAX_SPAN = 100  # lines of one record: cells may hold line breaks
UNDECODED = "\ufffd"
TOO_LONG = "\0"  # stands for a line that was too long to keep


class Row(NamedTuple):
    """`number` counts the records below the header from 1, blank ones too, so that it is one less than a spreadsheet's.
    A row that cannot be read has no cells."""

    number: int
    cells: list[str]
    problem: Reason | None = None


def read_rows(engine: Engine, import_id: UUID, encoding: str, delimiter: str) -> Iterator[Row]:
    """The rows of a kept file; blank ones are left out. One piece of it is in memory at a time, and no read stays open
    in between."""
    return rows_in(pieces_of(engine, import_id), encoding, delimiter)


def pieces_of(engine: Engine, import_id: UUID) -> Iterator[bytes]:
    number = 0
    while True:
        wanted = select(ImportPart.content).where(ImportPart.import_id == import_id, ImportPart.number == number)
        with engine.connect() as connection:
            content = connection.scalar(wanted)
        if content is None:
            return
        yield content
        number += 1


def rows_in(pieces: Iterable[bytes], encoding: str, delimiter: str) -> Iterator[Row]:
    """The same of a file in pieces; its first record is the header."""
    records = iter(_Records(_batches(pieces, encoding), delimiter))
    next((record for record in records if isinstance(record, Reason) or not _is_blank(record)), None)
    for number, record in enumerate(records, 1):
        if isinstance(record, Reason):
            yield Row(number, [], record)
        elif not _is_blank(record):
            yield Row(number, record, _wrong(record))


def _is_blank(cells: list[str]) -> bool:
    return not any(cells) or not "".join(cells).strip()


def _wrong(cells: list[str]) -> Reason | None:
    if len(cells) > MAX_CELLS:
        return Reason.TOO_MANY_CELLS
    text = "".join(cells)
    if UNDECODED in text:
        return Reason.ENCODING
    return Reason.CELL_TOO_LONG if len(text) > MAX_CELL and any(len(cell) > MAX_CELL for cell in cells) else None


def _batches(pieces: Iterable[bytes], encoding: str) -> Iterator[list[str]]:
    """Whole lines, without their ends. Of one that is too long only TOO_LONG is kept."""
    decode = _decoder(encoding)
    begun, is_long = "", False
    for piece in pieces:
        lines = decode(piece, False).split("\n")
        last = lines.pop()
        if lines:
            lines[0] = TOO_LONG if is_long or len(begun) + len(lines[0]) > MAX_RECORD else begun + lines[0]
            begun, is_long = "", False
            yield lines
        begun, is_long = (begun + last, is_long) if len(begun) + len(last) <= MAX_RECORD else ("", True)
    last = begun + decode(b"", True)
    if last or is_long:
        yield [TOO_LONG] if is_long else last.split("\n")


def _decoder(encoding: str) -> Callable[[bytes, bool], str]:
    """One sort of line end, whatever the file has; what is no text becomes UNDECODED."""
    plain = codecs.getincrementaldecoder(encoding)("replace")
    newlines = io.IncrementalNewlineDecoder(plain, translate=True)
    return lambda piece, final: newlines.decode(piece, final).replace("\0", UNDECODED)


class _Records:
    """Lines as records: the cells, or why a line is none. A quote that nobody closes would swallow all that follows, so
    a record has an end, and where one does not add up only its first line is lost."""

    def __init__(self, batches: Iterator[list[str]], delimiter: str) -> None:
        self._batches = batches
        self._delimiter = delimiter
        self._lines: deque[str] = deque()  # those that were looked at ahead

    def __iter__(self) -> Iterator[list[str] | Reason]:
        while True:
            if not self._lines and not self._more():
                return
            line = self._lines.popleft()
            if '"' in line:
                yield self._quoted(line)
            elif line == TOO_LONG or len(line) > MAX_RECORD:
                yield Reason.UNREADABLE
            else:
                yield line.split(self._delimiter, MAX_CELLS)

    def _more(self) -> bool:
        lines = next(self._batches, None)
        if lines is None:
            return False
        self._lines.extend(lines)
        return True

    def _quoted(self, first: str) -> list[str] | Reason:
        ahead = _Ahead(self, first)
        cells = next(csv.reader(ahead.lines(), delimiter=self._delimiter), [])
        if ahead.gave_up:
            return Reason.UNREADABLE
        for _ in range(ahead.taken):
            self._lines.popleft()
        return cells

    def peek(self, place: int) -> str | None:
        """A line further on, which stays; None after the last."""
        while place >= len(self._lines):
            if not self._more():
                return None
        return self._lines[place]


class _Ahead:
    """Lines for a record that may go on, to its limits; `gave_up` when more was asked for than that."""

    def __init__(self, records: _Records, first: str) -> None:
        self._records = records
        self._first = first
        self.taken = 0
        self.gave_up = False

    def lines(self) -> Iterator[str]:
        size = len(self._first)
        yield f"{self._first}\n"
        while self.taken < MAX_SPAN:
            line = self._records.peek(self.taken)
            if line is None or line == TOO_LONG or size + len(line) > MAX_RECORD:
                break
            self.taken += 1
            size += len(line)
            yield f"{line}\n"
        self.gave_up = True
