"""The strict JSON reader: what it takes, what it refuses, and that hostile bytes cost nothing."""

from __future__ import annotations

import io
import json
import time
from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from app.core.errors import AppError, Malformed, TooLarge, UnsupportedType
from app.core.jsonbody import BadJson, check_content_encoding, check_content_type, parse, read_body, read_request

KEYS_1001 = b"{" + b",".join(b'"%d":1' % number for number in range(1001)) + b"}"

REFUSED = {
    "empty": (b"", "empty"),
    "blank": (b" \r\n", "empty"),
    "byte order mark": (b"\xef\xbb\xbf{}", "byte order mark"),
    "not UTF-8": (b'{"a":"\xff"}', "UTF-8"),
    "a surrogate in UTF-8": (b'{"a":"\xed\xa0\x80"}', "UTF-8"),
    "UTF-16": ('{"a":1}'.encode("utf-16-le"), "not valid JSON"),
    "cut": (b'{"a":', "not valid JSON"),
    "trailing": (b"{} {}", "not valid JSON"),
    "single quotes": (b"{'a':1}", "not valid JSON"),
    "list": (b"[1]", "JSON object"),
    "text": (b'"a"', "JSON object"),
    "null": (b"null", "JSON object"),
    "NaN": (b'{"a":NaN}', "NaN"),
    "Infinity": (b'{"a":Infinity}', "NaN"),
    "-Infinity": (b'{"a":-Infinity}', "NaN"),
    "1e400": (b'{"a":1e400}', "out of range"),
    "1.8e308": (b'{"a":1.8e308}', "out of range"),
    "1e-401": (b'{"a":1e-401}', "out of range"),
    "an exponent beyond Decimal": (b'{"a":1e99999999999999999999}', "out of range"),
    "2**53 + 1": (b'{"a":9007199254740993}', "integer"),
    "-2**53 - 1": (b'{"a":-9007199254740993}', "integer"),
    "5000 digits": (b'{"a":' + b"9" * 5000 + b"}", "integer"),
    "a fraction of 500 digits": (b'{"a":1.' + b"9" * 500 + b"}", "digits"),
    "NUL": (b'{"a":"\x00"}', "not valid JSON"),
    "escaped NUL": (b'{"a":"x\\u0000"}', "NUL"),
    "escaped NUL in a key": (b'{"\\u0000":1}', "NUL"),
    "escaped NUL in a list": (b'{"a":[{"b":"\\u0000"}]}', "NUL"),
    "lone high surrogate": (b'{"a":"\\ud83d"}', "surrogate"),
    "lone low surrogate": (b'{"a":"\\uDE00x"}', "surrogate"),
    "same key twice": (b'{"a":1,"a":1}', "twice"),
    "same key twice, escaped": (b'{"a":1,"\\u0061":1}', "twice"),
    "same key twice, inside": (b'{"x":[{"a":1,"a":2}]}', "twice"),
    "1001 keys": (KEYS_1001, "1000 keys"),
    "33 levels": (b'{"a":' * 33 + b"1" + b"}" * 33, "deeper"),
    "33 levels of lists": (b'{"a":' + b"[" * 32 + b"]" * 32 + b"}", "deeper"),
    "many unclosed": (b"[" * 60_000, "deeper"),
    "deep beside flat": (b'{"a":[{},{},{}],"b":' + b"[" * 40 + b"]" * 40 + b"}", "deeper"),
}
TAKEN: dict[str, tuple[bytes, dict[str, Any]]] = {
    "empty object": (b"{}", {}),
    "space around": (b' \r\n\t{"a" : 1 } \n', {"a": 1}),
    "2**53": (b'{"a":9007199254740992,"b":-9007199254740992}', {"a": 2**53, "b": -(2**53)}),
    "exact decimals": (b'{"a":199.90,"b":1e2}', {"a": Decimal("199.90"), "b": Decimal("100")}),
    "an escaped pair": (b'{"a":"\\ud83d\\ude00"}', {"a": "😀"}),
    "a backslash before u0000": (b'{"a":"\\\\u0000"}', {"a": "\\u0000"}),
    "brackets in strings": (b'{"a":"' + b"[{" * 50 + b'\\"["}', {"a": "[{" * 50 + '"['}),
    "a backslash ends a string": (b'{"a":"\\\\","b":"' + b"[" * 50 + b'"}', {"a": "\\", "b": "[" * 50}),
    "32 levels": (b'{"a":' + b"[" * 31 + b"]" * 31 + b"}", json.loads('{"a":' + "[" * 31 + "]" * 31 + "}")),
    "wide, not deep": (b'{"a":[' + b"[]," * 500 + b"{}]}", {"a": [[]] * 500 + [{}]}),
}


@pytest.mark.parametrize("case", REFUSED)
def test_bad_bodies_are_refused_with_a_reason(case: str) -> None:
    raw, reason = REFUSED[case]
    with pytest.raises(BadJson, match=reason) as caught:
        parse(raw)
    assert caught.value.status == 400


@pytest.mark.parametrize("case", TAKEN)
def test_good_bodies_are_read_exactly(case: str) -> None:
    raw, expected = TAKEN[case]
    assert parse(raw) == expected


def test_fractions_are_decimals_and_integers_are_ints() -> None:
    body = parse(b'{"a":0.1,"b":3,"c":-0}')
    assert repr(body) == "{'a': Decimal('0.1'), 'b': 3, 'c': 0}"


scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
)
keys = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
values = st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(keys, inner), max_leaves=12)


# a busy machine draws examples slowly, which says nothing about the reader
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(keys, values, max_size=8), st.booleans())
def test_it_agrees_with_the_standard_reader_on_all_json_within_the_limits(value: dict[str, Any], ascii: bool) -> None:
    raw = json.dumps(value, ensure_ascii=ascii).encode()
    assert to_floats(parse(raw)) == json.loads(raw)


def to_floats(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: to_floats(member) for key, member in value.items()}
    if isinstance(value, list):
        return [to_floats(member) for member in value]
    return float(value) if isinstance(value, Decimal) else value


pieces = st.lists(
    st.sampled_from([b"{", b"}", b"[", b"]", b'"', b"\\", b",", b":", b"1", b"e9", b"-", b".", b"\\u0000", b"a"])
)


@settings(deadline=None)
@given(st.binary() | pieces.map(b"".join))
@example(b"\\" * 99 + b'"[')
@example(b'{"a":' * 5000)
def test_nothing_but_bad_json_is_ever_raised(raw: bytes) -> None:
    with suppress(BadJson):
        assert isinstance(parse(raw), dict)


HOSTILE = {
    "open brackets": b"[" * 65_536,
    "open objects": b'{"a":' * 13_000,
    "balanced": b"[" * 32_768 + b"]" * 32_768,
    "quotes": b'"' * 65_536,
    "backslashes": b"\\" * 65_536,
    "escaped quotes": b'{"a":"' + b'\\"' * 32_000,
    "keys": b"{" + b",".join(b'"%d":1' % number for number in range(6_000)) + b"}",
    "digits": b'{"a":' + b"1" * 65_000 + b"}",
    "fraction": b'{"a":1.' + b"1" * 65_000 + b"}",
    "NULs": b'{"a":[' + b'"\\u0000",' * 7_000 + b"1]}",
    "half pairs at the end": b'{"a":[' + b'"\\ud83d\\ude00",' * 4_000 + b'"\\ud83d"]}',
}


@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_body_of_64_kb_is_refused_at_once(case: str) -> None:
    def refuse() -> float:
        started = time.perf_counter()
        with pytest.raises(BadJson):
            parse(HOSTILE[case])
        return time.perf_counter() - started

    assert min(refuse() for _ in range(3)) < 0.05


class Unread(io.BytesIO):
    def read(self, size: int | None = -1) -> bytes:
        raise AssertionError("must not be read")


class Trickle(io.BytesIO):
    """Gives three bytes a time, as a slow connection does."""

    def read(self, size: int | None = -1) -> bytes:
        return super().read(min(3, size or 0))


@pytest.mark.parametrize("length", ["11", "999999999999"])
def test_a_body_too_long_by_its_length_is_refused_unread(length: str) -> None:
    with pytest.raises(TooLarge):
        read_body(Unread(), length, False, 10)


@pytest.mark.parametrize("length", ["-1", "+5", "1_0", "٣", "5, 5", "0x5", "9" * 19])
def test_a_senseless_length_is_malformed(length: str) -> None:
    with pytest.raises(Malformed):
        read_body(Unread(), length, False, 10)


def test_a_body_is_read_to_its_length_however_slowly_it_comes() -> None:
    assert read_body(Trickle(b"0123456789rest"), "10", False, 10) == b"0123456789"
    assert read_body(Trickle(b"0123456789"), None, True, 10) == b"0123456789"
    assert read_body(io.BytesIO(b"x" * 200_000), "200000", False, 200_000) == b"x" * 200_000
    assert read_body(Unread(), None, False, 10) == b""


def test_a_chunked_body_is_read_to_one_byte_past_the_limit() -> None:
    stream = io.BytesIO(b"x" * 1000)
    with pytest.raises(TooLarge):
        read_body(stream, None, True, 10)
    assert stream.tell() == 11


def test_a_body_that_ends_early_is_malformed() -> None:
    with pytest.raises(Malformed):
        read_body(Trickle(b"0123"), "10", False, 10)


def test_without_a_length_only_a_server_that_ends_the_stream_is_read() -> None:
    body = {"wsgi.input": io.BytesIO(b"{}")}
    assert read_request({"wsgi.input": Unread()}, 10) == b""
    assert read_request(body | {"wsgi.input_terminated": True}, 10) == b"{}"
    assert read_request({"wsgi.input": io.BytesIO(b"[]"), "HTTP_TRANSFER_ENCODING": "Chunked"}, 10) == b"[]"


JSON_TYPES = [
    "application/json",
    "Application/JSON",
    "application/json; charset=utf-8",
    'application/json;charset="UTF-8"',
]
OTHER_TYPES = [
    None,
    "",
    "text/plain",
    "application/jsonp",
    "application/json; charset=latin-1",
    "application/json, text/x",
]


def test_only_json_in_utf8_is_taken() -> None:
    for value in JSON_TYPES:
        check_content_type(value)
    check_content_encoding(None)
    check_content_encoding("identity")


@pytest.mark.parametrize("value", OTHER_TYPES)
def test_another_content_type_is_415(value: str | None) -> None:
    with pytest.raises(UnsupportedType) as caught:
        check_content_type(value)
    assert caught.value.status == 415


@pytest.mark.parametrize("value", ["gzip", "br", "identity, gzip"])
def test_a_compressed_body_is_415(value: str) -> None:
    with pytest.raises(AppError, match="Content-Encoding"):
        check_content_encoding(value)
