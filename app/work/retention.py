"""The nightly clean-up: expired keys, old rows and files, partitions made ahead. Each step may run twice."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import Flask
from sqlalchemy import ColumnElement, Connection, Engine, Table, bindparam, delete, literal, select
from sqlalchemy import tuple_ as row_of

from app.accounts.models import UserSession
from app.attention.models import Finding
from app.core import clock, partitions
from app.core.db import begin_write, by_account
from app.core.models import CronRun, Heartbeat, Job
from app.core.runtime import runtime
from app.opens.mailings.models import MailedId
from app.opens.models import Open, OpenedId, OpenMissHour
from app.outbound.models import OPEN_STATUSES, Attempt, Delivery, Status
from app.outbound.tally import Shift, Stand, shift
from app.tracking import log_file
from app.tracking.models import EventKey, TrackedEvent

log = logging.getLogger(__name__)
WALK_PART = 2000  # keys read at once
DELETE_PART = 500  # rows one transaction deletes
JOBS_KEPT = timedelta(days=30)
MISSES_KEPT = timedelta(days=90)  # they hold names of files that anybody may make up
FINDINGS_KEPT = timedelta(days=90)  # after they were resolved
Key = tuple[Any, ...]


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
        "job": _purge(engine, Job, Job.created_at < now - JOBS_KEPT),
        "finding": _purge(engine, Finding, Finding.resolved_at < now - FINDINGS_KEPT),
        "delivery": _purge(
            engine, Delivery, (Delivery.created_at < oldest) & Delivery.status.not_in(OPEN_STATUSES), _take_from_tally
        ),
        "opened_id": _purge(engine, OpenedId, OpenedId.last_hit_at < oldest),
        "mailed_id": _purge(engine, MailedId, MailedId.sent_at < oldest),
        "open_miss_hour": _purge(engine, OpenMissHour, OpenMissHour.hour < max(oldest, now - MISSES_KEPT)),
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
    for model in (TrackedEvent, Attempt, Open):
        name = model.__tablename__
        if engine.dialect.name == "postgresql":
            with engine.begin() as connection:
                partitions.ensure(connection, name, now)
                removed[name] = len(partitions.drop_before(connection, name, oldest))
        else:
            removed[name] = _purge(engine, model, model.created_at < oldest)
    return removed


def _take_from_tally(connection: Connection, keys: list[Key]) -> None:
    """Removed dead letters are dead no longer. The hours stay as they were: they tell what happened."""
    for account_id, ids in by_account((key[0], key[1]) for key in keys).items():
        dead = select(Delivery.target_id, Delivery.ref_at, Delivery.error, Delivery.done_at).where(
            Delivery.account_id == account_id, Delivery.id.in_(ids), Delivery.status == Status.DEAD
        )
        gone = [
            Shift(account_id, row.target_id, row.ref_at, Stand(Status.DEAD, row.error, row.done_at), None)
            for row in connection.execute(dead)
        ]
        shift(connection, gone)


def _purge(
    engine: Engine,
    model: Any,
    which: ColumnElement[bool],
    before: Callable[[Connection, list[Key]], None] | None = None,
) -> int:
    """Walks the table by its key, so that no index on the age is needed, and deletes what is found in short
    transactions; `before` is told in them. The walk reads outside of them: nobody waits for it."""
    total, last = 0, None
    while True:
        seen, found = _next_part(engine, model.__table__, which, last)
        for start in range(0, len(found), DELETE_PART):
            total += _delete(engine, model.__table__, which, found[start : start + DELETE_PART], before)
        if len(seen) < WALK_PART:
            return total
        last = seen[-1]


def _next_part(
    engine: Engine, table: Table, which: ColumnElement[bool], last: Key | None
) -> tuple[list[Key], list[Key]]:
    """The next keys after `last`, and those of them whose rows are to go."""
    key = tuple(table.primary_key.columns)
    step = select(*key, which.label("goes")).order_by(*key).limit(WALK_PART)
    if last is not None:
        step = step.where(
            row_of(*key) > row_of(*(literal(value, column.type) for value, column in zip(last, key, strict=True)))
        )
    with engine.connect() as connection:
        rows = connection.execute(step).all()
    return [tuple(row)[:-1] for row in rows], [tuple(row)[:-1] for row in rows if row.goes]


def _delete(
    engine: Engine,
    table: Table,
    which: ColumnElement[bool],
    keys: list[Key],
    before: Callable[[Connection, list[Key]], None] | None = None,
) -> int:
    """Row by row in one statement's plan: SQLite scans the whole table for a list of row values. Judged again, since a
    row may have changed after the walk saw it."""
    columns = tuple(table.primary_key.columns)
    own = [column == bindparam(f"key_{number}", type_=column.type) for number, column in enumerate(columns)]
    values = [{f"key_{number}": value for number, value in enumerate(key)} for key in keys]
    with begin_write(engine) as connection:
        if before is not None:
            before(connection, keys)
        return connection.execute(delete(table).where(*own, which), values).rowcount
