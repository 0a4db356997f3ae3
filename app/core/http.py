"""The one outgoing HTTP client: pooled, limited in time and size, and never raising for what the network does."""

from __future__ import annotations

import json
import re
import socket
import ssl
import threading
from collections.abc import Iterator
from functools import cache, lru_cache
from http.client import HTTPException, IncompleteRead, RemoteDisconnected
from typing import Any, cast
from urllib.parse import urlsplit

import certifi
import requests
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict
from urllib3 import HTTPHeaderDict, HTTPResponse
from urllib3.exceptions import DecodeError, HTTPError, InvalidHeader, LocationParseError

from app.core import clock, skew
from app.core.deadline import TIMEOUT, Deadlines, Watch
from app.core.exchange import Call, Reply
from app.core.guard import NOT_ALLOWED, NotAllowed
from app.core.pool import Answer, Place, Pool

VERSION = "0.1.0"
USER_AGENT = f"Kalitrack/{VERSION}"
READ_BYTES = 1024 * 1024  # after decompression; an answer longer than this is `Too large`
KEEP_BYTES = 64 * 1024  # what a Reply carries of the body
PIECE_BYTES = 16 * 1024
GUARDED_READ_BYTES = 64 * 1024  # as they come, before decompression
GUARDED_KEEP_BYTES = 8 * 1024
GUARDED_BODY_S = 2.0  # for a body that follows a head

CONNECTION_FAILED = "Connection failed"
TOO_LARGE = "Too large"
INVALID_ANSWER = "Invalid answer"
INVALID_CALL = "Invalid address or header"
NAME_NOT_FOUND = "Name not found"  # this and the following: of guarded calls, whose address somebody may correct
TLS_REFUSED = "TLS refused"
NOT_TRUSTED = "Certificate not trusted"
CERTIFICATES = {  # by OpenSSL's X509_V_ERR_*
    10: "Certificate expired",
    18: "Certificate is self-signed",
    19: "Certificate is self-signed",
    62: "Certificate of another host",
    64: "Certificate of another host",
}
CUT = "Cut by shutdown"
HEADER = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+: [^\r\n\0]*")
current = threading.local()  # .watch: that of the call this thread is in, .is_guarded: whether it is


class _TooLarge(Exception):
    pass


FAULTS = (requests.RequestException, HTTPError, HTTPException, OSError, ValueError, _TooLarge)


class Client:
    """A pool of connections and the calls in hand. One per process (make it after a fork); safe for any threads.

    Environment proxies, `.netrc`, cookies and redirects play no part; TLS is verified against certifi's roots.
    """

    def __init__(self, *, timeout_s: float, pool_size: int = 64, allow_private: bool = False) -> None:
        """`allow_private`: whether guarded calls may reach private and loopback addresses; others always may."""
        self.timeout_s = timeout_s
        self._deadlines = Deadlines()
        self._session = _Session()
        self._session.trust_env = False
        adapter = _Adapter(pool_size, allow_private)
        self._session.mount("http://", adapter)
        self._session.mount("https://", adapter)

    def send(self, call: Call, *, timeout_s: float | None = None, keep: int = KEEP_BYTES) -> Reply:
        """One exchange, name look-up to last byte, within `timeout_s` seconds (default: the client's).

        The body is kept up to `keep` bytes and read up to READ_BYTES. `Reply.error` is one of the sentences above and
        never carries a URL. Raises only for a `call.json` that is not JSON (TypeError, ValueError).

        Of a guarded call the status decides, once a whole head has come: the body is what could be read of it in
        GUARDED_BODY_S and GUARDED_READ_BYTES, as it came (never decompressed), and no fault in it is an error.

        A call is sent once. The exception: the server closed an idle connection in the very moment it was reused, and
        the kernel proves that no byte of the call arrived; then it goes out again on another connection.
        """
        started = clock.monotonic()
        body = encode(call.json) if call.body is None and call.json is not None else call.body
        watch = current.watch = self._deadlines.start(timeout_s or self.timeout_s)
        current.is_guarded = call.is_guarded
        response, status, headers, content, error = None, None, CaseInsensitiveDict[str](), b"", None
        try:
            response = self._exchange(_prepare(call, body), watch)
            headers = response.headers
            if call.is_guarded:
                if watch.ended:  # within the head, which then looks whole to its parser
                    raise TimeoutError
                self._deadlines.shorten(watch, GUARDED_BODY_S)
                content = _read_some(response, min(keep, GUARDED_KEEP_BYTES))
            else:
                skew.hear(headers.get("Date"))
                content = _read(response, keep)
            status = response.status_code
        except FAULTS as fault:
            error = _in_words(fault, call.is_guarded)
        finally:
            self._deadlines.finish(watch)
            if response is not None:
                response.close()
        if watch.ended and not (call.is_guarded and status):
            status, error = None, watch.ended
        took_ms = round((clock.monotonic() - started) * 1000)
        return Reply(status, headers, content, clock.now(), took_ms, error)

    def cut(self) -> None:
        """Ends every call in hand at once, and every later one unsent: each answers `Cut by shutdown`."""
        self._deadlines.cut(CUT)

    def close(self) -> None:
        """Cuts, and closes the idle connections too."""
        self.cut()
        self._session.close()

    def _exchange(self, request: requests.PreparedRequest, watch: Watch) -> requests.Response:
        while True:
            if watch.ended:
                raise TimeoutError
            try:
                return self._session.send(request, stream=True, allow_redirects=False, proxies={})
            except RemoteDisconnected:
                if watch.ended or not watch.never_arrived:
                    raise


