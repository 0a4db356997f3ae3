"""What a careful person adds to SQLite's defaults, when REFERENCE_CAREFUL is set: WAL, a longer wait for the lock, and
the same durability as ours."""

from __future__ import annotations

import os
from typing import Any

from sqlalchemy import Engine, event


def apply(engine: Engine) -> None:
    """Before the engine's first connection."""
    if not os.environ.get("REFERENCE_CAREFUL"):
        return

    @event.listens_for(engine, "connect")
    def connected(connection: Any, _record: Any) -> None:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA busy_timeout=15000")
