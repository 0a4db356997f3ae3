"""The nightly clean-up: expired keys, old rows and files, partitions made ahead. Each step may run twice."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import Flask
from sqlalchemy import ColumnElement, Engine, Table, delete, select
from sqlalchemy import tuple_ as row_of

from app.accounts.models import UserSession
from app.core import clock, partitions
from app.core.db import begin_write
from app.core.models import CronRun, Heartbeat
from app.core.runtime import runtime
from app.outbound.models import OPEN_STATUSES, Attempt, Delivery
from app.tracking import log_file
from app.tracking.models import EventKey, TrackedEvent

log = logging.getLogger(__name__)
PART = 500  # rows one transaction deletes


def job() -> None:
    """The RQ job."""
    from app import create_app

    clean_up(create_app())


def clean_up(app: Flask) -> dict[str, int]:
    """Removes what its age allows; returns how many rows of each table went."""
    settings, engine = runtime(app).settings, runtime(app).engine
    now = clock.now()
    oldest = now - timedelta(days=settings.retention_days)
    removed = {
        "event_key": _purge(engine, EventKey, EventKey.expires_at <= now),
        "user_session": _purge(engine, UserSession, UserSession.expires_at <= now),
        "cron_run": _purge(engine, CronRun, CronRun.due_at < now - timedelta(days=30)),
        "heartbeat": _purge(engine, Heartbeat, Heartbeat.seen_at < now - timedelta(days=1)),
        "delivery": _purge(engine, Delivery, (Delivery.created_at < oldest) & Delivery.status.not_in(OPEN_STATUSES)),
        **_retire_partitioned(engine, oldest, now),
    }
    log_file.remove_old(settings, now.astimezone(ZoneInfo(settings.timezone)).date())
    if engine.dialect.name == "sqlite":
        with engine.connect() as connection:
            connection.connection.dbapi_connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # type: ignore[union-attr]
    log.info("retention removed %s", {table: count for table, count in removed.items() if count})
    return removed


def _retire_partitioned(engine: Engine, oldest: datetime, now: datetime) -> dict[str, int]:
    """By DROP on PostgreSQL, row by row on SQLite. The open deliveries of an old event outlive it and are cancelled."""
    removed = {}
    for model in (TrackedEvent, Attempt):
        name = model.__tablename__
        if engine.dialect.name == "postgresql":
            with engine.begin() as connection:
                partitions.ensure(connection, name, now)
                removed[name] = len(partitions.drop_before(connection, name, oldest))
        else:
            removed[name] = _purge(engine, model, model.created_at < oldest)
    return removed


def _purge(engine: Engine, model: Any, which: ColumnElement[bool]) -> int:
    table: Table = model.__table__
    key = row_of(*table.primary_key.columns)
    total = 0
    while True:
        with begin_write(engine) as connection:
            rows = [
                tuple(row) for row in connection.execute(select(*table.primary_key.columns).where(which).limit(PART))
            ]
            if rows:
                connection.execute(delete(table).where(key.in_(rows)))
        total += len(rows)
        if len(rows) < PART:
            return total
