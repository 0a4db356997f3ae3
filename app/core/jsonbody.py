"""The strict JSON reader of every endpoint, and how a body gets off the wire (CONTRACTS §2)."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from json.decoder import JSONDecodeError
from math import isinf
from typing import IO, Any, NoReturn

from app.core.errors import Malformed, TooLarge, UnsupportedType

MAX_DEPTH = 32
MAX_KEYS = 1_000
MAX_INTEGER = 2**53
MAX_INTEGER_TEXT = len(str(-MAX_INTEGER))
MAX_NUMBER_TEXT = 400
MAX_EXPONENT = 308  # of a double; what is smaller than 1e-400 is refused too, since printing it takes that many digits
MIN_EXPONENT = -400
CHUNK = 65_536

JSON_TYPE = re.compile(r'application/json[ \t]*(?:;[ \t]*charset[ \t]*=[ \t]*"?utf-8"?[ \t]*)?;?', re.IGNORECASE)
DECIMAL_LENGTH = re.compile(r"[0-9]{1,18}")
SUSPECT_ESCAPE = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")  # may be NUL or half a surrogate pair: worth a walk
TO_PARENTHESES = bytes.maketrans(b"[{]}", b"(())")
ALL_BUT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))


class BadJson(Malformed):
    """The body is not the JSON we take; the message says why in one sentence and quotes nothing of it."""


def parse(raw: bytes) -> dict[str, Any]:
    """The object in `raw`. Numbers with a fraction or an exponent come as Decimal, so that money stays exact; integers
    as int within ±2**53. Raises BadJson for anything CONTRACTS §2 refuses, and nothing else."""
    if (raw.count(b"{") + raw.count(b"[")) > MAX_DEPTH:  # else it cannot be too deep
        _refuse_depth(raw)
    try:
        value = _decoded(raw.decode("utf-8"))
    except UnicodeDecodeError:
        raise BadJson("The body is not UTF-8") from None
    except (JSONDecodeError, RecursionError) as error:
        raise BadJson(_reason(raw, error)) from None
    if not isinstance(value, dict):
        raise BadJson("The body must be a JSON object")
    if SUSPECT_ESCAPE.search(raw):
        _refuse_odd_text(value)
    return value


def _decoded(text: str) -> Any:
    """As `_decoder.decode`, without its looks for space around where there is none."""
    if text[:1] == "{" and text[-1:] == "}":
        try:
            value, end = _scan(text, 0)
        except StopIteration:
            pass  # the decoder itself says why
        else:
            if end == len(text):
                return value
    return _decoder.decode(text)


def _reason(raw: bytes, error: Exception) -> str:
    if not raw.strip():
        return "The body is empty"
    if raw.startswith(b"\xef\xbb\xbf"):
        return "The body starts with a byte order mark"
    where = f" (line {error.lineno}, column {error.colno})" if isinstance(error, JSONDecodeError) else ""
    return f"The body is not valid JSON{where}"


def _refuse_depth(raw: bytes) -> None:
    """Judges the depth without recursion: drops the strings, then peels off one level of brackets a turn.

    An unclosed bracket counts too, so that what passes here cannot exhaust the parser's stack either."""
    outside_strings = raw.replace(b"\\\\", b"").replace(b'\\"', b"").split(b'"')[::2]
    brackets = b"".join(outside_strings).translate(TO_PARENTHESES, ALL_BUT_BRACKETS)
    for _ in range(MAX_DEPTH):
        peeled = brackets.replace(b"()", b"")
        if peeled == brackets:
            break
        brackets = peeled
    if b"()" in brackets or brackets.count(b"(") > MAX_DEPTH:
        raise BadJson(f"The body is nested deeper than {MAX_DEPTH} levels")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise BadJson("The body has a key twice in one object")
    if len(pairs) > MAX_KEYS:
        raise BadJson(f"The body has more than {MAX_KEYS} keys in one object")
    return value


def _integer(text: str) -> int:
    if len(text) <= MAX_INTEGER_TEXT and -MAX_INTEGER <= (value := int(text)) <= MAX_INTEGER:
        return value
    raise BadJson("The body has an integer beyond ±2**53")


