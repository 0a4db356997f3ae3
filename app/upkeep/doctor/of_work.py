"""Whether the work is done: processes, the queue, what needs a person, opens aside, backups, the nightly job."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from flask_babel import gettext as _
from sqlalchemy import Connection, func, select
from sqlalchemy.exc import SQLAlchemyError

from app.core import clock, heartbeat
from app.core.health import EXPECTED, FRESH
from app.core.i18n import ago
from app.core.models import CronRun
from app.core.rollup import hour_of
from app.core.runtime import Runtime
from app.opens.models import MissReason, OpenMissHour
from app.opens.recording.spool import Spool
from app.outbound import lag
from app.outbound.models import Breaker, DeliveryTally, Target, TargetState
from app.upkeep.backup import stamp
from app.upkeep.doctor.findings import Finding, ok, problem, warning

VERY_LATE_S = 900.0
LATELY = timedelta(hours=24)
BACKUP_OLD, BACKUP_MISSING = timedelta(days=2), timedelta(days=8)
NIGHTLY_LATE = timedelta(days=2)


def check(state: Runtime) -> Iterator[Finding]:
    try:
        with state.engine.connect() as connection:
            seen = heartbeat.last_seen(connection)
            yield _workers(seen)
            yield _queue(connection)
            yield from _dead(connection)
            yield from _held(connection)
            yield from _lost_opens(connection)
            yield from _nightly(connection, is_running=any(_is_fresh(at) for at in seen.values()))
    except SQLAlchemyError:
        pass  # said already, with the reason
    yield _spool(state)
    yield _backup(state)


def _is_fresh(at: datetime) -> bool:
    return abs(clock.now() - at) < FRESH


def _workers(seen: Mapping[str, datetime]) -> Finding:
    silent = [kind for kind in EXPECTED if kind not in seen or not _is_fresh(seen[kind])]
    if not silent:
        return ok("workers", _("Delivery worker, jobs worker and ticker are alive."))
    never = _("never")
    told = ", ".join(f"{kind} ({ago(seen[kind]) if kind in seen else never})" for kind in silent)
    return problem(
        "workers",
        _("No sign of life from: %(names)s.", names=told),
        _("Start the product, or find out in its log why it ended. What is accepted waits, and is not lost."),
    )


def _queue(connection: Connection) -> Finding:
    measured = lag.measure(connection)
    more = "+" if measured.due >= lag.COUNT_LIMIT else ""
    told = _("Deliveries due: %(due)s, the oldest for %(seconds)s s.",
             due=f"{measured.due}{more}", seconds=f"{measured.oldest_s:.0f}")  # fmt: skip
    advice = _("Look at Deliveries by target; more workers: WORKERS.")
    if measured.oldest_s > VERY_LATE_S:
        return problem("queue", told, advice)
    return ok("queue", told) if measured.ok else warning("queue", told, advice)


def _dead(connection: Connection) -> Iterator[Finding]:
    counted = select(func.coalesce(func.sum(DeliveryTally.number), 0)).where(DeliveryTally.state == "dead")
    if number := int(connection.scalar(counted) or 0):
        yield warning(
            "dead_letters",
            _("Dead letters: %(number)s.", number=number),
            _("Look at them on the page Dead letters: replay them when their cause is gone, or cancel them."),
        )


def _held(connection: Connection) -> Iterator[Finding]:
    targets = select(func.count()).select_from(Target)
    paused_now = connection.scalar(targets.where(Target.state == TargetState.PAUSED)) or 0
    is_broken = (Target.state == TargetState.ACTIVE) & (Target.breaker != Breaker.CLOSED)
    broken_now = connection.scalar(targets.where(is_broken)) or 0
    if paused_now or broken_now:
        yield warning(
            "targets",
            _("Pixels that get nothing now: %(paused)s paused, %(broken)s with an open breaker.",
              paused=paused_now, broken=broken_now),
            _("Attention says why, and what to do."),
        )  # fmt: skip


def _lost_opens(connection: Connection) -> Iterator[Finding]:
    since = hour_of(clock.now() - LATELY)
    counted = select(func.coalesce(func.sum(OpenMissHour.hits), 0)).where(
        OpenMissHour.hour >= since, OpenMissHour.reason == MissReason.UNRECORDED
    )
    if number := int(connection.scalar(counted) or 0):
        yield problem(
            "opens_unrecorded",
            _("Opens that could not be recorded in the last 24 hours: %(number)s.", number=number),
            _("The database was away and the spool full: look at the database and at the disk."),
        )


def _nightly(connection: Connection, *, is_running: bool) -> Iterator[Finding]:
    last = connection.scalar(select(func.max(CronRun.started_at)).where(CronRun.name == "retention"))
    if last is not None and clock.now() - last < NIGHTLY_LATE:
        yield ok("retention", _("The nightly clean-up was started %(ago)s.", ago=ago(last)))
    elif last is not None or is_running:
        yield warning(
            "retention",
            _("The nightly clean-up has not been started for days."),
            _("See that the ticker and the jobs worker run; by hand: flask --app wsgi retention."),
        )


def _spool(state: Runtime) -> Finding:
    if Spool(state.settings.data_dir).is_empty():
        return ok("spool", _("No opens wait in the spool."))
    return warning(
        "spool",
        _("Opens wait in the spool for the database."),
        _("The ticker brings them in when the database answers; see that it runs on this machine."),
    )


def _backup(state: Runtime) -> Finding:
    last = stamp.last(state.settings.data_dir)
    advice = _("Run daily: flask --app wsgi backup --to FOLDER --keep 7 (docs/operating.md).")
    if last is None:
        return warning("backup", _("No backup was ever made from this data folder."), advice)
    at, file = last
    told = _("The last backup was made %(ago)s: %(file)s.", ago=ago(at), file=file)
    age = clock.now() - at
    if age > BACKUP_MISSING:
        return problem("backup", told, advice)
    return warning("backup", told, advice) if age > BACKUP_OLD else ok("backup", told)
