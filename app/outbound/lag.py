"""How far behind the engine is, cheaply: for /health/ready and /metrics."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, select, text

from app.core import clock
from app.core.metrics import Gauge
from app.outbound.claim import LONG_AGO, DueTarget, open_targets
from app.outbound.models import Delivery, TargetState

LATE_S = 60.0  # older than this, what is due says that the engine cannot keep up
COUNT_LIMIT = 10_000


@dataclass(frozen=True, slots=True)
class Lag:
    """`due` is exact up to COUNT_LIMIT; `oldest_s` is the age of the oldest delivery that nothing but the engine holds
    up (not a pause, a throttle, a limit or an open breaker)."""

    due: int
    oldest_s: float
    targets: Counter[str]  # with open deliveries: active, paused, throttled, limited, broken

    @property
    def ok(self) -> bool:
        return self.oldest_s < LATE_S


def measure(connection: Connection) -> Lag:
    """One seek for each target with open deliveries, and a count that stops at its limit."""
    now = clock.now()
    targets = open_targets(connection)
    ready = {each.id: each.ready_at for each in targets if each.ready_at not in (None, LONG_AGO)}
    due = {target_id: at for target_id, at in ready.items() if at is not None and at <= now}
    some = (
        select(Delivery.id)
        .where(Delivery.target_id.in_(due), Delivery.next_at <= now, text("status IN ('pending', 'leased')"))
        .limit(COUNT_LIMIT)
        .subquery()
    )
    counted = connection.scalar(select(func.count()).select_from(some)) if due else 0
    oldest = max(((now - at).total_seconds() for at in due.values()), default=0.0)
    return Lag(counted or 0, round(oldest, 3), Counter(_state(target, now) for target in targets))


def _state(target: DueTarget, now: Any) -> str:
    if target.state != TargetState.ACTIVE:
        return target.state
    if target.is_probe:
        return "broken"
    if not target.is_free_at(now):
        return "throttled"
    return "limited" if target.limited_until is not None and target.limited_until > now else "active"


def check(connection: Connection) -> dict[str, Any]:
    """For /health/ready."""
    lag = measure(connection)
    return {"ok": lag.ok, "due": lag.due, "more": lag.due >= COUNT_LIMIT, "oldest_s": lag.oldest_s}


def samples(connection: Connection) -> Iterable[Gauge]:
    """For /metrics."""
    lag = measure(connection)
    yield "kalitrack_deliveries_due", f"Deliveries due now, counted up to {COUNT_LIMIT}", {}, lag.due
    yield "kalitrack_delivery_lag_seconds", "Age of the oldest delivery that is due", {}, lag.oldest_s
    for state, number in lag.targets.items():
        yield "kalitrack_targets_open", "Targets with open deliveries, by state", {"state": state}, number
