"""All that is held about a person as one file: JSON by table, or CSV with one line for each field."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import IO, Any
from uuid import UUID

from flask_babel import force_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from app.core import clock, privacy, spreadsheets, wire
from app.core.privacy import Counts, Row, Subject

FORMATS = {"json": "application/json", "csv": spreadsheets.Csv.content_type}
MOST_ROWS = 100_000
COLUMNS = (_l("Table"), _l("Row"), _l("Field"), _l("Value"))


def filename(suffix: str) -> str:
    return f"{_('personal-data')}-{clock.now():%Y-%m-%d}.{suffix}"


def write(session: Session, account_id: UUID, subject: Subject, suffix: str, out: IO[bytes], language: str) -> Counts:
    """Writes the whole file; how many rows of each table are in it."""
    counts: Counts = {}
    rows = _counted(rows_of(session, account_id, subject), counts)
    if suffix == "json":
        _write_json(rows, out)
    else:
        with force_locale(language), spreadsheets.table("csv", out, COLUMNS, language) as table:
            for name, row in rows:
                for field, value in row.items():
                    table.add([name, counts[name], field, _text(value)])
    session.rollback()
    return counts


def rows_of(session: Session, account_id: UUID, subject: Subject) -> Iterator[Row]:
    """From every feature, and who received something outside."""
    for holder in privacy.holders():
        yield from holder.export(session, account_id, subject)
        for one in holder.shared(session, account_id, subject):
            yield "shared_with", {"name": one.name, "kind": one.kind, "sent": one.sent, "last_at": one.last_at}


def _counted(rows: Iterator[Row], counts: Counts) -> Iterator[Row]:
    for number, (table, row) in enumerate(rows):
        if number >= MOST_ROWS:
            return
        counts[table] = counts.get(table, 0) + 1
        yield table, row


def _write_json(rows: Iterator[Row], out: IO[bytes]) -> None:
    """Row by row, so that a long life needs no more memory than a short one: the rows of a table come together."""
    out.write(b'{"made_at": ' + wire.dumps(clock.now()) + b', "tables": [')
    before: str | None = None
    for table, row in rows:
        if table != before:
            out.write((b"]}, " if before is not None else b"") + b'\n{"table": ' + wire.dumps(table) + b', "rows": [\n')
        else:
            out.write(b",\n")
        out.write(wire.dumps(dict(row)))
        before = table
    out.write((b"]}" if before is not None else b"") + b"]}\n")


def _text(value: Any) -> spreadsheets.Cell:
    if value is None or isinstance(value, str | int):
        return str(value) if isinstance(value, bool) else value
    if isinstance(value, dict | list):
        return json.dumps(json.loads(wire.dumps(value)), ensure_ascii=False)
    return wire.dumps(value).decode().strip('"')
