"""Pixels from the old `trackings` table: the file as a whole, each row, and what is written."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.core.access import Actor
from app.core.db import db, write
from app.core.errors import Invalid, localized
from app.core.runtime import runtime
from app.pixels import importing
from app.pixels.importing import Row, Verdict
from app.pixels.models import TOKEN_PLACE, Pixel

sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # what is tested is not in the database
pytestmark = pytest.mark.usefixtures("context")
HEADER = "id,source,pixel_id,access_token,description,created_at,updated_at\n"
KWAI = "1,kwai,290714800540320,kwai-secret-token-1,Loja,2024-12-20 15:30:45,2024-12-20 15:30:45\n"
META = "2,facebook,123456789012345,meta-secret-token-2,NULL,2024-12-20 15:30:45,2024-12-20 15:30:45\n"


def stored(actor: Actor, text: str | bytes, replace_tokens: bool = False) -> list[importing.Result]:
    rows = importing.read(text if isinstance(text, bytes) else text.encode())
    results = []
    for part in importing.parts(rows):
        with write():
            results += importing.store(actor, part, replace_tokens=replace_tokens)
    return results


def test_the_old_table_becomes_pixels_with_sealed_tokens(actor: Actor) -> None:
    results = stored(actor, HEADER + KWAI + META)

    assert [(result.line, result.verdict) for result in results] == [(2, "created"), (3, "created")]
    kwai, meta = db.session.scalars(select(Pixel).order_by(Pixel.id))
    assert (kwai.platform, kwai.pixel_id, kwai.description) == ("kwai", "290714800540320", "Loja")
    assert (meta.platform, meta.pixel_id, meta.description) == ("facebook", "123456789012345", None)
    assert runtime().vault.open(TOKEN_PLACE, kwai.id, kwai.sealed_token) == "kwai-secret-token-1"


@pytest.mark.parametrize(
    ("content", "description"),
    [
        ("source;pixel_id;access_token;description\nkwai;1;tok-1;Promoção".encode(), "Promoção"),
        ("\ufeffSOURCE,Pixel_ID, ACCESS_TOKEN ,description\r\nKwai,1,tok-1,Promoção\r\n".encode(), "Promoção"),
        ("source\tpixel_id\taccess_token\tdescription\rkwai\t1\ttok-1\tPromoção\r".encode(), "Promoção"),
        ("\n\nsource,pixel_id,access_token,description\n\nkwai,1,tok-1,Promoção\n,,,\n".encode("latin-1"), "Promoção"),
        (b'"source","pixel_id","access_token","description"\n"kwai","1","tok-1","a ""b""\nc, d"', 'a "b"\nc, d'),
        (b"access_token,source,pixel_id\ntok-1,kwai,1", ""),
    ],
)
def test_delimiters_encodings_and_quotes_are_understood(content: bytes, description: str) -> None:
    (row,) = importing.read(content)
    assert (row.platform, row.pixel_id, row.token, row.description) == ("kwai", "1", "tok-1", description)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n \n",
        b"source,pixel_id\nkwai,1",
        b"source,pixel_id,access_token\n",
        b"PK\x03\x04\x00\x00binary",
        "source,pixel_id,access_token\nkwai,1,t".encode("utf-16"),
        b"source,pixel_id,access_token\n" + b"kwai,1,t\n" * 1001,
        b"source,pixel_id,access_token\n" + b"x" * 1_000_000,
        b'"source,pixel_id,access_token\nkwai,1,t',
    ],
)
def test_a_useless_file_is_refused_as_a_whole(content: bytes) -> None:
    with pytest.raises(Invalid) as refused:
        importing.read(content)
    assert list(refused.value.fields) == ["file"]


@sqlite
@pytest.mark.parametrize(
    "bad",
    [
        "9,orkut,1,secret-token-9,,,\n",
        "9,facebook,12ab,secret-token-9,,,\n",
        "9,facebook,,secret-token-9,,,\n",
        "9,facebook,1,,,,\n",
        "9,facebook,1,secret token 9,,,\n",
        "9,facebook,1,track123456,,,\n",
        f"9,facebook,1,secret-token-9,{'x' * 256},,\n",
        "9,kwai,secret-token-9,290714800540320,,,\n",
        "9,facebook,1,secret-token-9\n",
        "9,facebook,1,secret-token-9,a,b,c,d,e\n",
        '9,facebook,"1,secret-token-9,,,\n',
        '9,facebook,1"2,secret-token-9,,,\n',
        "9,facebook,=1+1,secret-token-9,,,\n",
        "9,facebook,2.90715E+14,secret-token-9,,,\n",
        f"9,facebook,1,{'secret-token-9' * 10_000},,,\n",
        KWAI,
    ],
)
def test_a_bad_row_stops_none_and_its_reason_repeats_no_token(actor: Actor, bad: str) -> None:
    results = stored(actor, HEADER + KWAI + bad + META)

    assert [result.verdict for result in results] == ["created", "rejected", "created"]
    assert results[1].line == 3
    told = f"{results[1].pixel} {localized(results[1].reason or '')}"
    assert len(told) > 10
    assert "token-9" not in told


def test_pixels_that_are_there_are_skipped_or_get_the_new_token(actor: Actor) -> None:
    stored(actor, HEADER + KWAI + META)
    changed = HEADER + KWAI.replace("kwai-secret-token-1", "kwai-newer-token-3") + META

    assert [result.verdict for result in stored(actor, changed)] == ["skipped", "skipped"]
    assert [result.verdict for result in stored(actor, changed, replace_tokens=True)] == ["updated", "skipped"]
    kwai = db.session.scalars(select(Pixel).where(Pixel.platform == "kwai")).one()
    assert runtime().vault.open(TOKEN_PLACE, kwai.id, kwai.sealed_token) == "kwai-newer-token-3"


@sqlite
def test_another_accounts_pixels_are_neither_seen_nor_touched(
    actor: Actor, stranger: Actor, make_pixel: Callable[..., UUID]
) -> None:
    theirs = make_pixel(by=stranger, platform="kwai", pixelId="290714800540320")
    results = stored(actor, HEADER + KWAI, replace_tokens=True)

    assert results[0].verdict == Verdict.CREATED
    assert results[0].id != theirs


def test_rows_are_written_in_parts(actor: Actor) -> None:
    def file(rows: int) -> str:
        return HEADER + "".join(f"{n},kwai,{n},kwai-secret-token-{n},,,\n" for n in range(rows))

    assert {len(part) for part in importing.parts(importing.read(file(1000).encode()))} == {importing.PART}
    assert all(result.verdict == "created" for result in stored(actor, file(105)))
    assert db.session.scalar(select(func.count()).select_from(Pixel)) == 105


def test_a_pixel_that_appears_meanwhile_is_skipped(app: Flask, actor: Actor, make_pixel: Callable[..., UUID]) -> None:
    make_pixel(platform="kwai", pixelId="1")
    with write():
        result = importing._create(actor, Row(2, "kwai", "1", "kwai-secret-token-1"))
        after = importing._create(actor, Row(3, "kwai", "2", "kwai-secret-token-2"))
    assert (result.verdict, after.verdict) == ("skipped", "created")
