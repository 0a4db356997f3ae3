"""The one clock: UTC wall time for what is stored, a monotonic one for deadlines."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

_shift = timedelta()


def now() -> datetime:
    """The current time, aware, UTC."""
    return datetime.now(UTC) + _shift


def travel(by: timedelta) -> None:
    """Moves wall time of this process, for tests of ages and expiries. The monotonic clock stays as it is."""
    global _shift
    _shift += by


monotonic = time.monotonic
