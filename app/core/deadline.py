"""A wall-clock limit on outgoing calls: one thread shuts down the sockets of those that pass it."""

from __future__ import annotations

import contextlib
import math
import os
import socket
import struct
import threading

from app.core import clock

TIMEOUT = "Timeout"
IDLE_S = 5.0  # without calls for this long, the watching thread ends; the next call starts another
BYTES_ACKED = 120  # where Linux's struct tcp_info has tcpi_bytes_acked, a u64


class Watch:
    """One call in hand: its limit, its socket, and why it was ended (None while it was not)."""

    __slots__ = ("_acked", "_lock", "_socket", "at", "ended", "reuses")

    def __init__(self, at: float, lock: threading.Condition) -> None:
        self.at = at
        self.ended: str | None = None
        self.reuses = False  # the call went out on a connection that an earlier call had opened
        self._lock = lock
        self._socket: socket.socket | None = None
        self._acked: int | None = None

    @property
    def left_s(self) -> float:
        return self.at - clock.monotonic()

    def hold(self, sock: socket.socket, reuses: bool) -> None:
        """Takes a duplicate of the call's socket (a TLS one too), so that ending it can never hit a number that
        another connection has since been given. Raises TimeoutError when the call was ended already."""
        own = socket.socket(sock.family, sock.type, sock.proto, fileno=os.dup(sock.fileno()))
        with self._lock:
            self._release()
            self._socket = own
            self.reuses = reuses
            self._acked = acked_bytes(own) if reuses else None
            if self.ended:
                raise TimeoutError

    def never_arrived(self) -> bool:
        """True when the peer's kernel confirmed not one byte of what was written to a reused connection. After an
        orderly close this is proof (the closing packet confirms all that was received); after a reset it is not."""
        with self._lock:
            return self.reuses and self._acked is not None and acked_bytes(self._socket) == self._acked

    def end(self, reason: str) -> None:
        """Wakes whatever the call is blocked in. The caller holds the lock."""
        self.ended = reason
        if self._socket is not None:
            with contextlib.suppress(OSError):  # not connected any more
                self._socket.shutdown(socket.SHUT_RDWR)

    def _release(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None


class Deadlines:
    """The calls in hand of one client. Thread-safe; its thread exists only while there are calls."""

    def __init__(self) -> None:
        self._changed = threading.Condition(threading.Lock())
        self._open: set[Watch] = set()
        self._next_look = math.inf
        self._runs = False
        self._closed: str | None = None

    def start(self, limit_s: float) -> Watch:
        watch = Watch(clock.monotonic() + limit_s, self._changed)
        with self._changed:
            watch.ended = self._closed
            self._open.add(watch)
            if not self._runs:
                self._runs = True
                threading.Thread(target=self._look, name="deadlines", daemon=True).start()
            elif watch.at < self._next_look:
                self._changed.notify()
        return watch

    def finish(self, watch: Watch) -> None:
        with self._changed:
            self._open.discard(watch)
            watch._release()

    def cut(self, reason: str) -> None:
        """Ends every call in hand and, from the start, every later one."""
        with self._changed:
            self._closed = reason
            for watch in self._open:
                watch.end(reason)

    def _look(self) -> None:
        with self._changed:
            while True:
                now = clock.monotonic()
                for watch in self._open:
                    if watch.at <= now and not watch.ended:
                        watch.end(TIMEOUT)
                self._next_look = min((watch.at for watch in self._open if not watch.ended), default=now + IDLE_S)
                woken = self._changed.wait(self._next_look - now)
                if not woken and not self._open:
                    self._runs, self._next_look = False, math.inf
                    return


def acked_bytes(sock: socket.socket | None) -> int | None:
    """How many bytes the peer's kernel has confirmed on this connection; None where the system does not tell."""
    if sock is None or not hasattr(socket, "TCP_INFO"):
        return None
    try:
        return int(struct.unpack_from("Q", sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 128), BYTES_ACKED)[0])
    except (OSError, struct.error):
        return None
