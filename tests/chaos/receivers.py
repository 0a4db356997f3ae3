"""A receiver on loopback that misbehaves in every way: the first part of the path chooses how."""

from __future__ import annotations

import gzip
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.core.wire import hear, reset

Talk = Callable[[socket.socket, threading.Event], None]  # the connection, and what ends the test
GOOD = b'{"result":1,"events_received":1}'  # both platforms' yes
PIECE = b"x" * 65536
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n"
REDIRECTED = "/200/redirected"
CHUNK = b"4000\r\n" + b"x" * 0x4000 + b"\r\n"
BOMB = gzip.compress(b'{"result":1,' + b" " * 30_000_000)


def answer(status: int, body: bytes = b"", *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status} Words", f"Content-Length: {len(body)}", "Connection: close", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def says(*pieces: bytes) -> Talk:
    def talk(conn: socket.socket, _end: threading.Event) -> None:
        for piece in pieces:
            conn.sendall(piece)

    return talk


def then(first: bytes, ending: Talk) -> Talk:
    """Some bytes, then something else."""

    def talk(conn: socket.socket, end: threading.Event) -> None:
        conn.sendall(first)
        ending(conn, end)

    return talk


def hangs(_conn: socket.socket, end: threading.Event) -> None:
    end.wait(30)


def resets(conn: socket.socket, _end: threading.Event) -> None:
    reset(conn)


def resets_later(conn: socket.socket, end: threading.Event) -> None:
    end.wait(0.3)
    reset(conn)


def repeats(piece: bytes, count: int = 10**9) -> Talk:
    """The same piece, until the other side has enough."""

    def talk(conn: socket.socket, end: threading.Event) -> None:
        for _ in range(count):
            if end.is_set():
                return
            conn.sendall(piece)

    return talk


def _in_s(seconds: float) -> str:
    return format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)


def asks_for_a_date(conn: socket.socket, _end: threading.Event) -> None:
    conn.sendall(answer(429, b"", f"Retry-After: {_in_s(120)}"))


