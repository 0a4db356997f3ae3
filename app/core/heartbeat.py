"""Processes that say they live, and how their machine does: for /health/ready and for what needs a person."""

from __future__ import annotations

import hashlib
import logging
import shutil
import socket
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, delete, insert, select, update
from sqlalchemy.exc import SQLAlchemyError

from app.core import clock, skew
from app.core.db import begin_write
from app.core.models import Heartbeat

log = logging.getLogger(__name__)
BEAT_S = 5.0
HOST = socket.gethostname()[:64]
MARK_LENGTH = 24


def host_mark(name: str = "") -> str:
    """This host (or that of another `name`) in the names of its processes: short, and its own also where long names
    begin alike, as those of replicas do."""
    name = name or socket.gethostname()
    if len(name) <= MARK_LENGTH:
        return name
    return f"{name[: MARK_LENGTH - 7]}-{hashlib.sha256(name.encode()).hexdigest()[:6]}"


class Pulse:
    """The heartbeat of one process. A database that is away is no reason to stop: it is only not told. `folder`: where
    the data is, whose disk is measured along."""

    def __init__(self, engine: Engine, process: str, kind: str, folder: Path | None = None) -> None:
        self._engine = engine
        self._process = process
        self._kind = kind
        self._folder = folder
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
        mine = Heartbeat.process == self._process
        with begin_write(self._engine) as connection:
            values = {"kind": self._kind, "seen_at": clock.now(), **self._vitals(connection)}
            if connection.execute(update(Heartbeat).where(mine).values(**values)).rowcount == 0:
                connection.execute(insert(Heartbeat), {"process": self._process, **values})

    def _vitals(self, connection: Connection) -> dict[str, Any]:
        free, total = _disk(self._folder) if self._folder else (None, None)
        skews = [each for each in (skew.of_platforms_ms(), skew.of_database_ms(connection)) if each is not None]
        # Both matter (an event's age is judged by the platform, a lease by the database), so the worse one is told.
        return {
            "host": HOST,
            "disk_free": free,
            "disk_total": total,
            "clock_skew_ms": max(skews, key=abs, default=None),
        }


def _disk(folder: Path) -> tuple[int | None, int | None]:
    """Bytes free and in all; None where it cannot be asked."""
    try:
        usage = shutil.disk_usage(folder)
    except OSError:
        return None, None
    return usage.free, usage.total


def last_seen(connection: Connection) -> Mapping[str, datetime]:
    """The newest heartbeat of each kind of process."""
    rows = connection.execute(select(Heartbeat.kind, Heartbeat.seen_at).order_by(Heartbeat.seen_at))
    return dict(rows.all())
