"""Processes that say they live, for /health/ready."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Engine, delete, insert, select, update

from app.core import clock
from app.core.db import begin_write
from app.core.models import Heartbeat


def beat(engine: Engine, process: str, kind: str) -> None:
    """Says that this process lives, now."""
    now = clock.now()
    with begin_write(engine) as connection:
        seen = connection.execute(update(Heartbeat).where(Heartbeat.process == process).values(seen_at=now, kind=kind))
        if seen.rowcount == 0:
            connection.execute(insert(Heartbeat), {"process": process, "kind": kind, "seen_at": now})


def silence(engine: Engine, process: str) -> None:
    """A process that ends in order takes its heartbeat along."""
    with begin_write(engine) as connection:
        connection.execute(delete(Heartbeat).where(Heartbeat.process == process))


def last_seen(engine: Engine) -> Mapping[str, datetime]:
    """The newest heartbeat of each kind of process."""
    with engine.connect() as connection:
        rows = connection.execute(select(Heartbeat.kind, Heartbeat.seen_at).order_by(Heartbeat.seen_at))
        return dict(rows.tuples().all())
