"""What the 409 of a stale version carries: the object as it is now, in the form of every other answer about it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from pydantic import BaseModel

from app.core.errors import Conflict

Model = TypeVar("Model")


@contextmanager
def presenting(kind: type[Model], shown: Callable[[Model], BaseModel]) -> Iterator[None]:
    """Around `write()`, so that the object is read again after the transaction that failed: a Conflict about a `kind`
    goes on with what `shown` makes of it."""
    try:
        yield
    except Conflict as error:
        if isinstance(error.current, kind):
            error.current = shown(error.current)
        raise
