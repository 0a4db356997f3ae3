"""Ranks: one more between any two, and short again when they grew long."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.funnels import ranks


@given(st.lists(st.integers(0, 30), max_size=60))
def test_there_is_a_rank_at_every_place(places: list[int]) -> None:
    order: list[str] = []
    for place in places:
        at = min(place, len(order))
        order.insert(at, ranks.between(order[at - 1] if at else None, order[at] if at < len(order) else None))
    assert order == sorted(set(order))


def test_many_ranks_fit_between_two() -> None:
    found = ranks.some_between("a0", "a1", 500)
    assert ["a0", *found, "a1"] == sorted({"a0", *found, "a1"})
    assert max(map(len, found)) < 6
