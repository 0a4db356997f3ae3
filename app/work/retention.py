"""The nightly clean-up: expired keys, old rows and files, partitions made ahead. Each step may run twice."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from flask import Flask
from sqlalchemy import Connection, Engine, text

from app.accounts.joining import sweep
from app.accounts.joining.models import MailedLink, Registration
from app.accounts.models import ClientToken, RefreshToken, UserSession
from app.accounts.second_factor.models import PendingSignIn
from app.accounts.team.models import Invitation
from app.alerts.models import Alert
from app.attention.models import Finding
from app.contacts import retention as contacts
from app.contacts.importing import wiping
from app.contacts.importing.models import ContactImport
from app.contacts.models import Contact
from app.core import clock, partition_upkeep, partitions
from app.core.db import fold_in_the_log
from app.core.models import CronRun, Heartbeat, Job
from app.core.runtime import runtime
from app.core.settings import Settings
from app.funnels import retention as funnels
from app.funnels.models import Funnel
from app.outbound.mail.models import MailMessage
from app.tracking import log_file
from app.tracking.models import EventKey
from app.work.aging import rules_for_all, rules_of_accounts
from app.work.purge import Old, Rule, purge
from app.work.purge import preview as preview_rows

log = logging.getLogger(__name__)
JOBS_KEPT = timedelta(days=30)
RUNS_KEPT = timedelta(days=30)
INVITATIONS_KEPT = timedelta(days=30)  # after their link stopped working
FINDINGS_KEPT = timedelta(days=90)  # after they were resolved
SILENT = timedelta(days=1)  # a process that said nothing for so long is no more
OWN = "{} of accounts that keep less"


def job() -> None:
    """The RQ job."""
    from app import create_app

    clean_up(create_app())


def clean_up(app: Flask) -> dict[str, int]:
    """Removes what its age allows; returns how many rows went of each table (PostgreSQL: how many months, of those
    that have them), and of each for the accounts that keep less."""
    settings, engine = runtime(app).settings, runtime(app).engine
    now = clock.now()
    removed = {rule.table: purge(engine, rule) for rule in rules(settings, engine.dialect.name, now)}
    removed[Registration.__tablename__] = sweep.sweep(engine, now)
    removed[ContactImport.__tablename__] = wiping.wipe(engine, now)
    removed[Contact.__tablename__] = contacts.remove(engine, now)
    removed[Funnel.__tablename__] = funnels.remove(engine, now)
    partition_upkeep.keep_ahead(engine, now, tries=partition_upkeep.TRIES)
    if engine.dialect.name == "postgresql":
        oldest = oldest_kept(settings, now)
        removed |= {name: len(partition_upkeep.retire(engine, name, oldest)) for name in partitions.PARTITIONED}
    for rule in rules_of_accounts(engine, settings, now):
        name = OWN.format(rule.table)
        removed[name] = removed.get(name, 0) + purge(engine, rule)
    log_file.remove_old(settings, now.astimezone(ZoneInfo(settings.timezone)).date())
    fold_in_the_log(engine)
    log.info("retention removed %s", {table: count for table, count in removed.items() if count})
    return removed


def preview(app: Flask) -> Iterator[Old]:
    """What `clean_up` would remove now, table by table, and touches nothing."""
    settings, engine = runtime(app).settings, runtime(app).engine
    now = clock.now()
    for rule in rules(settings, engine.dialect.name, now):
        yield preview_rows(engine, rule)
    yield Old(Registration.__tablename__, *sweep.expired(engine, now))
    yield Old(ContactImport.__tablename__, *wiping.preview(engine, now))
    yield Old(Contact.__tablename__, *contacts.expired(engine, now))
    yield Old(Funnel.__tablename__, *funnels.expired(engine, now))
    if engine.dialect.name == "postgresql":
        for name in partitions.PARTITIONED:
            yield _preview_months(engine, name, oldest_kept(settings, now))
    for rule in rules_of_accounts(engine, settings, now):
        yield preview_rows(engine, rule)


def oldest_kept(settings: Settings, now: datetime) -> datetime:
    return now - timedelta(days=settings.retention_days)


def rules(settings: Settings, dialect: str, now: datetime) -> list[Rule]:
    """What goes row by row, whoever's it is."""
    return [
        Rule(EventKey, EventKey.expires_at <= now, EventKey.expires_at),
        Rule(UserSession, UserSession.expires_at <= now, UserSession.expires_at),
        Rule(ClientToken, ClientToken.expires_at <= now, ClientToken.expires_at),
        Rule(RefreshToken, RefreshToken.expires_at <= now, RefreshToken.expires_at),
        Rule(PendingSignIn, PendingSignIn.expires_at <= now, PendingSignIn.expires_at),
        Rule(MailedLink, MailedLink.expires_at <= now, MailedLink.expires_at),
        Rule(CronRun, CronRun.due_at < now - RUNS_KEPT, CronRun.due_at),
        Rule(Heartbeat, Heartbeat.seen_at < now - SILENT, Heartbeat.seen_at),
        Rule(Job, Job.created_at < now - JOBS_KEPT, Job.created_at),
        Rule(Finding, Finding.resolved_at < now - FINDINGS_KEPT, Finding.resolved_at),
        Rule(Alert, Alert.resolved_at < now - FINDINGS_KEPT, Alert.resolved_at),
        Rule(Invitation, Invitation.expires_at < now - INVITATIONS_KEPT, Invitation.expires_at),
        Rule(MailMessage, MailMessage.created_at < oldest_kept(settings, now), MailMessage.created_at),
        *rules_for_all(settings, dialect, now),
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
