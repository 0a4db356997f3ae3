"""What is stored of the things that need a person: for the bell, the page, the API and /metrics."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Select, delete, func, select

from app.attention.checks import Severity
from app.attention.models import Finding
from app.core import clock
from app.core.db import db
from app.core.metrics import Gauge

SHOWN = 200
REMEMBERED = timedelta(days=7)
DISCARDED = "account.discarded"  # emitted by accounts, for one that nobody joined


@dataclass(frozen=True, slots=True)
class Bell:
    number: int = 0
    danger: int = 0

    @property
    def mark(self) -> str:
        """Tells one state of the bell from another, for "nothing changed"."""
        return f"{self.number}-{self.danger}"


def bell(account_id: UUID) -> Bell:
    """How many things are open, in one indexed query."""
    open_ones = (Finding.account_id == account_id) & Finding.resolved_at.is_(None)
    counted = select(Finding.severity, func.count()).where(open_ones).group_by(Finding.severity)
    numbers = dict(db.session.execute(counted).all())
    return Bell(sum(numbers.values()), numbers.get(Severity.DANGER, 0))


def open_ones(account_id: UUID) -> Select[Finding]:
    """The worst first, then the oldest."""
    found = select(Finding).where(Finding.account_id == account_id, Finding.resolved_at.is_(None))
    return found.order_by(Finding.severity, Finding.raised_at, Finding.id)  # "danger" sorts before "warning"


def resolved_ones(account_id: UUID, since: datetime | None = None) -> Select[Finding]:
    """The latest first."""
    found = select(Finding).where(Finding.account_id == account_id, Finding.resolved_at.is_not(None))
    if since is not None:
        found = found.where(Finding.resolved_at >= since)
    return found.order_by(Finding.resolved_at.desc(), Finding.id.desc())


@dataclass(frozen=True, slots=True)
class Shown:
    """What the page lists. `mark` changes with every change of it."""

    open: Sequence[Finding]
    resolved: Sequence[Finding]

    @property
    def mark(self) -> str:
        last = max((each.changed_at for each in (*self.open, *self.resolved)), default=None)
        return f"{len(self.open)}-{len(self.resolved)}-{last.timestamp() if last else 0:.6f}"


def shown(account_id: UUID) -> Shown:
    """What is open, and what was resolved in the last days; at most SHOWN of each."""
    read = db.session.scalars
    since = clock.now() - REMEMBERED
    return Shown(
        read(open_ones(account_id).limit(SHOWN)).all(), read(resolved_ones(account_id, since).limit(SHOWN)).all()
    )


def samples(connection: Connection) -> Iterable[Gauge]:
    """For /metrics: what is open, over all accounts."""
    counted = select(Finding.kind, Finding.severity, func.count()).where(Finding.resolved_at.is_(None))
    counted = counted.group_by(Finding.kind, Finding.severity)
    for kind, severity, number in connection.execute(counted):
        labels = {"kind": kind, "severity": severity}
        yield "kalitrack_findings_open", "Things that need a person, by kind", labels, number


def discard(connection: Connection, _name: str, account_id: UUID, _payload: dict[str, Any]) -> None:
    """What was found in an account that nobody joined goes with it."""
    connection.execute(delete(Finding).where(Finding.account_id == account_id))
