"""How many cards one write transaction makes: as many as fit into its time, whatever rules do with each."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from app.core import clock

AIM_S = 0.010  # of the 20 ms that a write transaction may take
FIRST, LEAST, MOST = 10, 1, 100


class Pace:
    """`size` of the next part, learned from those before."""

    def __init__(self) -> None:
        self.size = FIRST

    @contextmanager
    def timed(self, number: int) -> Iterator[None]:
        """Around what is done with so many, from when the database is ours."""
        began = clock.monotonic()
        yield
        fitting = int(number * AIM_S / max(clock.monotonic() - began, 1e-6))
        self.size = max(LEAST, min(fitting, 2 * self.size, MOST))  # one quick part says little: not at once to the most
