"""Pages travel compressed, and nothing else does that should not."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from flask import Flask, Response, g
from flask.testing import FlaskClient
from flask_wtf.csrf import generate_csrf
from itsdangerous import TimestampSigner

from app.core.compression import PADDING, gzipped
from tests.page_app import gallery_app

LONG = "<p>" + "words " * 1000


@pytest.fixture
def app(tmp_path: Path) -> Flask:
    app = gallery_app(tmp_path)
    app.add_url_rule("/long", "long", lambda: LONG)
    app.add_url_rule("/short", "short", lambda: "<p>")
    app.add_url_rule("/table", "table", lambda: Response(LONG, mimetype="text/csv"))
    app.add_url_rule("/stream", "stream", lambda: Response(iter([LONG]), mimetype="text/html"))
    return app


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.mark.parametrize("accepted", ["gzip", "br, gzip;q=0.5", "*"])
def test_a_page_is_compressed_for_who_takes_it(client: FlaskClient, accepted: str) -> None:
    answer = client.get("/long", headers={"Accept-Encoding": accepted})
    assert answer.headers["Content-Encoding"] == "gzip"
    assert int(answer.headers["Content-Length"]) == len(answer.data) < 500
    assert gzip.decompress(answer.data).decode() == LONG


@pytest.mark.parametrize("accepted", ["", "br", "identity", "gzip;q=0", "gzip;q=x,,;=\x7f"])
def test_who_does_not_take_it_gets_it_plain_and_no_cache_mixes_them_up(client: FlaskClient, accepted: str) -> None:
    answer = client.get("/long", headers={"Accept-Encoding": accepted})
    assert "Content-Encoding" not in answer.headers
    assert answer.text == LONG
    assert "Accept-Encoding" in answer.vary


@pytest.mark.parametrize("path", ["/short", "/table", "/stream"])
def test_what_is_short_or_no_page_or_streamed_stays_as_it_is(client: FlaskClient, path: str) -> None:
    assert "Content-Encoding" not in client.get(path, headers={"Accept-Encoding": "gzip"}).headers


def test_an_error_page_is_compressed_too(client: FlaskClient) -> None:
    answer = client.get("/ui/error/404", headers={"Accept-Encoding": "gzip"})
    assert answer.status_code == 404
    assert b"<!doctype html>" in gzip.decompress(answer.data)


def test_the_length_does_not_tell_what_a_page_repeats() -> None:
    """BREACH measures it: the same page comes in many lengths."""
    lengths = {len(gzipped(LONG.encode())) for _ in range(200)}
    assert len(lengths) > 20
    assert max(lengths) - min(lengths) <= PADDING


def test_a_csrf_token_is_signed_anew_each_second(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """The part of it that stays is worthless without the signature: nothing to guess byte by byte from lengths."""
    seconds = iter([1_800_000_000, 1_800_000_001])
    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda _self: next(seconds))
    with app.test_request_context():
        first = generate_csrf()
        g.pop("csrf_token")
        second = generate_csrf()
    assert first.split(".")[0] == second.split(".")[0]
    assert first.split(".")[2] != second.split(".")[2]
