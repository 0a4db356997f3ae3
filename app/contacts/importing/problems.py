"""The rows that were not taken, as a file of the kind that was sent, with the line and the reason of each."""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Iterator
from typing import Any, NamedTuple
from uuid import UUID

from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import Engine, select

from app.contacts.importing.models import ContactImport, ImportProblem
from app.contacts.importing.reasons import WORDS
from app.contacts.importing.rows import Row, read_rows
from app.core.spreadsheets import Xlsx, safe

READ = 1_000  # problems of one read
COPIED_AT_ONCE = 64 * 1024
AS_TEXT = 64 * 1024  # bytes of one answer's piece


class ProblemFile(NamedTuple):
    """`content` reads the database as it goes, in short reads, and keeps little of it."""

    filename: str
    content_type: str
    content: Iterator[bytes]


def problem_file(engine: Engine, row: ContactImport, language: str) -> ProblemFile:
    """The columns of the file, then line and reason in this language (`pt_BR`, `en`). CSV in its own encoding and with
    its own separator, or XLSX. What was left out on purpose is not in it."""
    with force_locale(language):
        name = _("refused-rows")
        head = [*row.columns, _("Line"), _("What is wrong")]
        words = {reason: str(word) for reason, word in WORDS.items()}
    stem = row.filename.rpartition(".")[0] or row.filename
    rows = _refused(engine, row, words)
    if row.format == "xlsx":
        return ProblemFile(f"{stem}-{name}.xlsx", Xlsx.content_type, _xlsx(head, rows))
    encoding = "utf-8" if row.encoding.startswith("utf-8") else row.encoding
    content_type = f"text/csv; charset={encoding}"
    return ProblemFile(f"{stem}-{name}.csv", content_type, _csv(head, rows, row.encoding, row.delimiter))


def _refused(engine: Engine, row: ContactImport, words: dict[str, str]) -> Iterator[list[str]]:
    """The cells of each refused row, as wide as the header, then line and reason."""
    wanted = _problems(engine, row.id)
    number, reason = next(wanted, (0, ""))
    if not number:
        return
    width = len(row.columns)
    for one in read_rows(engine, row.id, row.encoding, row.delimiter):
        if one.number < number:
            continue
        yield [*_cells(one, width), str(number + 1), words.get(reason, reason)]
        number, reason = next(wanted, (0, ""))
        if not number:
            return


def _cells(row: Row, width: int) -> list[str]:
    """What is too much goes with the last cell, so that nothing is lost."""
    cells = [*row.cells, *[""] * (width - len(row.cells))]
    return [*cells[: width - 1], " ".join(cells[width - 1 :])] if len(cells) > width else cells


def _problems(engine: Engine, import_id: UUID) -> Iterator[tuple[int, str]]:
    last = 0
    mine = (ImportProblem.import_id == import_id) & ImportProblem.is_skip.is_(False)
    while True:
        found = select(ImportProblem.row, ImportProblem.reason).where(mine, ImportProblem.row > last)
        with engine.connect() as connection:
            rows: list[Any] = list(connection.execute(found.order_by(ImportProblem.row).limit(READ)))
        yield from ((row.row, row.reason) for row in rows)
        if len(rows) < READ:
            return
        last = rows[-1].row


def _csv(head: list[str], rows: Iterator[list[str]], encoding: str, delimiter: str) -> Iterator[bytes]:
    encoder = io.TextIOWrapper(io.BytesIO(), encoding, "replace", newline="")
    out = encoder.buffer
    assert isinstance(out, io.BytesIO)
    writer = csv.writer(encoder, delimiter=delimiter)
    writer.writerow([safe(cell) for cell in head])
    for record in rows:
        writer.writerow([safe(cell) for cell in record])
        if out.tell() > AS_TEXT:
            yield from _taken(encoder, out)
    yield from _taken(encoder, out)


def _taken(encoder: io.TextIOWrapper, out: io.BytesIO) -> Iterator[bytes]:
    encoder.flush()
    if content := out.getvalue():
        yield content
    out.seek(0)
    out.truncate()


def _xlsx(head: list[str], rows: Iterator[list[str]]) -> Iterator[bytes]:
    with tempfile.TemporaryFile() as file:
        with Xlsx(file, head) as table:
            for record in rows:
                table.add(record)
        file.seek(0)
        while piece := file.read(COPIED_AT_ONCE):
            yield piece
