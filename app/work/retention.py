"""The nightly clean-up: expired keys, old rows and files, partitions made ahead. Each step may run twice."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from flask import Flask
from sqlalchemy import Connection, Engine, select, text

from app.accounts.models import AuditEntry, RefreshToken, UserSession
from app.attention.models import Finding
from app.core import clock, partition_upkeep, partitions
from app.core.db import by_account, sqlite_driver
from app.core.models import CronRun, Heartbeat, Job
from app.core.runtime import runtime
from app.core.settings import Settings
from app.opens.mailings.models import MailedId
from app.opens.models import Open, OpenedId, OpenMissHour
from app.outbound.models import OPEN_STATUSES, Attempt, Delivery, Status
from app.outbound.tally import Shift, Stand, shift
from app.tracking import log_file
from app.tracking.models import EventKey, TrackedEvent
from app.work.purge import Key, Old, Rule, purge
from app.work.purge import preview as preview_rows

log = logging.getLogger(__name__)
JOBS_KEPT = timedelta(days=30)
RUNS_KEPT = timedelta(days=30)
MISSES_KEPT = timedelta(days=90)  # they hold names of files that anybody may make up
FINDINGS_KEPT = timedelta(days=90)  # after they were resolved
SILENT = timedelta(days=1)  # a process that said nothing for so long is no more
BY_MONTH = (TrackedEvent, Attempt, Open, AuditEntry)  # partitions on PostgreSQL, rows like others on SQLite


def job() -> None:
    """The RQ job."""
    from app import create_app

    clean_up(create_app())


def clean_up(app: Flask) -> dict[str, int]:
    """Removes what its age allows; returns how many rows went of each table (PostgreSQL: partitions of BY_MONTH)."""
    settings, engine = runtime(app).settings, runtime(app).engine
    now = clock.now()
    removed = {rule.table: purge(engine, rule) for rule in rules(settings, engine.dialect.name, now)}
    partition_upkeep.keep_ahead(engine, now, tries=partition_upkeep.TRIES)
    if engine.dialect.name == "postgresql":
        oldest = oldest_kept(settings, now)
        removed |= {name: len(partition_upkeep.retire(engine, name, oldest)) for name in partitions.PARTITIONED}
    log_file.remove_old(settings, now.astimezone(ZoneInfo(settings.timezone)).date())
    _fold_in_the_log(engine)
    log.info("retention removed %s", {table: count for table, count in removed.items() if count})
    return removed


def preview(app: Flask) -> Iterator[Old]:
    """What `clean_up` would remove now, table by table, and touches nothing."""
    settings, engine = runtime(app).settings, runtime(app).engine
    now = clock.now()
    for rule in rules(settings, engine.dialect.name, now):
        yield preview_rows(engine, rule)
    if engine.dialect.name == "postgresql":
        for name in partitions.PARTITIONED:
            yield _preview_months(engine, name, oldest_kept(settings, now))


def oldest_kept(settings: Settings, now: datetime) -> datetime:
    return now - timedelta(days=settings.retention_days)


def rules(settings: Settings, dialect: str, now: datetime) -> list[Rule]:
    """What goes row by row. The open deliveries of an old event outlive it and are cancelled."""
    oldest = oldest_kept(settings, now)
    by_month = () if dialect == "postgresql" else BY_MONTH
    is_final = Delivery.status.not_in(OPEN_STATUSES)
    return [
        Rule(EventKey, EventKey.expires_at <= now, EventKey.expires_at),
        Rule(UserSession, UserSession.expires_at <= now, UserSession.expires_at),
        Rule(RefreshToken, RefreshToken.expires_at <= now, RefreshToken.expires_at),
        Rule(CronRun, CronRun.due_at < now - RUNS_KEPT, CronRun.due_at),
        Rule(Heartbeat, Heartbeat.seen_at < now - SILENT, Heartbeat.seen_at),
        Rule(Job, Job.created_at < now - JOBS_KEPT, Job.created_at),
        Rule(Finding, Finding.resolved_at < now - FINDINGS_KEPT, Finding.resolved_at),
        Rule(Delivery, (Delivery.created_at < oldest) & is_final, Delivery.created_at, _take_from_tally),
        Rule(OpenedId, OpenedId.last_hit_at < oldest, OpenedId.last_hit_at),
        Rule(MailedId, MailedId.sent_at < oldest, MailedId.sent_at),
        Rule(OpenMissHour, OpenMissHour.hour < max(oldest, now - MISSES_KEPT), OpenMissHour.hour),
        *(Rule(model, model.created_at < oldest, model.created_at) for model in by_month),
    ]


def _preview_months(engine: Engine, table: str, oldest: datetime) -> Old:
    with engine.connect() as connection:
        gone = partitions.ended_before(connection, table, oldest)
        parts = [_counted(connection, name) for name in gone]
        parts.append(_counted(connection, f"{table}_default", oldest))
    return Old(table, sum(rows for rows, _ in parts), min((at for _, at in parts if at), default=None), tuple(gone))


def _counted(connection: Connection, name: str, before: datetime | None = None) -> tuple[int, datetime | None]:
    """Rows of a partition and its oldest time; `name` is one of ours."""
    which = "" if before is None else "WHERE created_at < :before"
    counted = text(f"SELECT count(*), min(created_at) FROM {name} {which}")  # noqa: S608
    rows, at = connection.execute(counted, {} if before is None else {"before": before}).one()
    return rows, at


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


def _fold_in_the_log(engine: Engine) -> None:
    """SQLite's write-ahead log, once a day, back to nothing."""
    if engine.dialect.name == "sqlite":
        with engine.connect() as connection:
            driver = sqlite_driver(connection)
            assert driver is not None  # it is SQLite
            driver.execute("PRAGMA wal_checkpoint(TRUNCATE)")
