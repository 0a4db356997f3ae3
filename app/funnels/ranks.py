"""The order of cards in a stage: text ranks, of which there is always one more between any two."""

from __future__ import annotations

from fractional_indexing import generate_key_between, generate_n_keys_between

LONG = 100  # a rank past this is spread out anew with its neighbours; a column holds 255


def between(above: str | None, below: str | None) -> str:
    """A rank below `above` (None: the top) and above `below` (None: the bottom)."""
    return str(generate_key_between(above, below))


def some_between(above: str | None, below: str | None, number: int) -> list[str]:
    """`number` ranks between the two, in their order."""
    return [str(rank) for rank in generate_n_keys_between(above, below, number)]