HTML = b"<html><body>Welcome</body></html>"
TALKS: dict[str, Talk] = {
    "200": says(answer(200, GOOD)),
    "200-text": says(answer(200, GOOD, "Content-Type: image/png")),
    "200-html": says(answer(200, HTML, "Content-Type: text/html")),
    "200-empty": says(answer(200)),
    "204": says(answer(204)),
    "301": says(answer(301, b"", f"Location: {REDIRECTED}")),
    "400": says(answer(400, b"no")),
    "400-json": says(answer(400, b'{"result":0,"error":{"code":100,"message":"Bad parameter"}}')),
    "401": says(answer(401, b"no")),
    "404": says(answer(404, b"no")),
    "408": says(answer(408)),
    "410": says(answer(410, b"gone")),
    "413": says(answer(413)),
    "429": says(answer(429, b"", "Retry-After: 7")),
    "429-bare": says(answer(429)),
    "429-date": asks_for_a_date,
    "429-past": says(answer(429, b"", "Retry-After: Thu, 01 Jan 1970 00:00:00 GMT")),
    "429-absurd": says(answer(429, b"", "Retry-After: 99999999999999999999")),
    "429-years": says(answer(429, b"", "Retry-After: 999999999")),
    "429-words": says(answer(429, b"", "Retry-After: soon")),
    "500": says(answer(500, b"oops")),
    "503": says(answer(503, b"", "Retry-After: 90")),
    "hang": hangs,
    "hang-in-head": then(HEAD + b"X-Slow: ", hangs),
    "hang-in-body": then(HEAD + b"Content-Length: 500\r\n\r\n{", hangs),
    "reset": resets,
    "reset-in-body": then(HEAD + b"Content-Length: 500\r\n\r\n{", resets_later),
    "reset-after-200": then(answer(200, GOOD), resets_later),
    "closes": says(),
    "too-short": says(HEAD + b"Content-Length: 500\r\n\r\n" + GOOD),
    "too-long": says(HEAD + b"Content-Length: 32\r\n\r\n" + GOOD + b"HTTP/1.1 500 Lies\r\n\r\n"),
    "two-lengths": says(HEAD + b"Content-Length: 5\r\nContent-Length: 32\r\n\r\n" + GOOD),
    "chunks-without-end": then(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", repeats(CHUNK)),
    "bad-chunks": says(HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nno\r\n"),
    "gzip-bomb": says(HEAD + f"Content-Encoding: gzip\r\nContent-Length: {len(BOMB)}\r\n\r\n".encode(), BOMB),
    "no-gzip": says(answer(200, GOOD, "Content-Encoding: gzip")),
    "1-gb": then(HEAD + b"Content-Length: 1073741824\r\n\r\n", repeats(PIECE, 16384)),
    "headers-without-end": then(HEAD, repeats(b"X-A: b\r\n" * 512)),
    "http-0.9": says(GOOD),
    "noise": says(bytes(range(256)) * 8),
}  # fmt: skip


class Sink:
    """`url("429")` is the address of a receiver that answers so. Plain, or behind the TLS of `context`."""

    def __init__(self, context: ssl.SSLContext | None = None, talks: Mapping[str, Talk] = TALKS) -> None:
        self._context = context
        self._talks = talks
        self.connections = 0
        self._ended = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port: int = self._listener.getsockname()[1]
        self.heard: list[str] = []  # the path of every request that came through
        threading.Thread(target=self._serve, daemon=True).start()

    def url(self, name: str) -> str:
        return f"{'https' if self._context else 'http'}://127.0.0.1:{self.port}/{name}"

    def close(self) -> None:
        self._ended.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while not self._ended.is_set():
                conn, _ = self._listener.accept()
                self.connections += 1
                threading.Thread(target=self._one, args=(conn,), daemon=True).start()

    def _one(self, conn: socket.socket) -> None:
        with suppress(OSError):
            if self._context:
                conn = self._context.wrap_socket(conn, server_side=True)
            request = hear(conn)
            if request:
                path = request.split(b" ", 2)[1].decode()
                self.heard.append(path)
                self._talks[path.split("/")[1]](conn, self._ended)
        with suppress(OSError):
            conn.close()


@contextmanager
def sink(context: ssl.SSLContext | None = None, talks: Mapping[str, Talk] = TALKS) -> Iterator[Sink]:
    server = Sink(context, talks)
    try:
        yield server
    finally:
        server.close()


@contextmanager
def never_accepts() -> Iterator[str]:
    """The address of a listener whose queue is full."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=0)
    waiting = []
    for _ in range(4):
        sock = socket.socket()
        sock.setblocking(False)
        sock.connect_ex(listener.getsockname())
        waiting.append(sock)
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/200"
    finally:
        for sock in (*waiting, listener):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            sock.close()


class Authority:
    """A certificate authority of the test's own; `file` holds its root."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Chaos")])
        self.file = folder / "root.pem"
        root = self._signed(self._name, self._key.public_key(), self._key, is_root=True)
        self.file.write_bytes(root.public_bytes(serialization.Encoding.PEM))

    def context(self, *, address: str = "127.0.0.1", ended: bool = False, own: bool = False) -> ssl.SSLContext:
        """For a server: valid, or for another host, or run out, or signed by nobody but itself."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, address)])
        made = self._signed(name, key.public_key(), key if own else self._key, address=address, ended=ended, own=own)
        pem = serialization.Encoding.PEM
        file = self._folder / f"{address}-{ended}-{own}.pem"
        plain = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        file.write_bytes(made.public_bytes(pem) + plain)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context

    def _signed(
        self, name: x509.Name, public: ec.EllipticCurvePublicKey, by: ec.EllipticCurvePrivateKey, *,
        address: str | None = None, ended: bool = False, own: bool = False, is_root: bool = False,
    ) -> x509.Certificate:  # fmt: skip
        start = datetime.now(UTC) - timedelta(days=9)
        end = start + timedelta(days=1 if ended else 30)
        issuer = name if own or is_root else self._name
        builder = x509.CertificateBuilder(issuer, name, public, x509.random_serial_number(), start, end)
        builder = builder.add_extension(x509.BasicConstraints(ca=is_root, path_length=None), critical=True)
        if address:
            names = x509.SubjectAlternativeName([x509.IPAddress(ip_address(address))])
            builder = builder.add_extension(names, critical=False)
        return builder.sign(by, hashes.SHA256())
