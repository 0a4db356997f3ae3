"""How many rows one write transaction changes: as many as fit into its time, whatever others do about each."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

Item = TypeVar("Item")

AIM_S = 0.012  # of the 20 ms that a write transaction may take: the commit comes on top
FIRST, LEAST, MOST = 10, 3, 100  # with fewer than 3 most of the time goes into the transaction itself


class Pace:
    """`size` of the next part, learned from those before."""

    def __init__(self) -> None:
        self.size = FIRST

    def parts(self, whole: list[Item]) -> Iterator[list[Item]]:
        """All of them, each part as long as was learned by then."""
        while whole:
            part, whole = whole[: self.size], whole[self.size :]
            yield part

    @contextmanager
    def timed(self, number: int) -> Iterator[None]:
        """Around what is done with so many. By the time of this thread alone: what others take of the machine would
        lead to ever smaller parts, which help nobody."""
        began = time.thread_time()
        yield
        fitting = int(number * AIM_S / max(time.thread_time() - began, 1e-6))
        self.size = max(LEAST, min(fitting, 2 * self.size, MOST))  # one quick part says little: not at once to the most
