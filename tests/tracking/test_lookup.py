"""What intake remembers of clients and pixels, for how long, and what guessing cannot do to it."""

from __future__ import annotations

from uuid import uuid4

from app.core import clock
from app.core.lookups import MAX_ENTRIES, MISS_S, Table
from app.tracking.lookup import KnownPixel

PIXEL = KnownPixel(uuid4(), uuid4(), "kwai", "1", {}, True, 1)


class Reads:
    """A source that counts how often it is asked."""

    def __init__(self, found: KnownPixel | None) -> None:
        self.found = found
        self.count = 0

    def __call__(self) -> KnownPixel | None:
        self.count += 1
        return self.found


def waits(seconds: float) -> None:
    until = clock.monotonic() + seconds
    while clock.monotonic() < until:
        pass


def test_a_find_stays_and_is_read_again_only_when_a_fresh_one_is_asked_for() -> None:
    table: Table[KnownPixel] = Table()
    reads = Reads(PIXEL)
    for fresh in (False, False, True):
        assert table.get("a", fresh, reads) is PIXEL
    assert reads.count == 1  # a second has not passed
    waits(MISS_S)
    assert (table.get("a", False, reads), reads.count) == (PIXEL, 1)
    assert (table.get("a", True, reads), reads.count) == (PIXEL, 2)


def test_a_miss_stays_for_a_second() -> None:
    table: Table[KnownPixel] = Table()
    reads = Reads(None)
    for fresh in (False, True, False):
        assert table.get("a", fresh, reads) is None
    assert reads.count == 1
    waits(MISS_S)
    reads.found = PIXEL
    assert table.get("a", False, reads) is PIXEL


def test_what_is_gone_is_forgotten_by_a_fresh_look() -> None:
    table: Table[KnownPixel] = Table()
    table.get("a", False, Reads(PIXEL))
    waits(MISS_S)
    assert table.get("a", True, Reads(None)) is None
    assert table.get("a", False, Reads(PIXEL)) is None  # the miss is remembered


def test_guessing_evicts_nobody_and_fills_nothing() -> None:
    table: Table[KnownPixel] = Table()
    table.get("known", False, Reads(PIXEL))
    for number in range(MAX_ENTRIES + 10):
        table.get(number, False, Reads(None))
    assert table.get("known", False, Reads(None)) is PIXEL
    assert len(table._missed) <= MAX_ENTRIES


def test_what_was_read_before_a_clear_is_not_kept() -> None:
    table: Table[KnownPixel] = Table()

    def read_while_it_changes() -> KnownPixel:
        table.clear()
        return PIXEL

    assert table.get("a", False, read_while_it_changes) is PIXEL
    newer = Reads(None)
    assert (table.get("a", False, newer), newer.count) == (None, 1)
