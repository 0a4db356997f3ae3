"""Points at which a test may kill the process; nothing at all unless the operator's environment asks for it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

VARIABLE = "KALITRACK_FAULT"
EXIT_CODE = 9


def _pass(_name: str) -> None:
    """What every call is in real life."""


def armed_by(folder: Path) -> Callable[[str], None]:
    """A `point` that ends this process, without a farewell, at the point whose name is that of a file in `folder`.
    The file goes first: each one kills exactly one process, however many pass there, and the restarted one goes on."""

    def point(name: str) -> None:
        try:
            (folder / name).unlink()
        except FileNotFoundError:
            return
        os._exit(EXIT_CODE)

    return point


# `faults.point(name)` marks a place between two steps of the delivery cycle: a test aid for tests/chaos, which
# only an operator can arm, by the environment variable KALITRACK_FAULT (a folder), and no request, setting or row.
point: Callable[[str], None] = armed_by(Path(os.environ[VARIABLE])) if os.environ.get(VARIABLE) else _pass
