"""Parts of long work: as many rows as fit into a short transaction."""

from __future__ import annotations

import time

from app.core.pace import FIRST, LEAST, MOST, Pace


def test_a_part_grows_with_quick_ones_and_shrinks_after_a_slow_one() -> None:
    pace, sizes = Pace(), []
    for _ in range(5):
        with pace.timed(pace.size):
            pass
        sizes.append(pace.size)
    assert sizes == [2 * FIRST, 4 * FIRST, 8 * FIRST, MOST, MOST]
    with pace.timed(pace.size):
        spend(0.03)
    assert LEAST < pace.size < MOST
    with pace.timed(1):
        spend(0.03)
    assert pace.size == LEAST


def spend(seconds: float) -> None:
    ends_at = time.thread_time() + seconds
    while time.thread_time() < ends_at:
        pass
