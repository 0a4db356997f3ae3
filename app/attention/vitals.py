"""The machines and processes of the installation, by their heartbeats: who is silent, whose clock or disk is off."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Row, select

from app.attention.checks import Found, Look, Severity
from app.core import clock
from app.core.health import EXPECTED, FRESH
from app.core.metrics import Gauge
from app.core.models import Heartbeat

NO_WORKER, CLOCK_OFF, DISK_LOW = "no_worker", "clock_off", "disk_low"
START_S = FRESH.total_seconds()  # a start takes moments in which not everybody has spoken
CLOCK_MS = {Severity.DANGER: 60_000, Severity.WARNING: 5_000}
MB = 1024 * 1024
DISK = {Severity.DANGER: (0.03, 200 * MB), Severity.WARNING: (0.10, 1024 * MB)}  # share free, bytes free


def check_workers(look: Look) -> Iterator[Found]:
    """Kinds of processes of which none has spoken lately."""
    spoken = {row.kind for row in _fresh(look.connection)}
    if missing := [kind for kind in EXPECTED if kind not in spoken]:
        yield Found(None, NO_WORKER, "", Severity.DANGER, {"missing": missing})


def check_machines(look: Look) -> Iterator[Found]:
    for host, rows in groupby(_fresh(look.connection), key=lambda row: row.host or ""):
        own = list(rows)
        yield from _clock(host, own)
        yield from _disk(host, own)


def _clock(host: str, rows: list[Row[Any]]) -> Iterator[Found]:
    skew_ms = max((row.clock_skew_ms for row in rows if row.clock_skew_ms is not None), key=abs, default=0)
    severity = next((each for each, limit in CLOCK_MS.items() if abs(skew_ms) > limit), None)
    if severity:
        yield Found(None, CLOCK_OFF, host, severity, {"host": host, "seconds": round(skew_ms / 1000)})


def _disk(host: str, rows: list[Row[Any]]) -> Iterator[Found]:
    measured = [(row.disk_free, row.disk_total) for row in rows if row.disk_free is not None and row.disk_total]
    if not measured:
        return
    free, total = min(measured)
    severity = next((each for each, (share, least) in DISK.items() if free < share * total or free < least), None)
    if severity:
        facts = {"host": host, "free_mb": _rounded(free // MB), "total_mb": total // MB}
        yield Found(None, DISK_LOW, host, severity, facts)


def _rounded(megabytes: int) -> int:
    """To two digits: the last bytes change all the time and tell nobody anything."""
    return round(megabytes, 2 - len(str(megabytes)))


def samples(connection: Connection) -> Iterable[Gauge]:
    """For /metrics."""
    for row in _fresh(connection):
        labels = {"host": row.host or "", "process": row.process}
        for name, help_, value in (
            ("kalitrack_disk_free_bytes", "Free space where the data is", row.disk_free),
            ("kalitrack_disk_total_bytes", "Size of the disk where the data is", row.disk_total),
            ("kalitrack_clock_skew_seconds", "Our clock ahead of others'", _seconds(row.clock_skew_ms)),
        ):
            if value is not None:
                yield name, help_, labels, value


def _seconds(milliseconds: int | None) -> float | None:
    return None if milliseconds is None else milliseconds / 1000


def _fresh(connection: Connection) -> list[Row[Any]]:
    """The heartbeats of the last seconds, by host."""
    lately = Heartbeat.seen_at > clock.now() - FRESH
    return list(connection.execute(select(Heartbeat.__table__).where(lately).order_by(Heartbeat.host)))
