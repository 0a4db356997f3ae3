"""The one clock: UTC wall time for what is stored, a monotonic one for deadlines."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

VARIABLE = "KALITRACK_CLOCK"
READ_EVERY_S = 0.02

_shift = timedelta()


def _now() -> datetime:
    """The current time, aware, UTC."""
    return datetime.now(UTC) + _shift


def set_by(file: Path) -> Callable[[], datetime]:
    """A `now` that is wrong by the seconds written in `file` (none while there is no such file), which may change."""
    wrong_by, read_at = timedelta(), -READ_EVERY_S

    def now() -> datetime:
        nonlocal wrong_by, read_at
        if time.monotonic() - read_at >= READ_EVERY_S:
            wrong_by, read_at = _read(file), time.monotonic()
        return _now() + wrong_by

    return now


def _read(file: Path) -> timedelta:
    try:
        return timedelta(seconds=float(file.read_text("ascii")))
    except FileNotFoundError:
        return timedelta()


def travel(by: timedelta) -> None:
    """Moves wall time of this process, for tests of ages and expiries. The monotonic clock stays as it is."""
    global _shift
    _shift += by


# A machine whose clock is wrong, steps or drifts: a test aid for tests/chaos, which only an operator can turn on, by
# the environment variable KALITRACK_CLOCK (a file), and no request, setting or row.
now: Callable[[], datetime] = set_by(Path(os.environ[VARIABLE])) if os.environ.get(VARIABLE) else _now
monotonic = time.monotonic
