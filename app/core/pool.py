"""Pooled connections that lend their sockets to the watch of the call they carry."""

from __future__ import annotations

import socket
import threading
from typing import Any

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from app.core import clock
from app.core.deadline import Watch

CONNECT_TIMEOUT_S = 5.0
IDLE_LIMIT_S = 20.0  # an idle connection older than this is not trusted: a firewall may have forgotten it silently

current = threading.local()  # .watch: that of the call this thread is in


def _connect(host: str, port: int, options: Any, watch: Watch) -> socket.socket:
    """A TCP connection that the watch can end; the time left is shared out among the host's addresses."""
    give_up = clock.monotonic() + min(CONNECT_TIMEOUT_S, watch.left_s)
    addresses = _look_up(host, port, watch, give_up)
    failure: OSError = ConnectionError()
    for number, (family, kind, protocol, _, address) in enumerate(addresses):
        sock = socket.socket(family, kind, protocol)
        try:
            watch.hold(sock, reuses=False)
            for option in options or ():
                sock.setsockopt(*option)
            sock.settimeout(max((give_up - clock.monotonic()) / (len(addresses) - number), 0.001))
            sock.connect(address)
            sock.settimeout(max(watch.left_s, 0.001))
            return sock
        except OSError as error:
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


class _Watched(HTTPConnection):
    """A connection that lends its socket to the watch of the call it carries."""

    idle_since = 0.0

    def _new_conn(self) -> socket.socket:
        self.opened_for = current.watch
        try:
            return _connect(self._dns_host, self.port, self.socket_options, current.watch)
        except TimeoutError:
            raise ConnectTimeoutError(self) from None
        except OSError:  # as it is, urllib3 would take a reset for an early answer
            raise NewConnectionError(self, "") from None

    def request(self, *args: Any, **options: Any) -> None:
        if self.sock is not None and getattr(self, "opened_for", None) is not current.watch:
            current.watch.hold(self.sock, reuses=True)
        super().request(*args, **options)


class _WatchedTls(_Watched, HTTPSConnection):
    pass


class Pool(HTTPConnectionPool):
    ConnectionCls = _Watched

    def _get_conn(self, timeout: float | None = None) -> Any:
        connection: Any = super()._get_conn(timeout)
        if connection.sock is not None and clock.monotonic() - connection.idle_since > IDLE_LIMIT_S:
            connection.close()
        return connection

    def _put_conn(self, conn: Any) -> None:
        if conn is not None:
            conn.idle_since = clock.monotonic()
        super()._put_conn(conn)


class TlsPool(Pool, HTTPSConnectionPool):
    ConnectionCls = _WatchedTls
