"""Python's cyclic garbage collector, told what is not worth its time."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

YOUNG = 20_000  # objects more than were freed, before it looks at the young ones; the default is 700


def spare() -> None:
    """To be called once, when a process that lives long has loaded what it is made of. The collector walks over all
    that lives each time a quarter has been added, which a claim of a thousand rows does: it was a third of the cost of
    a delivery. What is there now stays and is not looked at again; young objects are looked at later."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, 10, 10)


@contextmanager
def resting() -> Iterator[None]:
    """While a process loads what it is made of: there is no rubbish yet, and the looking for it is a quarter of a
    start."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
