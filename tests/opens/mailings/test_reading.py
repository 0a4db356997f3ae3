"""Lists of ids as people's programs write them, and what is wrong with some."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from app.core.errors import Invalid
from app.opens.mailings.reading import MAX_BYTES, MAX_ROWS, Wrong, judged, read, to_moment
from tests.opens.mailings.conftest import utc

ZONE = ZoneInfo("America/Sao_Paulo")


def refs(content: bytes) -> list[str]:
    return [row.ref for row in read(content, ZONE) if row.wrong is None]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"id_fatura\nFAT1\nFAT2\n", ["FAT1", "FAT2"]),
        (b"FAT1\r\nFAT2\r\n\r\n", ["FAT1", "FAT2"]),
        (b"FAT1\rFAT2\r", ["FAT1", "FAT2"]),
        (b"\xef\xbb\xbfID_Fatura;nome\nFAT1;Ana\nFAT2;Bia\n", ["FAT1", "FAT2"]),
        (b"nome,id_fatura\nAna,FAT1\n", ["FAT1"]),
        (b"nome\tid_fatura\nAna\tFAT1\n", ["FAT1"]),
        (b'"id_fatura","nome"\n"FAT;1","Ana, Maria"\n', ["FAT;1"]),
        (b'"FAT1"\n"FAT2"\n', ["FAT1", "FAT2"]),
        ("id_fatura;nome\nFAT-ç1;João\n".encode("latin-1"), ["FAT-ç1"]),
        ("fatura\nFAT-ç1\n".encode(), ["FAT-ç1"]),
        (b"id_fatura;\nFAT1;\n;;\n  \n", ["FAT1"]),
        (b"id_fatura\n =HYPERLINK(1) \n+1\n", ["=HYPERLINK(1)", "+1"]),
        (b"id_fatura\n" + b"x" * 300, ["x" * 255]),
        (b"  007  \n", ["007"]),
    ],
)
def test_ids_are_found_however_the_file_was_made(content: bytes, expected: list[str]) -> None:
    assert refs(content) == expected


@pytest.mark.parametrize(
    ("content", "line", "wrong"),
    [
        (b"id_fatura;nome\nFAT1;Ana\n;Bia\n", 3, Wrong.BLANK),
        (b"id_fatura\n{{id}}\n", 2, Wrong.UNRENDERED),
        (b"[ID]\nFAT1\n", 1, Wrong.UNRENDERED),
        (b'id_fatura;nome\n"FAT1;Ana\nFAT2;Bia\n', 2, Wrong.UNREADABLE),
        (b"id_fatura\n" + b"x" * 5000, 2, Wrong.UNREADABLE),
        (b"id_fatura;sent_at\nFAT1;ontem\n", 2, Wrong.TIME),
        (b"id_fatura;sent_at\nFAT1;1821-11-21\n", 2, Wrong.TIME),
        (b"nome;id_fatura\nAna\n", 2, Wrong.BLANK),
    ],
)
def test_a_line_that_is_wrong_is_named_and_stops_no_other(content: bytes, line: int, wrong: Wrong) -> None:
    bad = [row for row in read(content, ZONE) if row.wrong]
    assert [(row.line, row.wrong) for row in bad] == [(line, wrong)]
    assert all(len(row.shown) <= 81 for row in bad)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xef\xbb\xbf\r\n ; \r\n",
        b"FAT1\x00",
        b"PK\x03\x04 a workbook",
        "id_fatura\nFAT1\n".encode("utf-16"),
        b"nome;valor\nAna;1\n",
        b"x" * (MAX_BYTES + 1),
        b"\n" * (MAX_ROWS + 2),
        b"\x89PNG\r\n\x1a\n\x00\x00",
    ],
)
def test_a_file_of_no_use_is_refused_as_a_whole(content: bytes) -> None:
    with pytest.raises(Invalid) as refused:
        read(content, ZONE)
    assert set(refused.value.fields) == {"file"}


def test_one_endless_line_is_one_line_left_out() -> None:
    assert [row.wrong for row in read(b"x" * 10_000_000, ZONE)] == [Wrong.UNREADABLE]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-21", utc(2026, 11, 21, 3)),
        ("2026-11-21 14:03", utc(2026, 11, 21, 17, 3)),
        ("2026-11-21T14:03:10Z", utc(2026, 11, 21, 14, 3, 10)),
        ("2026-11-21T14:03:10-03:00", utc(2026, 11, 21, 17, 3, 10)),
        ("21/11/2026", utc(2026, 11, 21, 3)),
        ("1/2/2026 9:05", utc(2026, 2, 1, 12, 5)),
        ("21/11/2026 14:03:10", utc(2026, 11, 21, 17, 3, 10)),
        ("31/02/2026", None),
        ("21/11/2026 99:00", None),
        ("1700000000", None),
        ("9" * 5000, None),
    ],
)
def test_times_are_read_on_the_clock_of_the_account(text: str, expected: datetime | None) -> None:
    assert to_moment(text, ZONE) == expected


def test_an_id_is_cleaned_as_the_image_address_is() -> None:
    assert judged("  FAT\x071\u0301 ").ref == "FAT1\u0301"
    assert judged(" \t ").wrong is Wrong.BLANK
