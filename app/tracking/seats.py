"""How many threads of this process may read bodies and wait for verdicts, so that images always find one."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from app.core.errors import Unavailable

SPARE_THREADS = 8  # always free for images, pages and what answers at once


class Seats:
    """Two counters that never block: at most half of the threads wait, and some are free of reading and waiting. With
    few threads fewer are spared, or those that wait would leave none to read a body."""

    def __init__(self, threads: int) -> None:
        self._busy = threading.BoundedSemaphore(max(1, threads - min(SPARE_THREADS, threads // 4)))
        self._waiting = threading.BoundedSemaphore(max(1, threads // 2))

    @contextmanager
    def reading(self) -> Iterator[None]:
        """While a body is read. Raises Unavailable when too many are."""
        if not self._busy.acquire(blocking=False):
            raise Unavailable(1)
        try:
            yield
        finally:
            self._busy.release()

    def take(self) -> bool:
        """A seat to wait in, to be given back by `leave`; False when there is none."""
        if not self._waiting.acquire(blocking=False):
            return False
        if not self._busy.acquire(blocking=False):
            self._waiting.release()
            return False
        return True

    def leave(self) -> None:
        self._busy.release()
        self._waiting.release()
