"""A file from the upload into the database."""

from __future__ import annotations

import io
from io import BytesIO

import pytest
from flask import Flask
from sqlalchemy import select

from app.contacts.importing.keeping import MAX_WAITING, PART, receive, samples
from app.contacts.importing.models import ContactImport, ImportPart
from app.core.access import Actor
from app.core.db import db
from app.core.errors import Conflict, Invalid
from tests.contacts.importing.test_xlsx import sheet


def stored(row: ContactImport) -> bytes:
    found = select(ImportPart.content).where(ImportPart.import_id == row.id).order_by(ImportPart.number)
    return b"".join(db.session.scalars(found))


def test_a_file_is_kept_whole_in_pieces(actor: Actor) -> None:
    content = b"nome;fone\n" + "José;11987654321\n".encode("cp1252") * 40_000
    row = receive(actor, "C:\\Users\\Ana\\lista \x07ç.csv", BytesIO(content))
    assert (row.filename, row.format, row.encoding, row.state) == ("lista ç.csv", "csv", "cp1252", "uploaded")
    assert (stored(row), row.size) == (content, len(content))
    pieces = db.session.scalars(select(ImportPart.content).where(ImportPart.import_id == row.id)).all()
    assert max(map(len, pieces)) == PART
    assert samples(db.session(), row, 2) == [["José", "11987654321"]] * 2


def test_a_file_without_a_header_gets_one(actor: Actor) -> None:
    row = receive(actor, "a.csv", BytesIO(b"Ana;11987654321\nBia;11987654322\n"))
    assert stored(row).decode().splitlines()[1:] == ["Ana;11987654321", "Bia;11987654322"]
    assert len(row.columns) == 2


def test_a_sheet_is_kept_as_csv(actor: Actor, tmp_path) -> None:
    content = sheet(tmp_path / "a.xlsx", [["Nome", "Fone"], ["José", 11987654321]]).read_bytes()
    row = receive(actor, "a.xlsx", BytesIO(content))
    assert (row.format, row.size, stored(row)) == ("xlsx", len(content), "Nome,Fone\r\nJosé,11987654321\r\n".encode())


@pytest.mark.parametrize("content", [b"", b"\xd0\xcf\x11\xe0 old", b"PK\x03\x04 no zip", b"\0" * 100])
def test_what_cannot_be_read_leaves_nothing(actor: Actor, content: bytes) -> None:
    with pytest.raises(Invalid):
        receive(actor, "a.csv", BytesIO(content))
    assert db.session.scalars(select(ContactImport)).all() == []


def test_uploads_that_wait_are_counted(app: Flask, actor: Actor) -> None:
    for _number in range(MAX_WAITING):
        receive(actor, "a.csv", io.BytesIO(b"nome\nAna\n"))
    with pytest.raises(Conflict):
        receive(actor, "a.csv", io.BytesIO(b"nome\nAna\n"))
