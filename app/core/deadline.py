"""A wall-clock limit on outgoing calls: one thread shuts down the sockets of those that pass it."""

from __future__ import annotations

import contextlib
import math
import socket
import struct
import threading

from app.core import clock

TIMEOUT = "Timeout"
IDLE_S = 5.0  # without calls for this long, the watching thread ends; the next call starts another
BYTES_ACKED = 120  # where Linux's struct tcp_info has tcpi_bytes_acked, a u64


class Watch:
    """One call in hand: its limit, its socket, and why it was ended (None while it was not)."""

    __slots__ = ("_acked", "_lock", "_socket", "at", "ended", "never_arrived")

    def __init__(self, at: float, lock: threading.Condition) -> None:
        self.at = at
        self.ended: str | None = None
        self.never_arrived = False  # of a call that failed on a reused connection: the peer confirmed no byte of it
        self._lock = lock
        self._socket: socket.socket | None = None
        self._acked: int | None = None  # at the start of a call on a reused connection

    @property
    def left_s(self) -> float:
        return self.at - clock.monotonic()

    def hold(self, sock: socket.socket, reuses: bool) -> None:
        """Borrows the call's socket, to end it; whoever closes it takes it back first (`let_go`), so that ending can
        never hit a number that another connection has since been given. Raises TimeoutError when the call was ended
        already."""
        with self._lock:
            self._socket = sock
            self._acked = acked_bytes(sock) if reuses else None
            self.never_arrived = False
            if self.ended:
                raise TimeoutError

    def let_go(self) -> None:
        """Of a call that failed, before its socket is closed. Notes whether the peer's kernel confirmed not one byte of
        what was written to a reused connection. After an orderly close that is proof (the closing packet confirms all
        that was received); after a reset it is not."""
        with self._lock:
            if self._acked is not None and self._socket is not None:
                self.never_arrived = acked_bytes(self._socket) == self._acked
            self._socket = None

    def end(self, reason: str) -> None:
        """Wakes whatever the call is blocked in. The caller holds the lock."""
        self.ended = reason
        if self._socket is not None:
            with contextlib.suppress(OSError):  # not connected any more
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)  # of a TLS one too, whose own forgets its state


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

    def shorten(self, watch: Watch, limit_s: float) -> None:
        """Ends the call at most so many seconds from now."""
        with self._changed:
            watch.at = min(watch.at, clock.monotonic() + limit_s)
            if watch.at < self._next_look:
                self._changed.notify()

    def finish(self, watch: Watch) -> None:
        with self._changed:
            self._open.discard(watch)
            watch._socket = None

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
