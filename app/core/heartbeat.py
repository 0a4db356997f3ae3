"""Processes that say they live, for /health/ready."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, Engine, delete, insert, select, update
from sqlalchemy.exc import SQLAlchemyError

from app.core import clock
from app.core.db import begin_write
from app.core.models import Heartbeat

log = logging.getLogger(__name__)
BEAT_S = 5.0


class Pulse:
    """The heartbeat of one process. A database that is away is no reason to stop: it is only not told."""

    def __init__(self, engine: Engine, process: str, kind: str) -> None:
        self._engine = engine
        self._process = process
        self._kind = kind
        self._beat_at = 0.0

    def beat(self) -> bool:
        """Says "alive" when the last time was a while ago; False when there was nothing to do."""
        if clock.monotonic() < self._beat_at:
            return False
        self._beat_at = clock.monotonic() + BEAT_S
        try:
            self._write()
        except SQLAlchemyError as error:
            log.info("a heartbeat could not be written: %s", type(error).__name__)
        return True

    def end(self) -> None:
        """A process that ends in order takes its heartbeat along."""
        try:
            with begin_write(self._engine) as connection:
                connection.execute(delete(Heartbeat).where(Heartbeat.process == self._process))
        except SQLAlchemyError as error:
            log.info("a heartbeat could not be removed: %s", type(error).__name__)

    def _write(self) -> None:
        now, mine = clock.now(), Heartbeat.process == self._process
        with begin_write(self._engine) as connection:
            seen = connection.execute(update(Heartbeat).where(mine).values(seen_at=now, kind=self._kind))
            if seen.rowcount == 0:
                row = {"process": self._process, "kind": self._kind, "seen_at": now}
                connection.execute(insert(Heartbeat), row)


def last_seen(connection: Connection) -> Mapping[str, datetime]:
    """The newest heartbeat of each kind of process."""
    rows = connection.execute(select(Heartbeat.kind, Heartbeat.seen_at).order_by(Heartbeat.seen_at))
    return dict(rows.all())
