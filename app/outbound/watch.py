"""What needs a person about the receivers: refused, paused, gone, out of reach, given up on, late."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select

from app.attention.checks import Found, Look, Severity, register
from app.attention.words import describe
from app.outbound.figures import Now, now_by_target
from app.outbound.models import Breaker, Target, TargetState
from app.outbound.watch_words import (
    BREAKER_OPEN,
    DEAD_LETTERS,
    PAUSED_BY_HAND,
    QUEUE_OLD,
    RECEIVER_GONE,
    TOKEN_REFUSED,
    WORDS,
)

FORGOTTEN = timedelta(days=1)  # a pause by hand that lasts longer may have been forgotten
AWAY_TRIPS, LONG_AWAY_TRIPS = 2, 7  # openings of the breaker in a row: seconds of silence, and minutes
LATE, VERY_LATE = timedelta(seconds=60), timedelta(minutes=10)
REASON = 200  # characters of what a platform said


def watch() -> None:
    register("targets", WORDS, check)
    describe(WORDS)


def check(look: Look) -> Iterator[Found]:
    """From the targets and their tallies: costs as much as there are targets, however many deliveries they have."""
    now_of = now_by_target(look.connection)
    late: list[tuple[Row[Any], datetime]] = []
    columns = Target.__table__
    for target in look.connection.execute(select(columns).where(Target.state != TargetState.DELETED)):
        now = now_of.get(target.id, Now())
        yield from _paused(target, now, look.now)
        yield from _away(target, now)
        yield from _dead(target, now)
        if since := _late_since(target, now, look.now):
            late.append((target, since))
    yield from _late(late, look.now)


def _found(target: Row[Any], kind: str, severity: Severity, now: Now, **facts: Any) -> Found:
    known = {"target": target.label, "kind": target.kind, "waiting": now.open}
    return Found(target.account_id, kind, str(target.id), severity, {**known, **facts})


def _paused(target: Row[Any], now: Now, moment: datetime) -> Iterator[Found]:
    if target.state != TargetState.PAUSED:
        return
    if target.reason_code == "auth":
        yield _found(target, TOKEN_REFUSED, Severity.DANGER, now, reason=(target.reason or "")[:REASON])
    elif target.reason_code == "gone":
        yield _found(target, RECEIVER_GONE, Severity.DANGER, now, reason=(target.reason or "")[:REASON])
    elif target.reason_code != "failing" and now.open and moment - target.updated_at > FORGOTTEN:
        yield _found(target, PAUSED_BY_HAND, Severity.WARNING, now, since=target.updated_at.isoformat())


def _away(target: Row[Any], now: Now) -> Iterator[Found]:
    """Not without something to send: nobody would try again, and it would stay for ever."""
    is_shut = target.state == TargetState.ACTIVE and target.breaker != Breaker.CLOSED
    if is_shut and target.trips >= AWAY_TRIPS and now.open:
        severity = Severity.DANGER if target.trips >= LONG_AWAY_TRIPS else Severity.WARNING
        yield _found(target, BREAKER_OPEN, severity, now, reason=(target.last_error or "")[:REASON])


def _dead(target: Row[Any], now: Now) -> Iterator[Found]:
    if now.dead_total > 0:
        main = max(now.dead, key=lambda error: (now.dead[error], error))
        facts = {"target": target.label, "kind": target.kind, "number": now.dead_total, "error": main}
        yield Found(target.account_id, DEAD_LETTERS, str(target.id), Severity.WARNING, facts)


def _late_since(target: Row[Any], now: Now, moment: datetime) -> datetime | None:
    """Since when its oldest delivery could have gone out and did not. What a pause, a throttle, a limit or the breaker
    held back is late only from their end on: resuming a receiver after a day is no alarm."""
    if target.state != TargetState.ACTIVE or target.breaker != Breaker.CLOSED or now.due_at is None:
        return None
    since = max(now.due_at, target.updated_at, target.not_before or now.due_at, target.limited_until or now.due_at)
    return since if moment - since > LATE else None


def _late(late: list[tuple[Row[Any], datetime]], moment: datetime) -> Iterator[Found]:
    """One for each account: what is late for one receiver is mostly late for all, and for one reason."""
    by_account: dict[UUID, list[tuple[Row[Any], datetime]]] = {}
    for target, since in late:
        by_account.setdefault(target.account_id, []).append((target, since))
    for account_id, own in by_account.items():
        target, since = min(own, key=lambda each: each[1])
        severity = Severity.DANGER if moment - since > VERY_LATE else Severity.WARNING
        facts = {"target": target.label, "since": since.replace(microsecond=0).isoformat(), "targets": len(own)}
        yield Found(account_id, QUEUE_OLD, "", severity, facts)
