"""Pixels from a CSV export of the old `trackings` table: read whole, written in parts, judged row by row."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import islice
from uuid import UUID

from flask_babel import lazy_gettext as _l

from app.core.access import Actor
from app.core.errors import Conflict, Invalid, Text
from app.destinations import registry
from app.pixels import service
from app.pixels.models import Pixel
from app.pixels.rules import check

MAX_BYTES = 1_000_000
MAX_ROWS = 1_000
PART = 10  # rows a write, at 2 ms each: more would hold the database's one writer past its 20 ms
MAX_SPAN = 10  # lines of one record: a description may hold line breaks
DELIMITERS = (";", ",", "\t")
NEEDED = ("source", "pixel_id", "access_token")
BLANK = ' \t\r\n,;"'  # a line of nothing else has no row
EMPTY = ("", "NULL", "\\N")  # how MySQL's tools write an absent description


class Verdict(StrEnum):
    CREATED = "created"
    UPDATED = "updated"  # the token of a pixel that was there
    SKIPPED = "skipped"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the file; `token` never leaves this module but sealed."""

    line: int
    platform: str = ""
    pixel_id: str = ""
    token: str = ""
    description: str = ""
    error: Text | None = None


@dataclass(frozen=True, slots=True)
class Result:
    line: int
    verdict: Verdict
    pixel: str = ""  # "kwai 290714800540320"; empty where a cell may hold something else, such as a token
    reason: Text | None = None
    id: UUID | None = None


def read(content: bytes) -> list[Row]:
    """The rows of a file, wrong ones with their `error`. Raises Invalid when the file as a whole is of no use."""
    if len(content) > MAX_BYTES:
        raise Invalid({"file": [_l("The file is larger than 1 MB.")]})
    lines = list(enumerate(io.StringIO(_decoded(content), newline=""), 1))
    lines = [(number, line) for number, line in lines if line.strip(BLANK)]
    if not lines:
        raise Invalid({"file": [_l("The file is empty.")]})
    delimiter, names = _header(lines[0][1])
    rows = list(islice(_rows(lines[1:], delimiter, names), MAX_ROWS + 1))
    if len(rows) > MAX_ROWS:
        raise Invalid({"file": [_l("The file has more than 1,000 rows. Split it.")]})
    if not rows:
        raise Invalid({"file": [_l("The file has no rows below its header.")]})
    return list(_without_repeats(rows))


def _decoded(content: bytes) -> str:
    if b"\x00" in content:
        raise Invalid({"file": [_l("This is not a CSV file. Save it as CSV (UTF-8) and try again.")]})
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def _header(line: str) -> tuple[str, list[str]]:
    """The delimiter with which the first line names the columns, and those names in lower case."""
    for delimiter in DELIMITERS:
        try:
            cells = next(csv.reader([line], delimiter=delimiter), [])
        except csv.Error:
            continue
        names = [cell.strip().lower() for cell in cells]
        if all(name in names for name in NEEDED):
            return delimiter, names
    raise Invalid({"file": [_l("The first line must name the columns source, pixel_id and access_token.")]})


def _rows(lines: Sequence[tuple[int, str]], delimiter: str, names: list[str]) -> Iterator[Row]:
    """A quote that nobody closes would swallow all that follows, so a record spans a few lines at most, and where one
    does not add up only its first line is lost."""
    position = 0
    while position < len(lines):
        number = lines[position][0]
        reader = csv.reader(
            [line for _number, line in lines[position : position + MAX_SPAN]], delimiter=delimiter, strict=True
        )
        try:
            cells = next(reader)
        except csv.Error:
            yield Row(number, error=_l("This line cannot be read: a quote is missing or a cell is too long."))
            position += 1
            continue
        if len(cells) == len(names):
            yield _row(number, dict(zip(names, (cell.strip() for cell in cells), strict=True)))
            position += reader.line_num
        else:
            yield Row(
                number, error=_l("%(found)d columns instead of %(expected)d.", found=len(cells), expected=len(names))
            )
            position += 1


def _row(line: int, cells: dict[str, str]) -> Row:
    description = cells.get("description", "")
    return _judged(
        Row(
            line,
            platform=registry.canonical(cells["source"].lower()) or "",
            pixel_id=cells["pixel_id"],
            token=cells["access_token"],
            description="" if description in EMPTY else description,
        )
    )


def _judged(row: Row) -> Row:
    if row.token.isdigit() and not row.pixel_id.isdigit():
        return replace(row, error=_l("The pixel id and the token look exchanged."))
    try:
        check(_values(row))
    except Invalid as error:
        return replace(row, error=next(texts[0] for texts in error.fields.values()))
    return row


def _values(row: Row) -> dict[str, str]:
    return {
        "platform": row.platform,
        "pixelId": row.pixel_id,
        "accessToken": row.token,
        "description": row.description,
    }


def _without_repeats(rows: Iterable[Row]) -> Iterator[Row]:
    first: dict[tuple[str, str], int] = {}
    for row in rows:
        key = (row.platform, row.pixel_id)
        if row.error is None and first.setdefault(key, row.line) != row.line:
            yield replace(row, error=_l("Repeats line %(line)d.", line=first[key]))
        else:
            yield row


def parts(rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
    """Slices for one write transaction each."""
    return (rows[start : start + PART] for start in range(0, len(rows), PART))


def store(actor: Actor, rows: Sequence[Row], *, replace_tokens: bool = False) -> list[Result]:
    """Creates the pixels of one part. One that is there already is skipped, or gets the file's token with
    `replace_tokens`. What one row does wrong stops no other."""
    good = [(row.platform, row.pixel_id) for row in rows if row.error is None]
    there = service.find(actor.account_id, good)
    results = []
    for row in rows:
        pixel = there.get((row.platform, row.pixel_id))
        if row.error is not None:
            shown = _shown(row) if row.platform and row.pixel_id.isdigit() else ""
            results.append(Result(row.line, Verdict.REJECTED, shown, row.error))
        elif pixel is None:
            results.append(_create(actor, row))
        else:
            results.append(_replace_token(actor, pixel, row) if replace_tokens else _skip(row, pixel.id))
    return results


def _create(actor: Actor, row: Row) -> Result:
    try:
        pixel = service.create(actor, dict(_values(row)))
    except Conflict as error:  # another request was quicker
        return Result(row.line, Verdict.SKIPPED, _shown(row), error.message)
    return Result(row.line, Verdict.CREATED, _shown(row), id=pixel.id)


def _skip(row: Row, id: UUID) -> Result:
    return Result(row.line, Verdict.SKIPPED, _shown(row), _l("Already there."), id)


def _replace_token(actor: Actor, pixel: Pixel, row: Row) -> Result:
    if service.token_of(pixel) == row.token:
        return Result(row.line, Verdict.SKIPPED, _shown(row), _l("Already there, with this token."), pixel.id)
    service.update(actor, pixel.id, {"accessToken": row.token})
    return Result(row.line, Verdict.UPDATED, _shown(row), id=pixel.id)


def _shown(row: Row) -> str:
    return f"{registry.labels()[row.platform]} {row.pixel_id}"
