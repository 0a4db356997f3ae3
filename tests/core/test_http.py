"""The outgoing client against a real server on loopback, however badly that server behaves."""

from __future__ import annotations

import gzip
import itertools
import socket
import ssl
import threading
import time
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
import requests_mock
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from app.core import http
from app.core.deadline import acked_bytes
from app.core.exchange import Call
from tests.core.wire import hear, reset, says, wire

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
HEAD = b"HTTP/1.1 200 OK\r\n"
LIMIT_S = 0.6


@pytest.fixture
def client() -> Iterator[http.Client]:
    client = http.Client(timeout_s=LIMIT_S)
    yield client
    client.close()


def keeps_alive(conn: socket.socket) -> None:
    while hear(conn):
        conn.sendall(OK)


def drips(first: bytes) -> Any:
    return says(first, *[b"x"] * 100, pause_s=0.05)


def endless(head: bytes, piece: bytes) -> Any:
    def talk(conn: socket.socket) -> None:
        hear(conn)
        conn.sendall(head)
        while True:
            conn.sendall(piece)

    return talk


def hangs(conn: socket.socket) -> None:
    hear(conn)
    time.sleep(5)


def resets(conn: socket.socket) -> None:
    hear(conn)
    reset(conn)


def test_answer_comes_back_whole(client: http.Client) -> None:
    answer = b"HTTP/1.1 201 Created\r\nRetry-After: 7\r\nContent-Length: 7\r\n\r\n" + b'{"a":1}'
    with wire(says(answer)) as server:
        reply = client.send(Call("POST", server.url, {"n": 1}))

    assert (reply.status, reply.json(), reply.error, reply.ok) == (201, {"a": 1}, None, True)
    assert reply.headers["retry-after"] == "7"
    assert abs(reply.received_at - datetime.now(UTC)) < timedelta(seconds=5)
    assert 0 <= reply.duration_ms < 1000


@pytest.mark.parametrize("status", [204, 302, 400, 401, 404, 429, 500, 503, 599])
def test_every_status_is_a_reply_and_no_redirect_is_followed(client: http.Client, status: int) -> None:
    body = b"" if status == 204 else b"no"
    line = f"HTTP/1.1 {status} Words\r\nLocation: /elsewhere\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    with wire(says(line + body)) as server:
        reply = client.send(Call("POST", server.url, {}))

        assert (reply.status, reply.error, reply.body) == (status, None, body)
        assert server.connections == 1


