"""How many threads of this process may read bodies and wait for verdicts, so that images always find one."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import IO, TypeVar

from app.core.errors import Unavailable

T = TypeVar("T")
SPARE_THREADS = 8  # always free for images, pages and what answers at once


class Seats:
    """Two counters that never block, one pair for all requests of a process: at most half of the threads wait, and some
    are free of reading and waiting. With few threads fewer are spared, or those that wait would leave none to read."""

    def __init__(self, threads: int) -> None:
        self._busy = _Counter(max(1, threads - min(SPARE_THREADS, threads // 4)))
        self._waiting = _Counter(max(1, threads // 2))
        self._large = _Counter(max(1, threads // 16))

    def read(self, body: Callable[[], bytes], *, is_large: bool = False) -> bytes:
        """Reads a body. Raises Unavailable when too many are being read; of large ones, some megabytes each, a few."""
        if is_large:
            return self._within(self._large, lambda: self.read(body))
        return self._within(self._busy, body)

    def take_large(self, body: Callable[[], IO[bytes]]) -> IO[bytes]:
        """As `read`, for one that goes to the disk."""
        return self._within(self._large, lambda: self._within(self._busy, body))

    def _within(self, counter: _Counter, body: Callable[[], T]) -> T:
        if not counter.enter():
            raise Unavailable(1)
        try:
            return body()
        finally:
            counter.leave()

    def take(self) -> bool:
        """A seat to wait in, to be given back by `leave`; False when there is none."""
        if not self._waiting.enter():
            return False
        if not self._busy.enter():
            self._waiting.leave()
            return False
        return True

    def leave(self) -> None:
        self._busy.leave()
        self._waiting.leave()


class _Counter:
    """A semaphore that nobody waits for: a tenth of the cost of the library's, once or twice a request."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._inside = 0
        self._lock = threading.Lock()

    def enter(self) -> bool:
        with self._lock:
            if self._inside >= self._limit:
                return False
            self._inside += 1
            return True

    def leave(self) -> None:
        with self._lock:
            self._inside -= 1
