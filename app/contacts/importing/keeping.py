"""The file of an import, from the upload into the database, where every worker of every host can read it."""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Iterator
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import IO

from flask_babel import lazy_gettext as _l
from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from app.contacts.importing.layout import Layout, look
from app.contacts.importing.models import ContactImport, ImportPart, ImportState
from app.contacts.importing.xlsx import to_csv
from app.core import clock
from app.core.access import Actor
from app.core.db import begin_write
from app.core.errors import Conflict, Invalid, TooLarge
from app.core.folding import folded_name
from app.core.ids import uuid7
from app.core.runtime import runtime

MAX_BYTES = 200 * 1024 * 1024
PART = 512 * 1024
MAX_WAITING = 10  # uploads of an account that never went on
MAX_FILENAME = 255
COPIED_AT_ONCE = 1024 * 1024
ZIP, OLD_EXCEL = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
OLD = _l("This is Excel's format of before 2007. Save it as XLSX or CSV and try again.")
FULL = _l("%(max)d uploads wait already: go on with one of them or discard it.", max=MAX_WAITING)


def receive(actor: Actor, filename: str, stream: IO[bytes]) -> ContactImport:
    """Keeps an uploaded file; its import waits for the meaning of the columns. Opens its own short transactions. Raises
    Invalid by `file`, TooLarge, Conflict when too many wait, Unavailable."""
    size = stream.seek(0, io.SEEK_END)
    stream.seek(0)
    if size > MAX_BYTES:
        raise TooLarge(_l("The file is larger than 200 MB. Split it."))
    start = stream.read(4)
    stream.seek(0)
    if start == OLD_EXCEL:
        raise Invalid({"file": [OLD]})
    if start != ZIP:
        return _keep(actor, filename, "csv", size, stream)
    with tempfile.TemporaryDirectory(prefix="kalitrack-") as folder:
        source, target = Path(folder, "sheet.xlsx"), Path(folder, "sheet.csv")
        with source.open("wb") as file:
            while piece := stream.read(COPIED_AT_ONCE):
                file.write(piece)
        to_csv(source, target)
        with target.open("rb") as converted:
            return _keep(actor, filename, "xlsx", size, converted)


def _keep(actor: Actor, filename: str, kind: str, size: int, stream: IO[bytes]) -> ContactImport:
    """The row says `failed` until all of the file is there: who is killed on the way leaves no half file to import."""
    layout = look(stream)
    row = ContactImport(
        id=uuid7(),
        account_id=actor.account_id,
        state=ImportState.FAILED,
        filename=_shown(filename),
        format=kind,
        size=size,
        encoding=layout.encoding,
        delimiter=layout.delimiter,
        columns=layout.columns,
        columns_hash=columns_hash(layout.columns),
        created_by=actor.user_id,
        created_at=clock.now(),
    )
    engine = runtime().engine
    with Session(engine, expire_on_commit=False) as session:
        _refuse_too_many(session, actor)
        session.rollback()
    values = {column.name: getattr(row, column.name) for column in ContactImport.__table__.columns}
    with begin_write(engine) as connection:
        given = {name: value for name, value in values.items() if value is not None}
        connection.execute(insert(ContactImport), given)
    for number, content in enumerate(_parts(stream, layout)):
        with begin_write(engine) as connection:
            connection.execute(insert(ImportPart), {"import_id": row.id, "number": number, "content": content})
    with begin_write(engine) as connection:
        mine = update(ContactImport).where(ContactImport.id == row.id)
        connection.execute(mine.values(state=ImportState.UPLOADED))
    row.state = ImportState.UPLOADED
    return row


def _refuse_too_many(session: Session, actor: Actor) -> None:
    waiting = ContactImport.state.in_([str(ImportState.UPLOADED), str(ImportState.CHECKED)])
    mine = (ContactImport.account_id == actor.account_id) & waiting & ContactImport.wiped_at.is_(None)
    if (session.scalar(select(func.count()).select_from(ContactImport).where(mine)) or 0) >= MAX_WAITING:
        raise Conflict(FULL)


def _parts(stream: IO[bytes], layout: Layout) -> Iterator[bytes]:
    """The file in pieces, with a header of ours where it has none."""
    stream.seek(layout.skipped)
    buffer = bytearray() if layout.has_header else bytearray(_header(layout))
    while piece := stream.read(PART):
        buffer += piece
        while len(buffer) >= PART:
            yield bytes(buffer[:PART])
            del buffer[:PART]
    if buffer:
        yield bytes(buffer)


def _header(layout: Layout) -> bytes:
    text = io.StringIO()
    csv.writer(text, delimiter=layout.delimiter).writerow(layout.columns)
    return text.getvalue().encode("utf-8" if layout.encoding == "utf-8-sig" else layout.encoding, "replace")


def columns_hash(columns: list[str]) -> str:
    """The same for files of the same header."""
    return sha256("\x1f".join(map(folded_name, columns)).encode()).hexdigest()


def _shown(filename: str) -> str:
    """The name as the history shows it; it is never used as one."""
    last = filename.replace("\\", "/").rpartition("/")[2]
    return "".join(letter for letter in last if letter.isprintable())[:MAX_FILENAME] or "file"


def samples(session: Session, row: ContactImport, number: int = 5) -> list[list[str]]:
    """The first records below the header, for people to see what a column holds."""
    first = select(ImportPart.content).where(ImportPart.import_id == row.id, ImportPart.number == 0)
    content = session.scalar(first) or b""
    lines = io.StringIO(content.decode(row.encoding, "replace"), newline="")
    found: list[list[str]] = []
    try:
        for record in islice(csv.reader(lines, delimiter=row.delimiter), 1, None):
            if any(cell.strip() for cell in record):
                found.append(record)
            if len(found) == number:
                break
    except csv.Error:
        pass  # a cell that is too long: what came before it is enough
    return found