def encode(value: Any) -> bytes:
    """JSON as `JSON.stringify` prints it (floats without a fraction apart: 5.0 stays 5.0)."""
    text = _readable.encode(value)
    try:
        return text.encode()
    except UnicodeEncodeError:  # half a surrogate pair, which JSON.stringify escapes too
        return _escaped.encode(value).encode()


_readable = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)
_escaped = json.JSONEncoder(separators=(",", ":"), allow_nan=False)


def _prepare(call: Call, body: bytes | None) -> requests.PreparedRequest:
    """By hand, since `Session.prepare_request` costs as much as the exchange itself."""
    headers = CaseInsensitiveDict[str]({"User-Agent": USER_AGENT, "Accept": "*/*", "Accept-Encoding": "identity"})
    if call.json is not None:
        headers["Content-Type"] = "application/json"
    headers.update(call.headers)
    if body is not None or call.method not in ("GET", "HEAD"):
        headers["Content-Length"] = str(len(body or b""))
    request = requests.PreparedRequest()
    request.method, request.url, request.headers, request.body = call.method, _whole_url(call.url), headers, body
    return request


@lru_cache(1024)
def _whole_url(url: str) -> str:
    """The URL with its host in ASCII and its path escaped."""
    request = requests.PreparedRequest()
    request.prepare_url(url, None)
    return str(request.url)


def _read(response: requests.Response, keep: int) -> bytes:
    kept, seen = bytearray(), 0
    while piece := response.raw.read(PIECE_BYTES, decode_content=True):
        seen += len(piece)
        if seen > READ_BYTES:
            raise _TooLarge
        kept += piece[: keep - len(kept)]
    return bytes(kept)


def _read_some(response: requests.Response, keep: int) -> bytes:
    """Raises nothing for what ends a body before its time."""
    kept, seen = bytearray(), 0
    try:
        while seen < GUARDED_READ_BYTES and (piece := response.raw.read(PIECE_BYTES, decode_content=False)):
            seen += len(piece)
            kept += piece[: keep - len(kept)]
    except IncompleteRead as cut:
        kept += cut.partial[: keep - len(kept)]
    except FAULTS:
        pass
    return bytes(kept)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        inner = [part for part in (*error.args, getattr(error, "reason", None)) if isinstance(part, BaseException)]
        error = inner[0] if inner else None


