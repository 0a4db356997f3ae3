"""What a process remembers of the database: found things until somebody clears them, missing ones for a second."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from app.core import clock
from app.core.steps import may_block

MAX_ENTRIES = 10_000
MISS_S = 1.0  # how long a refusal may rest on what was read before: it never reaches the writer, who would notice

Known = TypeVar("Known")


class Table(Generic[Known]):
    """What was found stays until somebody clears the table; what was not, apart (so that guessing evicts nobody) and
    for a second."""

    def __init__(self) -> None:
        self._found: dict[Hashable, tuple[Known, float]] = {}
        self._before: dict[Hashable, tuple[Known, float]] = {}  # what the last clearing took
        self._missed: dict[Hashable, float] = {}
        self._epoch = 0

    def clear(self) -> None:
        self._epoch += 1
        if self._found:
            self._before = self._found
        self._found = {}
        self._missed.clear()

    def get(self, key: Hashable, fresh: bool, read: Callable[[], Known | None]) -> Known | None:
        """`fresh` reads again what is older than a second. Raises WouldBlock where nobody may wait for the database."""
        now = clock.monotonic()
        entry = self._found.get(key)
        if entry is not None and (not fresh or now - entry[1] < MISS_S):
            return entry[0]
        if entry is None and now - self._missed.get(key, -MISS_S) < MISS_S:
            return None
        may_block()
        epoch = self._epoch
        found = read()
        if epoch == self._epoch:  # else what was read may be from before the change that cleared the table
            self._keep(key, found, now)
        return found

    def peek(self, key: Hashable) -> Known | None:
        """What is remembered, without reading."""
        entry = self._found.get(key)
        return None if entry is None else entry[0]

    def recall(self, key: Hashable) -> Known | None:
        """The same, or what it was before the last clearing: for when the database is away, which a clearing often goes
        together with (Valkey comes back too, and nobody knows what was told meanwhile)."""
        entry = self._found.get(key) or self._before.get(key)
        return None if entry is None else entry[0]

    def _keep(self, key: Hashable, found: Known | None, now: float) -> None:
        for table in (self._found, self._missed):
            if len(table) >= MAX_ENTRIES:
                table.clear()
        if found is None:
            self._found.pop(key, None)
            self._missed[key] = now
        else:
            self._found[key] = (found, now)
        self._before.pop(key, None)