def _decimal(text: str) -> Decimal:
    if len(text) > MAX_NUMBER_TEXT:
        raise BadJson("The body has a number with too many digits")
    try:
        value = Decimal(text)
    except ArithmeticError:  # an exponent that Decimal itself does not hold
        raise BadJson("The body has a number out of range") from None
    if not MIN_EXPONENT <= value.adjusted() <= MAX_EXPONENT or isinf(float(value)):
        raise BadJson("The body has a number out of range")
    return value


def _constant(_name: str) -> NoReturn:
    raise BadJson("The body has NaN or Infinity, which are not JSON")


def _refuse_odd_text(value: Any) -> None:
    if isinstance(value, str):
        if "\0" in value:
            raise BadJson("The body has a NUL character")
        try:
            value.encode()
        except UnicodeEncodeError:
            raise BadJson("The body has half a surrogate pair") from None
    elif isinstance(value, dict):
        for key, member in value.items():
            _refuse_odd_text(key)
            _refuse_odd_text(member)
    elif isinstance(value, list):
        for member in value:
            _refuse_odd_text(member)


_decoder = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=_integer, parse_float=_decimal, parse_constant=_constant
)

_scan = _decoder.scan_once  # type: ignore[attr-defined]


def read_body(stream: IO[bytes], content_length: str | None, transfer_chunked: bool, limit: int) -> bytes:
    """The whole body, at most `limit` bytes. Too long by its Content-Length: TooLarge, unread. `transfer_chunked`: the
    length is unknown and the server ends the stream. A body that ends early, or a senseless length: Malformed."""
    if transfer_chunked:
        body = _read(stream, limit + 1)
        if len(body) > limit:
            raise TooLarge(f"The body is larger than {limit} bytes")
        return body
    if not content_length:
        return b""
    if not DECIMAL_LENGTH.fullmatch(content_length):
        raise Malformed("Content-Length is not a number")
    length = int(content_length)
    if length > limit:
        raise TooLarge(f"The body is larger than {limit} bytes")
    body = _read(stream, length)
    if len(body) < length:
        raise Malformed("The body ended before its Content-Length")
    return body


def read_request(environ: dict[str, Any], limit: int) -> bytes:
    """`read_body` for a WSGI environment. Without a length, only a server that ends the stream by itself is read."""
    coding = environ.get("HTTP_TRANSFER_ENCODING", "").lower()
    length = environ.get("CONTENT_LENGTH")
    unknown = "chunked" in coding or (not length and bool(environ.get("wsgi.input_terminated")))
    return read_body(environ["wsgi.input"], length, unknown, limit)


def copy_request(environ: dict[str, Any], limit: int, file: IO[bytes]) -> IO[bytes]:
    """As `read_request`, into a file. The length has to be known beforehand."""
    length = environ.get("CONTENT_LENGTH") or ""
    if environ.get("HTTP_TRANSFER_ENCODING") or not length:
        raise Malformed("A file this large needs its Content-Length")
    if not DECIMAL_LENGTH.fullmatch(length):
        raise Malformed("Content-Length is not a number")
    missing = int(length)
    if missing > limit:
        raise TooLarge(f"The body is larger than {limit} bytes")
    while missing:
        part = _read(environ["wsgi.input"], min(missing, CHUNK))
        if not part:
            raise Malformed("The body ended before its Content-Length")
        file.write(part)
        missing -= len(part)
    return file


def _read(stream: IO[bytes], wanted: int) -> bytes:
    """Up to `wanted` bytes; a stream may give less than it is asked for."""
    try:
        body = stream.read(min(wanted, CHUNK))
        if len(body) == wanted:
            return body
        parts = [body]
        missing = wanted - len(body)
        while body and missing:
            body = stream.read(min(missing, CHUNK))
            parts.append(body)
            missing -= len(body)
    except OSError:  # the caller went away
        raise Malformed("The body ended early") from None
    return b"".join(parts)


def check_content_type(value: str | None) -> None:
    """Raises UnsupportedType unless the body is declared as JSON in UTF-8."""
    if value != "application/json" and not JSON_TYPE.fullmatch(value or ""):
        raise UnsupportedType("Content-Type must be application/json")


def check_content_encoding(value: str | None) -> None:
    """Raises UnsupportedType for a compressed body: nothing here ever inflates one."""
    if value and value.strip().lower() != "identity":
        raise UnsupportedType("Content-Encoding is not supported")
