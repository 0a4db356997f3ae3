"""How a file is laid out, and what its columns mean."""

from __future__ import annotations

from io import BytesIO

import pytest

from app.contacts.importing.guess import guess
from app.contacts.importing.layout import look
from app.core.errors import Invalid

FILES = [
    (b"nome;celular;e-mail\nAna;11987654321;a@b.co\n", ("utf-8-sig", ";", True), ["nome", "celular", "e-mail"]),
    ("Nome;Observação\nJosé;não\n".encode("cp1252"), ("cp1252", ";", True), ["Nome", "Observação"]),
    ("name,phone\nAna,1\n".encode("utf-8-sig"), ("utf-8-sig", ",", True), ["name", "phone"]),
    ("Nome\tTelefone\nAna\t1\n".encode("utf-16"), ("utf-16", "\t", True), ["Nome", "Telefone"]),
    (b'sep=;\r\nNome;Fone\r\n"Ana, B";2\r\n', ("utf-8-sig", ";", True), ["Nome", "Fone"]),
    (b'"Nome; todo",E-mail\n"A;B",a@b.co\n"C",d@b.co\n', ("utf-8-sig", ",", True), ["Nome; todo", "E-mail"]),
    (b"Ana;11987654321\nBia;11987654322\n", ("utf-8-sig", ";", False), ["Column 1", "Column 2"]),
    (b"11987654321\n11987654322\n", ("utf-8-sig", ";", False), ["Column 1"]),
    (b"\n\nfoo|bar\n1|2\n", ("utf-8-sig", "|", True), ["foo", "bar"]),
]


@pytest.mark.parametrize(("content", "expected", "columns"), FILES)
def test_the_layout_of_a_file_is_seen(content: bytes, expected: tuple[str, str, bool], columns: list[str]) -> None:
    layout = look(BytesIO(content))
    assert (layout.encoding, layout.delimiter, layout.has_header) == expected
    assert layout.columns == columns


@pytest.mark.parametrize("content", [b"", b"  \n\n", b"\0\1\2\3" * 10, b"a;b\n\0;c\n", b";".join([b"x"] * 201) + b"\n"])
def test_what_is_no_table_is_refused(content: bytes) -> None:
    with pytest.raises(Invalid) as refused:
        look(BytesIO(content))
    assert list(refused.value.fields) == ["file"]


def test_a_quote_that_nobody_closes_is_no_reason_to_read_on() -> None:
    assert look(BytesIO(b'nome;fone\n"Ana;1\n' + b"x" * 10_000_000)).columns == ["nome", "fone"]


def test_columns_are_known_in_both_languages_and_each_meaning_once() -> None:
    columns = ["Nome Completo", "TELEFONE_CELULAR", "E-mail", "Fone", "Não contatar", "Whatever", "First name"]
    assert guess(columns, []) == {0: "name", 1: "phone", 2: "email", 4: "do_not_contact", 6: "first_name"}
