"""Pooled connections that lend their sockets to the watch of the call they carry."""

from __future__ import annotations

import select
import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from http.client import HTTPException, HTTPResponse, IncompleteRead
from typing import Any, NamedTuple

from app.core import clock
from app.core.deadline import Watch
from app.core.guard import NotAllowed, is_allowed

CONNECT_TIMEOUT_S = 5.0
IDLE_LIMIT_S = 20.0  # an idle connection older than this is not trusted: a firewall may have forgotten it silently


class Place(NamedTuple):
    """Where a connection leads. A guarded one was vetted when it was opened, and carries guarded calls alone."""

    host: str
    port: int
    is_tls: bool
    is_guarded: bool = False


class Connection:
    """Carries one call at a time. Its socket blocks without a limit of its own: the watch ends it."""

    def __init__(self, place: Place, roots: ssl.SSLContext, watch: Watch, allows: Callable[[str], bool]) -> None:
        self.place = place
        self.idle_since = 0.0
        self._sock = open_socket(place.host, place.port, watch, allows if place.is_guarded else None)
        try:
            if place.is_tls:
                self._sock = self._wrapped(roots, watch)
            self._sock.settimeout(None)
        except BaseException:
            self.close(watch)
            raise
        self._ear = select.poll()
        self._ear.register(self._sock, select.POLLIN)

    def _wrapped(self, roots: ssl.SSLContext, watch: Watch) -> ssl.SSLSocket:
        tls = roots.wrap_socket(self._sock, server_hostname=self.place.host, do_handshake_on_connect=False)
        self._sock = tls
        watch.hold(tls, reuses=False)
        tls.settimeout(max(watch.left_s, 0.001))
        tls.do_handshake()
        return tls

    @property
    def is_quiet(self) -> bool:
        """Whether nothing came since the last answer: what would come is the end of the connection, or out of turn."""
        return clock.monotonic() - self.idle_since <= IDLE_LIMIT_S and not self._ear.poll(0)

    def lend(self, watch: Watch) -> None:
        watch.hold(self._sock, reuses=True)

    def send(self, message: bytes) -> None:
        """In one piece. A server may refuse what is still being sent, and close: then its answer is read."""
        with suppress(BrokenPipeError, ConnectionResetError):
            self._sock.sendall(message)

    def answer(self, method: str) -> Answer:
        answer = Answer(self._sock, method=method)
        answer.begin()
        lengths = answer.headers.get_all("Content-Length") or ()
        if len(set(lengths)) > 1:
            if not self.place.is_guarded:
                raise HTTPException("two lengths")
            answer.will_close = True
        if answer.status < 200 or (answer.status in (204, 304) and any(length != "0" for length in lengths)):
            answer.will_close = True  # more follows, which must not be taken for the next call's answer
        return answer

    def close(self, watch: Watch | None = None) -> None:
        if watch is not None:
            watch.let_go()
        self._sock.close()


class Answer(HTTPResponse):
    """Its connection goes back to the pool by `release_conn`, if it was read to its end; else that ends the connection,
    since the rest of the body must not be taken for the next answer."""

    _is_whole: bool | None = None

    def comes_from(self, connection: Connection, pool: Pool) -> None:
        self._connection, self._pool = connection, pool

    def read(self, amt: int | None = None, decode_content: bool = False) -> bytes:
        """Raises IncompleteRead when the body ends before its length. Decodes nothing, whatever it is asked."""
        piece = super().read(amt)
        if not piece and self.length:
            raise IncompleteRead(b"", self.length)
        return piece

    def close(self) -> None:
        if self._is_whole is None:
            self._is_whole = self.isclosed() and not self.will_close
        super().close()

    def release_conn(self) -> None:
        """Once, when no watch holds the connection any more."""
        self.close()
        if self._is_whole:
            self._pool.give_back(self._connection)
        else:
            self._connection.close()


class Pool:
    """Idle connections, at most `size` in all; the latest one to a place is used first. Safe for any threads."""

    def __init__(self, size: int, roots: ssl.SSLContext, *, allow_private: bool = False) -> None:
        """`allow_private`: whether guarded calls may reach private and loopback addresses."""
        self._size = size
        self._roots = roots
        self._allows = partial(is_allowed, allow_private=allow_private)
        self._lock = threading.Lock()
        self._idle: dict[Place, list[Connection]] = {}
        self._count = 0

    def take(self, place: Place, watch: Watch) -> Connection:
        """An idle connection that is still open, else a new one. Raises OSError when there can be none."""
        while (connection := self._latest(place)) is not None:
            if connection.is_quiet:
                try:
                    connection.lend(watch)
                except TimeoutError:
                    connection.close()
                    raise
                return connection
            connection.close()
        return Connection(place, self._roots, watch, self._allows)

    def give_back(self, connection: Connection) -> None:
        connection.idle_since = clock.monotonic()
        with self._lock:
            self._idle.setdefault(connection.place, []).append(connection)
            self._count += 1
            surplus = self._oldest() if self._count > self._size else None
        if surplus is not None:
            surplus.close()

    def close(self) -> None:
        with self._lock:
            idle = [connection for connections in self._idle.values() for connection in connections]
            self._idle.clear()
            self._count = 0
        for connection in idle:
            connection.close()

    def _latest(self, place: Place) -> Connection | None:
        with self._lock:
            return self._removed(place, -1) if place in self._idle else None

    def _oldest(self) -> Connection:
        return self._removed(min(self._idle, key=lambda place: self._idle[place][0].idle_since), 0)

    def _removed(self, place: Place, index: int) -> Connection:
        connections = self._idle[place]
        connection = connections.pop(index)
        if not connections:
            del self._idle[place]
        self._count -= 1
        return connection


# -- opening ------------------------------------------------------------------------------------------------------


def open_socket(host: str, port: int, watch: Watch, allows: Callable[[str], bool] | None = None) -> socket.socket:
    """A TCP connection that the watch can end; the time left is shared out among the host's addresses. What is dialled
    is an answer that `allows` has seen, since a name may answer otherwise the next time. Raises NotAllowed when it
    refuses any of them: a name that leads inside as well is meant to."""
    give_up = clock.monotonic() + min(CONNECT_TIMEOUT_S, watch.left_s)
    addresses = _look_up(host, port, watch, give_up)
    if allows is not None and not all(allows(address[0]) for *_rest, address in addresses):
        raise NotAllowed
    failure: OSError = ConnectionError()
    for number, (family, kind, protocol, _, address) in enumerate(addresses):
        sock = socket.socket(family, kind, protocol)
        try:
            watch.hold(sock, reuses=False)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.settimeout(max((give_up - clock.monotonic()) / (len(addresses) - number), 0.001))
            sock.connect(address)
            return sock
        except OSError as error:
            watch.let_go()
            sock.close()
            failure = error
    raise failure


def _look_up(host: str, port: int, watch: Watch, give_up: float) -> list[Any]:
    """`getaddrinfo` has no timeout of its own, so a name is looked up by a thread that may be left behind."""
    try:
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except socket.gaierror:
        pass
    found: list[Any] = []
    done = threading.Event()

    def ask() -> None:
        try:
            found.extend(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError):
            pass
        finally:
            done.set()

    threading.Thread(target=ask, name="look-up", daemon=True).start()
    while not done.wait(0.05):
        if watch.ended or clock.monotonic() >= give_up:
            raise TimeoutError
    if not found:
        raise socket.gaierror
    return found