def _in_words(fault: BaseException, is_guarded: bool = False) -> str:
    """Never the exception's own text: it holds the URL."""
    causes = list(_causes(fault))

    def is_a(*kinds: type[BaseException]) -> bool:
        return any(isinstance(cause, kinds) for cause in causes)

    if is_a(_TooLarge):
        return TOO_LARGE
    if is_a(NotAllowed):
        return NOT_ALLOWED
    if is_a(TimeoutError, requests.Timeout):
        return TIMEOUT
    if is_guarded and is_a(ssl.SSLError, socket.gaierror):
        return _why_unreached(causes)
    if is_a(ConnectionError, ssl.SSLError, socket.gaierror):  # RemoteDisconnected is a ConnectionError too
        return CONNECTION_FAILED
    if is_a(HTTPException, DecodeError, InvalidHeader):  # urllib3's is about a header that came: two lengths, say
        return INVALID_ANSWER
    if is_a(LocationParseError) or isinstance(fault, ValueError):  # InvalidURL, InvalidSchema, a bad header value
        return INVALID_CALL
    return CONNECTION_FAILED


def _why_unreached(causes: list[BaseException]) -> str:
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return CERTIFICATES.get(cause.verify_code, NOT_TRUSTED)
        if isinstance(cause, ssl.SSLError):
            return TLS_REFUSED
    return NAME_NOT_FOUND


class _Session(requests.Session):
    def get_redirect_target(self, resp: requests.Response) -> str | None:
        return None  # `send` would otherwise read a redirect's whole body, however long, to prepare the next request


@cache
def _roots(file: str) -> ssl.SSLContext:
    """For all clients of a process: to read them takes longer than most calls."""
    roots = ssl.create_default_context(cafile=file)
    roots.set_alpn_protocols(["http/1.1"])
    return roots


class _Adapter(BaseAdapter):
    """What carries the calls of `requests`, at a third of what its own costs: one write and no bookkeeping but ours."""

    def __init__(self, size: int, allow_private: bool) -> None:
        super().__init__()
        self._pool = Pool(size, _roots(certifi.where()), allow_private=allow_private)

    def send(self, request: requests.PreparedRequest, *_args: Any, **_options: Any) -> requests.Response:
        """Watch and guard of the call are the thread's; verification and proxies are nobody's choice."""
        watch, is_guarded, method = current.watch, current.is_guarded, str(request.method)
        place, target, host = _address(str(request.url), is_guarded)
        connection = self._pool.take(place, watch)
        try:
            connection.send(_head(request, target, host) + cast(bytes, request.body or b""))
            answer = connection.answer(method)
        except BaseException:
            connection.close(watch)
            raise
        answer.comes_from(connection, self._pool)
        response = requests.Response()
        response.status_code = answer.status
        response.headers = CaseInsensitiveDict(answer.headers.items())
        is_encoded = "Content-Encoding" in response.headers and not is_guarded
        response.raw = _Decoded(answer) if is_encoded else answer
        return response

    def close(self) -> None:
        self._pool.close()


class _Decoded(HTTPResponse):
    """An answer with an encoding, which we did not ask for."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer, HTTPHeaderDict(answer.headers.items()), answer.status, preload_content=False)
        self._answer = answer

    def release_conn(self) -> None:
        self._answer.release_conn()


@lru_cache(1024)
def _address(url: str, is_guarded: bool) -> tuple[Place, str, str]:
    """Where a whole URL leads, and the target and the Host of its request."""
    parts = urlsplit(url)
    is_tls = parts.scheme == "https"
    place = Place(parts.hostname or "", parts.port or (443 if is_tls else 80), is_tls, is_guarded)
    return place, (parts.path or "/") + (f"?{parts.query}" if parts.query else ""), parts.netloc.rpartition("@")[2]


def _head(request: requests.PreparedRequest, target: str, host: str) -> bytes:
    """Raises ValueError for a header that would end its line, or is no Latin-1."""
    lines = [f"{request.method} {target} HTTP/1.1\r\nHost: {host}".encode("ascii")]
    for name, value in request.headers.items():
        line = name.encode("ascii") + b": " + value.encode("latin-1")
        if not HEADER.fullmatch(line):
            raise ValueError("not a header")
        lines.append(line)
    return b"\r\n".join(lines) + b"\r\n\r\n"