def test_call_arrives_as_it_was_built(client: http.Client) -> None:
    heard: list[bytes] = []

    def talk(conn: socket.socket) -> None:
        heard.append(hear(conn))
        conn.sendall(OK)

    with wire(talk) as server:
        client.send(Call("POST", server.url, {"nome": "São Paulo", "n": [1, 2.5, None]}, {"X-Signature": "abc"}))

    head, _, body = heard[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /path?access_token=SECRET HTTP/1.1\r\n")
    lines = set(head.decode().split("\r\n")[1:])
    assert {"User-Agent: " + http.USER_AGENT, "Content-Type: application/json", "X-Signature: abc"} <= lines
    assert f"Content-Length: {len(body)}" in lines
    assert body == '{"nome":"São Paulo","n":[1,2.5,null]}'.encode()


def test_exact_bytes_and_own_headers_win(client: http.Client) -> None:
    heard: list[bytes] = []

    def talk(conn: socket.socket) -> None:
        heard.append(hear(conn))
        conn.sendall(OK)

    with wire(talk) as server:
        client.send(Call("PUT", server.url, None, {"user-agent": "Hook/1", "Content-Type": "text/plain"}, b"\x00raw"))

    assert heard[0].endswith(b"\r\n\r\n\x00raw")
    assert heard[0].lower().count(b"user-agent:") == 1
    assert b"Hook/1" in heard[0]


@pytest.mark.parametrize(
    ("talk", "error"),
    [
        (hangs, "Timeout"),
        (drips(b"HTTP/1.1 200 OK\r\nX-Slow: "), "Timeout"),
        (drips(HEAD + b"Content-Length: 5000\r\n\r\n"), "Timeout"),
        (drips(HEAD + b"\r\n"), "Timeout"),
        (drips(HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n1000\r\n"), "Timeout"),
        (drips(HEAD + b"Content-Encoding: gzip\r\n\r\n\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03"), "Timeout"),
        (resets, "Connection failed"),
        (lambda conn: reset(conn), "Connection failed"),
        (says(), "Connection failed"),
        (endless(HEAD + b"\r\n", b"x" * 65536), "Too large"),
        (endless(HEAD + b"Content-Length: 99999999\r\n\r\n", b"x" * 65536), "Too large"),
        (endless(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"4000\r\n" + b"x" * 0x4000 + b"\r\n"), "Too large"),
        (endless(b"HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n", b"x" * 65536), "Too large"),
        (endless(HEAD, b"X-A: b\r\n"), "Invalid answer"),
        (endless(HEAD + b"X-A: ", b"b" * 4096), "Invalid answer"),
        (says(HEAD + b"Content-Length: 100\r\n\r\nshort"), "Invalid answer"),
        (says(HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nno\r\n"), "Invalid answer"),
        (says(HEAD + b"Content-Encoding: gzip\r\nContent-Length: 5\r\n\r\nplain"), "Invalid answer"),
        (says(b"SSH-2.0-OpenSSH_9.2\r\n"), "Invalid answer"),
        (says(b"\x16\x03\x01\x00\x02\x02\x28" * 20 + b"\r\n"), "Invalid answer"),
        (says(b"HTTP/1.1 OK 200\r\n\r\n"), "Invalid answer"),
    ],
)  # fmt: skip
def test_bad_server_is_a_short_sentence_in_good_time(client: http.Client, talk: Any, error: str) -> None:
    with wire(talk) as server:
        started = time.monotonic()
        reply = client.send(Call("POST", server.url, {"a": 1}))
        took = time.monotonic() - started

        assert (reply.status, reply.error, reply.ok) == (None, error, False)
        assert took <= LIMIT_S + 0.5
        assert len(reply.body) <= http.KEEP_BYTES
        assert server.connections == 1


@pytest.mark.parametrize(
    ("url", "error"),
    [
        ("http://no-such-host.invalid/SECRET", "Connection failed"),
        ("ftp://127.0.0.1/SECRET", "Invalid address or header"),
        ("SECRET", "Invalid address or header"),
        ("http:///SECRET", "Invalid address or header"),
        ("http://127.0.0.1:99999/SECRET", "Invalid address or header"),
        ("http://[::1/SECRET", "Invalid address or header"),
        (f"http://{'a' * 300}.com/SECRET", "Invalid address or header"),
    ],
)
def test_bad_address_is_a_reply_without_the_address(client: http.Client, url: str, error: str) -> None:
    reply = client.send(Call("POST", url, {}), timeout_s=5)

    assert (reply.status, reply.error) == (None, error)


@pytest.mark.parametrize("header", ["a\r\nX-Injected: 1", "ç☃", "a\nb"])
def test_bad_header_value_is_refused_unsent(client: http.Client, header: str) -> None:
    with wire(keeps_alive) as server:
        reply = client.send(Call("POST", server.url, {}, {"X-A": header}))

        assert (reply.status, reply.error) == (None, "Invalid address or header")


def test_refused_port_fails_at_once(client: http.Client) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    reply = client.send(Call("GET", f"http://127.0.0.1:{port}/"))

    assert (reply.status, reply.error) == (None, "Connection failed")
    assert reply.duration_ms < 300


def full_backlog() -> tuple[socket.socket, list[socket.socket]]:
    """A listener that accepts nobody and has no room for one more."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=0)
    waiting = []
    for _ in range(4):
        sock = socket.socket()
        sock.setblocking(False)
        sock.connect_ex(listener.getsockname())
        waiting.append(sock)
    time.sleep(0.05)
    return listener, waiting


def test_server_that_never_accepts_ends_at_the_deadline(client: http.Client) -> None:
    listener, waiting = full_backlog()
    reply = client.send(Call("POST", f"http://127.0.0.1:{listener.getsockname()[1]}/", {}))

    assert (reply.status, reply.error) == (None, "Timeout")
    assert LIMIT_S * 1000 - 50 <= reply.duration_ms <= (LIMIT_S + 0.5) * 1000
    for sock in (listener, *waiting):
        sock.close()


@pytest.mark.parametrize("limit_s", [0.2, 0.5, 1.1])
def test_deadline_is_precise_with_many_calls_of_different_limits(client: http.Client, limit_s: float) -> None:
    with wire(drips(HEAD + b"X: ")) as server, ThreadPoolExecutor(24) as pool:
        limits = [limit_s, 2 * limit_s] * 12
        replies = list(pool.map(lambda limit: client.send(Call("GET", server.url), timeout_s=limit), limits))

    assert {reply.error for reply in replies} == {"Timeout"}
    for limit, reply in zip(limits, replies, strict=True):
        assert limit * 1000 - 20 <= reply.duration_ms <= limit * 1000 + 400


def test_deadline_of_a_second_call_on_one_connection_holds(client: http.Client) -> None:
    def talk(conn: socket.socket) -> None:
        hear(conn)
        conn.sendall(OK)
        drips(HEAD)(conn)

    with wire(talk) as server:
        assert client.send(Call("POST", server.url, {})).ok
        reply = client.send(Call("POST", server.url, {}))

        assert (reply.error, server.connections) == ("Timeout", 1)
        assert reply.duration_ms <= (LIMIT_S + 0.5) * 1000


def test_gzip_bomb_is_counted_after_decompression(client: http.Client) -> None:
    bomb = gzip.compress(b"\0" * 50_000_000)
    head = HEAD + f"Content-Encoding: gzip\r\nContent-Length: {len(bomb)}\r\n\r\n".encode()
    with wire(says(head + bomb)) as server:
        reply = client.send(Call("GET", server.url))

    assert (reply.status, reply.error) == (None, "Too large")
    assert reply.duration_ms < 500


def test_long_answer_keeps_its_status_and_its_beginning(client: http.Client) -> None:
    body = b"0123456789" * 30_000
    with wire(says(HEAD + b"Connection: close\r\nContent-Length: 300000\r\n\r\n" + body)) as server:
        reply = client.send(Call("GET", server.url))
        longer = client.send(Call("GET", server.url), keep=200_000)

    assert (reply.status, reply.error, reply.body) == (200, None, body[: http.KEEP_BYTES])
    assert longer.body == body[:200_000]


def test_answer_after_a_refused_upload_is_read(client: http.Client) -> None:
    def talk(conn: socket.socket) -> None:
        conn.recv(1000)
        conn.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        conn.shutdown(socket.SHUT_WR)
        while conn.recv(65536):
            pass

    with wire(talk) as server:
        reply = client.send(Call("POST", server.url, {"a": "x" * 3_000_000}))

    assert reply.status == 413


def test_calls_share_connections(client: http.Client) -> None:
    with wire(keeps_alive) as server:
        assert all(client.send(Call("POST", server.url, {"n": n})).ok for n in range(50))
        assert server.connections == 1


def test_a_cut_body_is_not_taken_for_the_next_answer(client: http.Client) -> None:
    def talk(conn: socket.socket) -> None:
        while hear(conn):
            conn.sendall(HEAD + b"Content-Length: 2000000\r\n\r\n" + b"x" * 2_000_000)

    with wire(talk) as server:
        assert [client.send(Call("GET", server.url)).error for _ in range(3)] == ["Too large"] * 3
        assert server.connections == 3


@pytest.mark.parametrize(
    "first", [b"HTTP/1.1 103 Early Hints\r\n\r\n", b"HTTP/1.1 204 None\r\nContent-Length: 9\r\n\r\n"]
)
def test_an_answer_after_which_more_comes_is_not_followed_by_the_next_call(client: http.Client, first: bytes) -> None:
    def talk(conn: socket.socket) -> None:
        while hear(conn):
            conn.sendall(first)

    with wire(talk) as server:
        for _ in range(3):
            client.send(Call("POST", server.url, {}))
        assert server.connections == 3


def test_connection_that_the_server_closed_costs_no_attempt(client: http.Client) -> None:
    with wire(says(OK)) as server:
        replies = []
        for _ in range(5):
            replies.append(client.send(Call("POST", server.url, {})))
            time.sleep(0.02)

    assert all(reply.ok for reply in replies)


class ShutsTheDoor(str):
    """A header value that acts when written: the pooled connection was found alive, and no byte has left."""

    act: Callable[[], None]

    def encode(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:
        self.act()
        time.sleep(0.05)
        return super().encode(encoding, errors)


@pytest.mark.parametrize("idle", [1, 3])
def test_close_that_crosses_the_next_call_on_the_wire_costs_no_attempt(client: http.Client, idle: int) -> None:
    heard = []
    together = threading.Barrier(idle)

    def talk(conn: socket.socket) -> None:
        while request := hear(conn):
            heard.append(request)
            if len(heard) <= idle:
                together.wait(5)
            conn.sendall(OK)

    with wire(talk) as server, ThreadPoolExecutor(idle) as pool:
        list(pool.map(lambda _: client.send(Call("POST", server.url, {})), range(idle)))
        door = ShutsTheDoor("1")
        door.act = lambda: server.hang_up(idle)
        reply = client.send(Call("POST", server.url, {"n": 1}, {"X-Door": door}))

        assert (reply.status, reply.error) == (200, None)
        assert server.connections == idle + 1
    assert len(heard) == idle + 1


@pytest.mark.parametrize("end", [lambda conn: None, reset])
def test_call_that_was_heard_and_not_answered_is_not_sent_again(client: http.Client, end: Any) -> None:
    heard = []

    def talk(conn: socket.socket) -> None:
        for number in itertools.count():
            heard.append(hear(conn))
            if number:
                end(conn)
                return
            conn.sendall(OK)

    with wire(talk) as server:
        assert client.send(Call("POST", server.url, {})).ok
        reply = client.send(Call("POST", server.url, {}))

        assert (reply.status, reply.error) == (None, "Connection failed")
    assert len(heard) == 2


def test_kernel_tells_whether_anything_arrived() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        ours = socket.create_connection(listener.getsockname())
        theirs, _ = listener.accept()
        before = acked_bytes(ours)
        ours.sendall(b"heard")
        theirs.recv(5)
        time.sleep(0.1)
        heard = acked_bytes(ours)
        theirs.close()
        ours.sendall(b"too late")
        time.sleep(0.1)

    assert before is not None
    assert heard == before + 5
    assert acked_bytes(ours) == heard
    ours.close()


def test_environment_proxies_and_cookies_play_no_part(client: http.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[bytes] = []

    def talk(conn: socket.socket) -> None:
        for _ in range(2):
            heard.append(hear(conn))
            conn.sendall(b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nContent-Length: 2\r\n\r\nok")

    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with wire(talk) as server:
        assert client.send(Call("GET", server.url)).ok
        assert client.send(Call("GET", server.url)).ok

    assert heard[0].startswith(b"GET /path?")
    assert b"cookie" not in heard[1].lower()


def test_cut_ends_every_call_in_hand_and_every_later_one() -> None:
    client = http.Client(timeout_s=20)
    listener, waiting = full_backlog()
    never = f"http://127.0.0.1:{listener.getsockname()[1]}/"
    with wire(drips(HEAD + b"Content-Length: 900\r\n\r\n")) as server, ThreadPoolExecutor(32) as pool:
        futures = [pool.submit(client.send, Call("POST", server.url, {})) for _ in range(28)]
        futures += [pool.submit(client.send, Call("POST", never, {})) for _ in range(4)]
        time.sleep(0.4)
        started = time.monotonic()
        client.cut()
        replies = [future.result(5) for future in futures]
        assert time.monotonic() - started < 0.5
        before = server.connections
        later = client.send(Call("POST", server.url, {}))

        assert server.connections == before
    assert {(reply.status, reply.error) for reply in [*replies, later]} == {(None, "Cut by shutdown")}
    for sock in (listener, *waiting):
        sock.close()


def test_no_error_carries_the_address(client: http.Client) -> None:
    for talk in (resets, hangs, says(b"SECRET access_token\r\n")):
        with wire(talk) as server:
            error = client.send(Call("POST", server.url, {})).error

        assert error
        assert "SECRET" not in error
        assert "127.0.0.1" not in error


def self_signed(folder: Path) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    start = datetime.now(UTC) - timedelta(days=1)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, start, start + timedelta(days=9))
    names = x509.SubjectAlternativeName([x509.DNSName("localhost")])
    certificate = builder.add_extension(names, critical=False).sign(key, hashes.SHA256())
    pem = serialization.Encoding.PEM
    (folder / "pem").write_bytes(
        certificate.public_bytes(pem)
        + key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "pem")
    return context


def test_unknown_certificate_is_refused_before_anything_is_said(client: http.Client, tmp_path: Path) -> None:
    context = self_signed(tmp_path)
    heard = []

    def talk(conn: socket.socket) -> None:
        with context.wrap_socket(conn, server_side=True) as tls:
            heard.append(tls.recv(100))

    with wire(talk) as server:
        reply = client.send(Call("POST", f"https://localhost:{server.port}/", {}))

    assert (reply.status, reply.error, heard) == (None, "Connection failed", [])


def test_tls_server_that_stalls_in_its_handshake_ends_at_the_deadline(client: http.Client) -> None:
    with wire(lambda conn: time.sleep(3)) as server:
        reply = client.send(Call("POST", f"https://localhost:{server.port}/", {}))

    assert (reply.status, reply.error) == (None, "Timeout")
    assert reply.duration_ms <= (LIMIT_S + 0.5) * 1000


def test_64_threads_share_one_client(client: http.Client) -> None:
    with wire(keeps_alive) as server, ThreadPoolExecutor(64) as pool:
        replies = list(pool.map(lambda n: client.send(Call("POST", server.url, {"n": n}), timeout_s=10), range(1000)))

        assert server.connections <= 64
    assert Counter(reply.status for reply in replies) == {200: 1000}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"a": [1, True, None], "b": "é\u2028"}, '{"a":[1,true,null],"b":"é\u2028"}'),
        ({"q": '"\\\n\x07\x7f'}, '{"q":"\\"\\\\\\n\\u0007\x7f"}'),
        ({"half": "\ud800"}, '{"half":"\\ud800"}'),
    ],
)
def test_json_is_what_javascript_would_print(value: Any, text: str) -> None:
    assert http.encode(value) == text.encode()


def test_wire_can_be_replaced_by_requests_mock(client: http.Client) -> None:
    with requests_mock.Mocker() as web:
        web.post("https://graph.facebook.com/v25.0/1/events", json={"events_received": 1})
        reply = client.send(Call("POST", "https://graph.facebook.com/v25.0/1/events", {"data": []}))

        assert reply.json() == {"events_received": 1}
        assert web.last_request.json() == {"data": []}
        web.post("https://graph.facebook.com/v25.0/1/events", exc=requests.ConnectTimeout)
        assert client.send(Call("POST", "https://graph.facebook.com/v25.0/1/events", {})).error == "Timeout"


def test_version_is_that_of_the_project() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())
    assert project["project"]["version"] == http.VERSION
