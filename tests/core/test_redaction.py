"""Redaction: what must vanish vanishes, what people need to read stays, and no input makes it slow."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.redaction import MASK, is_sensitive, masked, redact, scrub


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ('{"access_token":"EAABtoken","value":5}', "EAABtoken"),
        ("{'access_token': 'abc123', 'n': 1}", "abc123"),
        (r'{"body":"{\"access_token\":\"abc123\",\"n\":1}"}', "abc123"),
        ('{"accessToken": "a\\"bc123"}', "bc123"),
        ('{"token": ["abc123", "def"]}', "abc123"),
        ('{"phone": 11999998888}', "11999998888"),
        ("POST /v25.0/1/events?access_token=abc123&x=1", "abc123"),
        ("access_token%3Dabc123", "abc123"),
        ("Authorization: Bearer abc.123", "abc.123"),
        ("Authorization: Basic YWJjOjEyMw==", "YWJjOjEyMw"),
        ("got Bearer kt-abc123 from", "kt-abc123"),
        ("client kt_live_a1B2-c3 called", "a1B2"),
        ('"GET /setup/Zx3_q-Yk81LmNpQw77 HTTP/1.1" 200', "LmNpQw77"),
        ('"POST /preferences/AaIEgBDDcACk33sh8MIQUMMQ/unsubscribe HTTP/1.1" 200', "8MIQUMMQ"),
        ("jwt eyJhbGciOi.eyJzdWIiOjF9.c2ln ended", "eyJzdWIiOjF9"),
        ("token EAABwzLixnjYBAHZC123 is bad", "BwzLixnjYBAHZC123"),
        ("password: hunter2", "hunter2"),
        ("senha=hunter2", "hunter2"),
        ("postgresql+psycopg://kt:hunter2@db/kt", "hunter2"),
        ("redis://:hunter2@host:6379/0", "hunter2"),
        ("api_key = 'abc123'", "abc123"),
        ("mail to maria.silva+x@empresa.com.br failed", "maria"),
        ("?u=ana%40example.com", "ana"),
        ("joão@exemplo.com.br", "joão"),
        ("5511999999999@c.us", "5511999999999"),
        ("call +5511999999999 now", "99999"),
        ("call +55 11 99999-9999 now", "99999"),
        ("call (11) 99999-9999 now", "99999"),
        ("call (11) 3333-4444 now", "3333"),
        ("call 11 99999-9999 now", "99999"),
        ("call 11 9 9999-9999 now", "9999"),
        ("to 5511987654321 refused", "987654321"),
        ("CPF 123.456.789-09", "456"),
        ("em=" + "0123456789abcdef" * 4, "0123456789abcdef"),
    ],
)
def test_secrets_and_personal_details_vanish(text: str, secret: str) -> None:
    assert secret not in scrub(text)
    assert MASK in scrub(text)


@pytest.mark.parametrize(
    "text",
    [
        "Error validating access token: Session has expired on Friday, 20-Nov-26 10:00:00 PST.",
        '{"code":190,"error_subcode":463,"fbtrace_id":"AbC123xyz","is_transient":false}',
        "pixel 290714800540320 refused",
        "at 2026-11-21T10:00:00.123456+00:00 and 2026-11-21 10:00:00,123 and 21/11/2026 10:30",
        "1732204800 1732204800123 12.50 0.1",
        "12345678-1234-1234-1234-123456789012 0190b5a4-7c1e-7def-8abc-0123456789ab",
        "(#100) param data: 10 of 1000 events, code 100 subcode 2804003",
        '{"phone_number_id":"106540352242922","token_type":"bearer"}',
        "192.168.10.20:5001 v25.0 HTTP/1.1 429",
        "Kwai: {'result': 10001, 'error_msg': 'invalid token'}",
        "+0300 1732204800",
    ],
)
def test_what_people_need_to_read_stays(text: str) -> None:
    assert scrub(text) == text


def test_redacted_json_is_still_json() -> None:
    text = json.dumps({"error": {"access_token": 'a"b\\', "email": "a@b.co"}, "code": 190})

    assert json.loads(scrub(text)) == {"error": {"access_token": MASK, "email": MASK}, "code": 190}


def test_long_text_is_cut_and_no_half_of_a_secret_is_left() -> None:
    assert len(scrub("word " * 10_000)) == 2048
    assert scrub("x" * 50, limit=10) == "x" * 9 + "…"
    for shift in range(300):
        text = ("access_token=" + "s" * 3000 + " ") * 4 + "." * shift + "maria.silva@example.com " * 40
        assert "maria" not in scrub(text, limit=2048)


@given(st.integers(min_value=0, max_value=10**17).filter(lambda n: len(str(n)) != 13))
def test_a_plain_run_of_digits_is_an_id(number: int) -> None:
    assert scrub(f"pixel {number} refused") == f"pixel {number} refused"


@given(st.text(max_size=300), st.integers(min_value=1, max_value=100))
def test_any_text_is_taken(text: str, limit: int) -> None:
    assert len(scrub(text, limit)) <= limit


@given(st.text(alphabet="abcXYZ0123456789-_", min_size=8, max_size=60), st.sampled_from(["token", "senha", "api_key"]))
def test_no_secret_under_a_key_survives(secret: str, key: str) -> None:
    secret += "Zq7"
    for text in (
        json.dumps({key: secret}),
        repr({key: secret}),
        f"?{key}={secret}&x",
        json.dumps(f'{{"{key}":"{secret}"}}'),
    ):
        assert secret not in scrub(text)


HOSTILE = [
    "a", "a@", '"token":"', "token=", "1 ", "+1", "(11)", "eyJ", '\\"', '"token":"\\', "://a:", "1-", "%40", "12 9",
    "bearer ", " ", "authorization:", '"', "token = ", "0", "55119", "EAA", "a'", "password : ", "111.",
    '["', '"a_', "a.", "\n", "é", "_",
]  # fmt: skip


@pytest.mark.parametrize("piece", HOSTILE)
@pytest.mark.parametrize("tail", ["", "token=", "@"])
def test_64_kb_of_hostile_text_takes_no_time(piece: str, tail: str) -> None:
    text = (piece * 65536)[:65536] + tail
    started = time.thread_time()
    scrub(text)
    assert time.thread_time() - started < 0.1


def test_time_grows_with_the_text_and_not_faster() -> None:
    for piece in HOSTILE:
        started = time.thread_time()
        scrub((piece * 65536)[:65536], limit=65536)
        assert time.thread_time() - started < 0.3, piece


def test_values_are_hidden_by_key_at_any_depth() -> None:
    value = {"headers": {"Authorization": "x", "X-Id": "7"}, "list": [{"clientSecret": "y"}], "n": 1, "t": ("a@b.co",)}

    assert redact(value) == {
        "headers": {"Authorization": MASK, "X-Id": "7"}, "list": [{"clientSecret": MASK}], "n": 1, "t": [MASK],
    }  # fmt: skip


def test_redacting_is_bounded_and_takes_any_object() -> None:
    loop: list[object] = []
    loop.append(loop)

    class Broken:
        def __str__(self) -> str:
            raise RuntimeError

    assert "…" in str(redact(loop))
    assert redact(Broken()) == "<Broken>"
    assert len(redact(list(range(10_000)))) <= 200


@pytest.mark.parametrize(
    ("key", "hidden"),
    [
        *((key, True) for key in ("access_token", "X-Api-Key", "email", "ph", "senha", "clientSecret", "Cookie")),
        *((key, False) for key in ("token_id", "phone_number_id", "emailCount", "status", "path", "token_type")),
    ],
)
def test_keys_are_judged_by_their_words(key: str, hidden: bool) -> None:
    assert is_sensitive(key) is hidden


def test_masked_shows_the_last_four_of_a_long_secret_only() -> None:
    assert (masked("kt_live_0123456789abcd"), masked("short")) == ("…abcd", "…")
