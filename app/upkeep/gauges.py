"""Figures for Prometheus that are read when somebody asks: from rollups and small tables, never from the rows."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, Engine, func, select

from app.accounts.models import Account
from app.core import clock, metrics
from app.core.metrics import Gauge, Summary
from app.core.models import Heartbeat
from app.core.rollup import hour_of
from app.core.settings import Settings
from app.opens.models import OpenClass, OpenSliceDay
from app.opens.recording import spool
from app.outbound.figures import percentile
from app.outbound.models import DELAYS, DeliveryHour, DeliveryTally, Target, TargetState
from app.upkeep.backup import stamp

LIVE = timedelta(days=2)  # what is older changes rarely: it is added up once in KEPT
KEPT_S = 3600.0
HOUR = timedelta(hours=1)
QUANTILES = (0.5, 0.95, 0.99)
HEAD = struct.Struct("<8sQQQ")  # of the spool: magic, where the first record begins, where the last one ends, lost


def register() -> None:
    """Once a process, however many apps it makes."""
    if targets not in metrics.gauges:
        metrics.gauges.extend((deliveries, targets, workers, opens))
        metrics.summaries.append(delays)
        metrics.gauges_here.append(here)


class _OpensByClass:
    """Loads by class, ever: days gone by are added up once in KEPT_S, the latest each time."""

    def __init__(self) -> None:
        self._engine: Engine | None = None
        self._until: datetime | None = None
        self._old: dict[str, int] = {}
        self._read_at = 0.0

    def sums(self, connection: Connection) -> dict[str, int]:
        until = (clock.now() - LIVE).replace(hour=0, minute=0, second=0, microsecond=0)
        is_same = self._engine is connection.engine and self._until == until
        if not is_same or clock.monotonic() - self._read_at > KEPT_S:
            self._old = _loads(connection, OpenSliceDay.day < until)
            self._engine, self._until, self._read_at = connection.engine, until, clock.monotonic()
        live = _loads(connection, OpenSliceDay.day >= until)
        return {name: self._old.get(name, 0) + live.get(name, 0) for name in OpenClass}


def _loads(connection: Connection, when: ColumnElement[bool]) -> dict[str, int]:
    found = (
        select(OpenSliceDay.open_class, func.sum(OpenSliceDay.hits))
        .where(OpenSliceDay.account_id.in_(select(Account.id)), when)
        .group_by(OpenSliceDay.open_class)
    )
    return {name: int(hits) for name, hits in connection.execute(found)}


_opens = _OpensByClass()


def opens(connection: Connection) -> Iterable[Gauge]:
    """No counter: judging history again moves opens from one class to another, and a counter must never fall."""
    for name, hits in _opens.sums(connection).items():
        yield "kalitrack_opens", "Loads of e-mail images recorded so far, by who loaded them", {"class": name}, hits


def delays(connection: Connection) -> Iterable[Summary]:
    """Of what was accepted in this hour and the one before. From the rollup, so that no delivery waits for it."""
    sums = [func.coalesce(func.sum(getattr(DeliveryHour, name)), 0) for name in DELAYS]
    since = hour_of(clock.now()) - HOUR
    found = select(*sums).where(DeliveryHour.account_id.in_(select(Account.id)), DeliveryHour.hour >= since)
    counts = [int(number) for number in connection.execute(found).one()]
    quantiles = {share: percentile(counts, share) for share in QUANTILES}
    known = {share: seconds for share, seconds in quantiles.items() if seconds is not None}
    if known:
        help_ = "Time from acceptance to arrival of what was accepted lately"
        yield Summary("kalitrack_delivery_delay_seconds", help_, known)


def deliveries(connection: Connection) -> Iterable[Gauge]:
    sums = dict.fromkeys(("open", "dead"), 0)
    found = select(DeliveryTally.state, func.sum(DeliveryTally.number)).group_by(DeliveryTally.state)
    sums |= {state: int(number) for state, number in connection.execute(found)}
    yield (
        "kalitrack_deliveries_open",
        "Deliveries not final yet: due, waiting for a later try, paused",
        {},
        sums["open"],
    )
    yield "kalitrack_deliveries_dead", "Dead letters, which wait for a person", {}, sums["dead"]


def targets(connection: Connection) -> Iterable[Gauge]:
    """States are told also when no target has them, so that alerts have something to compare with."""
    found = select(Target.state, Target.breaker, func.count()).group_by(Target.state, Target.breaker)
    counted = {(state, breaker): number for state, breaker, number in connection.execute(found)}
    help_ = "Pixels and other receivers, by state and circuit breaker"
    for state in (TargetState.ACTIVE, TargetState.PAUSED):
        for breaker in ("closed", "open", "half_open"):
            number = counted.get((state, breaker), 0)
            yield "kalitrack_targets", help_, {"state": state, "breaker": breaker}, number


def workers(connection: Connection) -> Iterable[Gauge]:
    found = select(Heartbeat.process, Heartbeat.kind, Heartbeat.host, Heartbeat.seen_at)
    for process, kind, host, seen_at in connection.execute(found):
        labels = {"process": process, "kind": kind, "host": host or ""}
        yield "kalitrack_heartbeat_timestamp_seconds", "When a process last said it lives", labels, seen_at.timestamp()


def here(settings: Settings) -> Iterable[Gauge]:
    """Of this machine's data folder."""
    help_ = "Opens that wait in the spool of the host that answers, of 16 MB"
    yield "kalitrack_opens_spool_bytes", help_, {}, _spooled(settings)
    last = stamp.last(settings.data_dir)
    if last is not None:
        help_ = "When the last backup was taken from this data folder"
        yield "kalitrack_backup_timestamp_seconds", help_, {}, last[0].timestamp()


def _spooled(settings: Settings) -> int:
    """Bytes of records; a look at one sector, as `Spool.is_empty` does."""
    try:
        with (settings.data_dir / spool.NAME).open("rb") as file:
            head = file.read(HEAD.size)
    except OSError:
        return 0
    if len(head) < HEAD.size:
        return 0
    _magic, start, end, _lost = HEAD.unpack(head)
    return max(int(end) - int(start), 0)
