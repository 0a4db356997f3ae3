"""The verbs on a target: what features and people tell the engine about an outside account."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, func, insert, select, update

from app.core import clock
from app.core.db import after_commit
from app.core.queue import ring
from app.outbound.limits.counting import open_windows
from app.outbound.limits.defaults import NONE
from app.outbound.limits.service import forget
from app.outbound.limits.windows import Rates
from app.outbound.models import IS_OPEN, Breaker, Delivery, Target, TargetState


def create(connection: Connection, *, id: UUID, account_id: UUID, kind: str, label: str, limits: Rates = NONE) -> None:
    """Makes the target of a new domain row, by that row's id. `kind` names who builds and reads its calls; `limits`
    is how often it may be called (see `limits.defaults`)."""
    now = clock.now()
    row = {"id": id, "account_id": account_id, "kind": kind, "label": label[:255], "updated_at": now}
    connection.execute(insert(Target), row | limits._asdict())
    open_windows(connection, {id: limits}, now)


def relabel(connection: Connection, id: UUID, label: str) -> None:
    _change(connection, Target.id == id, label=label[:255])


def pause(connection: Connection, id: UUID, reason: str, code: str) -> None:
    """Stops sending until `resume`; deliveries wait. `code` "auth" says that new credentials end it, "user" that a
    person does."""
    active = (Target.id == id) & (Target.state == TargetState.ACTIVE)
    _change(connection, active, state=TargetState.PAUSED, reason=reason[:500], reason_code=code)


def resume(connection: Connection, id: UUID, code: str | None = None) -> None:
    """Ends a pause, whatever its cause, or only one of that `code`; forgets throttle and breaker, rings the bell."""
    paused = (Target.id == id) & (Target.state == TargetState.PAUSED)
    if code is not None:
        paused &= Target.reason_code == code
    fresh = {"reason": None, "reason_code": None, "not_before": None, "failing_since": None}
    _change(connection, paused, state=TargetState.ACTIVE, **fresh)
    reset_breaker(connection, id)


def reset_breaker(connection: Connection, id: UUID) -> None:
    _change(connection, Target.id == id, breaker=Breaker.CLOSED, breaker_until=None, failures=0, trips=0)
    after_commit(connection, "bell", ring)


def reset_limits(connection: Connection, id: UUID) -> None:
    """Forgets breaker and throttle: the next call is made at once, if its limits allow it. A pause stays."""
    _change(connection, Target.id == id, not_before=None)
    reset_breaker(connection, id)


def delete(connection: Connection, id: UUID) -> None:
    """The target stays as a name for its history; what is still due is cancelled by the engine."""
    _change(connection, Target.id == id, state=TargetState.DELETED, reason=None, reason_code=None)
    forget(connection, id)
    after_commit(connection, "bell", ring)


def due_count(connection: Connection, id: UUID) -> int:
    """Deliveries that are not final yet."""
    count = select(func.count()).select_from(Delivery).where(Delivery.target_id == id, IS_OPEN)
    return connection.scalar(count) or 0


def _change(connection: Connection, which: ColumnElement[bool], **values: Any) -> None:
    connection.execute(update(Target).where(which).values(updated_at=clock.now(), **values))
