"""How a hot path waits: it yields what it waits for, and whoever runs it (a thread, or the event loop) waits."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from typing import Any, TypeAlias, TypeVar

from app.core.writer import Recorder, Writer

Result = TypeVar("Result")
_here = threading.local()


class Write:
    """`done = yield Write(recorder, item, 2.0)`: True when the item is on disk, False when the time is up first (it may
    or may not be written later). What stopped its transaction is raised at the yield."""

    __slots__ = ("item", "recorder", "timeout_s")

    def __init__(self, recorder: Recorder[Any], item: object, timeout_s: float) -> None:
        self.recorder = recorder
        self.item = item
        self.timeout_s = timeout_s


class Aside:
    """`result = yield Aside(action)`: the action runs where it may block."""

    __slots__ = ("action",)

    def __init__(self, action: Callable[[], Any]) -> None:
        self.action = action


Wait: TypeAlias = Write | Aside
Steps: TypeAlias = Generator[Wait, Any, Result]


class WouldBlock(BaseException):
    """Not an error: what runs on the event loop has to wait for something, and begins anew in a thread. No `except
    Exception` on the way may take it for a fault."""


def forbid_blocking() -> None:
    """From now on this thread is an event loop's: `may_block` raises here."""
    _here.is_loop = True


def may_block() -> None:
    """To be called before a wait that is not yielded (a look-up in the database, a verdict), and before anything was
    done that must not be done twice. Raises WouldBlock on the event loop."""
    if getattr(_here, "is_loop", False):
        raise WouldBlock


def run(steps: Steps[Result], writer: Writer) -> Result:
    """Runs steps to their end in this thread."""
    try:
        wait = next(steps)
        while True:
            try:
                result = _waited(wait, writer)
            except Exception as error:
                wait = steps.throw(error)
            else:
                wait = steps.send(result)
    except StopIteration as end:
        ended: Result = end.value
        return ended


def _waited(wait: Wait, writer: Writer) -> Any:
    if isinstance(wait, Aside):
        return wait.action()
    return writer.submit(wait.recorder, wait.item).wait(wait.timeout_s)
