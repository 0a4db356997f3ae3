"""Partitions made and dropped under load: in nobody's way for longer than a moment, tried again, left for later."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import TypeVar

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from app.core import partitions

LOCK_WAIT_MS = 200  # whoever waits for a lock holds up all who come after; the route of images waits 2 s at most
TRIES = 30
PAUSE_S = 0.5
DELETE_PART = 500
# PostgreSQL's words: no lock in time; a deadlock; a row came into DEFAULT between the look and the lock.
TRY_AGAIN = {"55P03", "40P01", "23514"}

log = logging.getLogger(__name__)
T = TypeVar("T")


def keep_ahead(engine: Engine, now: datetime, tries: int = 1) -> list[str]:
    """Makes the partitions that are missing from this month on, and names them. For the ticker, which asks again soon
    (DEFAULT catches what comes meanwhile). Raises SQLAlchemyError."""
    made: list[str] = []
    for table in partitions.PARTITIONED:
        with engine.connect() as connection:
            if not partitions.missing(connection, table, now):
                continue
        made += _shortly(engine, partial(partitions.ensure, table=table, now=now), tries) or []
    if made:
        log.info("partitions made: %s", ", ".join(made))
    return made


def retire(engine: Engine, table: str, cutoff: datetime, tries: int = TRIES) -> list[str]:
    """Drops the partitions that ended before `cutoff`, each in a transaction of its own, deletes what only DEFAULT has
    of that age, and names what was dropped. One that is read all the while stays till the next night. PostgreSQL only.
    Raises SQLAlchemyError."""
    with engine.connect() as connection:
        old = partitions.ended_before(connection, table, cutoff)
    dropped = [name for name in old if _shortly(engine, partial(_drop, name=name), tries)]
    while True:
        with engine.begin() as connection:
            if partitions.delete_strays(connection, table, cutoff, DELETE_PART) < DELETE_PART:
                return dropped


def _drop(connection: Connection, name: str) -> bool:
    connection.execute(text(f"DROP TABLE IF EXISTS {name}"))
    return True


def _shortly(engine: Engine, work: Callable[[Connection], T], tries: int) -> T | None:
    """What `work` gives, in a transaction that waits for no lock over LOCK_WAIT_MS; None when all tries failed."""
    for number in range(tries):
        if number:
            time.sleep(PAUSE_S)
        try:
            with engine.begin() as connection:
                connection.execute(text(f"SET LOCAL lock_timeout = {LOCK_WAIT_MS}"))
                return work(connection)
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) not in TRY_AGAIN:
                raise
    log.warning("a partition is in use all the while; it is tried again later")
    return None
