"""Writing down what calls came to: fenced by the lease, in groups, with every attempt logged."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, bindparam, insert, select, update
from sqlalchemy import tuple_ as row_of

from app.core.exchange import Outcome, Verdict
from app.core.ids import created_at, uuid7
from app.outbound.kinds import Leased
from app.outbound.models import Attempt, Breaker, Delivery, Status, Target, TargetState
from app.outbound.policy import BREAKER_FAILURES, Policy, Step, breaker_s, next_step

LOOKUP_PART = 250  # (account, id) pairs in one IN list


@dataclass(frozen=True, slots=True)
class Result:
    """What one delivery's part in a call came to. `called` is false when no call was made (too old, nothing to send);
    then no attempt is logged."""

    row: Leased
    outcome: Outcome
    started_at: datetime
    duration_ms: int
    http_status: int | None = None
    response: str | None = None
    called: bool = True


@dataclass(frozen=True, slots=True)
class Written:
    """A committed result: the step that was written and the result behind it."""

    result: Result
    step: Step


def settle(
    connection: Connection,
    results: Sequence[Result],
    policy_of: Callable[[str], Policy],
    now: datetime,
    jitter: Callable[[], float] = random.random,
) -> list[Written]:
    """Writes results whose lease is still ours and logs every attempt. Returns what was written; a stale worker's
    result changes nothing but the attempt log."""
    ours = _still_ours(connection, results)
    written = []
    for result in results:
        row = result.row
        if row.id in ours:
            step = next_step(policy_of(row.kind), result.outcome, row.attempts, now, row.expires_at, jitter())
            written.append(Written(result, step))
    if written:
        connection.execute(_SETTLE, [_delivery_values(item, now) for item in written])
    if attempts := [_attempt_values(result, result.row.id in ours) for result in results if result.called]:
        connection.execute(insert(Attempt), attempts)
    _learn_about_targets(connection, results, now)
    return written


def _still_ours(connection: Connection, results: Sequence[Result]) -> set[UUID]:
    """The deliveries whose lease token is still the one we hold (locked until the commit on PostgreSQL)."""
    tokens = {result.row.id: result.row.token for result in results}
    keys = [(result.row.account_id, result.row.id) for result in results]
    ours = set()
    for start in range(0, len(keys), LOOKUP_PART):
        found = connection.execute(
            select(Delivery.id, Delivery.lease_token)
            .where(row_of(Delivery.account_id, Delivery.id).in_(keys[start : start + LOOKUP_PART]))
            .with_for_update()
        )
        ours |= {id_ for id_, token in found if token == tokens[id_]}
    return ours


_SETTLE = (
    update(Delivery)
    .where(Delivery.account_id == bindparam("row_account"), Delivery.id == bindparam("row_id"))
    .values(
        status=bindparam("new_status"),
        next_at=bindparam("new_next_at"),
        attempts=bindparam("new_attempts"),
        lease_token=None,
        http_status=bindparam("new_http_status"),
        outcome=bindparam("new_outcome"),
        detail=bindparam("new_detail"),
        response=bindparam("new_response"),
        done_at=bindparam("new_done_at"),
    )
)


def _delivery_values(item: Written, now: datetime) -> dict[str, Any]:
    step, result = item.step, item.result
    return {
        "row_account": result.row.account_id,
        "row_id": result.row.id,
        "new_status": step.status,
        "new_next_at": step.next_at,
        "new_attempts": max(step.attempts, 0),
        "new_http_status": result.http_status,
        "new_outcome": result.outcome.verdict,
        "new_detail": step.detail or None,
        "new_response": result.response,
        "new_done_at": None if step.status == Status.PENDING else now,
    }


def _attempt_values(result: Result, ours: bool) -> dict[str, Any]:
    id_ = uuid7()
    detail = result.outcome.detail if ours else f"{result.outcome.detail} (came too late: the lease had ended)"
    return {
        "account_id": result.row.account_id,
        "created_at": created_at(id_),
        "id": id_,
        "delivery_id": result.row.id,
        "n": result.row.attempts,
        "started_at": result.started_at,
        "duration_ms": result.duration_ms,
        "http_status": result.http_status,
        "outcome": result.outcome.verdict,
        "detail": detail or None,
        "response": result.response,
    }


def _learn_about_targets(connection: Connection, results: Sequence[Result], now: datetime) -> None:
    """Throttle, breaker and pause, judged by calls: the last one of each target in this group speaks for it."""
    by_target: dict[UUID, list[Result]] = defaultdict(list)
    for result in results:
        if result.called:
            by_target[result.row.target_id].append(result)
    for target_id in sorted(by_target):  # in key order, so that two workers cannot deadlock
        _learn(connection, target_id, by_target[target_id], now)


def _learn(connection: Connection, target_id: UUID, results: Sequence[Result], now: datetime) -> None:
    target = update(Target).where(Target.id == target_id)
    verdicts = {result.outcome.verdict for result in results}
    if Verdict.AUTH in verdicts:
        detail = next(result.outcome.detail for result in results if result.outcome.verdict is Verdict.AUTH)
        connection.execute(
            target.where(Target.state == TargetState.ACTIVE).values(
                state=TargetState.PAUSED,
                reason=detail[:500],
                reason_code="auth",
                last_error=detail[:500],
                updated_at=now,
            )
        )
    if Verdict.THROTTLED in verdicts:
        _slow_down(connection, target_id, results, now)
    if verdicts & {Verdict.SENT, Verdict.REJECTED, Verdict.GONE, Verdict.AUTH, Verdict.THROTTLED}:
        # it answers: that alone closes the breaker
        connection.execute(
            target.where((Target.failures > 0) | (Target.breaker != Breaker.CLOSED)).values(
                failures=0, trips=0, breaker=Breaker.CLOSED, breaker_until=None, updated_at=now
            )
        )
    elif Verdict.RETRY in verdicts:
        _count_failures(connection, target_id, results, now)


def _slow_down(connection: Connection, target_id: UUID, results: Sequence[Result], now: datetime) -> None:
    throttled = [result for result in results if result.outcome.verdict is Verdict.THROTTLED]
    wait = max(result.outcome.after_s or 0 for result in throttled) or 30.0
    until = now + timedelta(seconds=min(max(wait, 0.5), 3600))
    detail = throttled[-1].outcome.detail[:500]
    connection.execute(
        update(Target).where(Target.id == target_id).values(not_before=until, last_error=detail, updated_at=now)
    )


def _count_failures(connection: Connection, target_id: UUID, results: Sequence[Result], now: datetime) -> None:
    """Rows of one batch failed in one call, and that counts once."""
    calls = len({(result.started_at, result.duration_ms) for result in results})
    failures, trips, breaker = connection.execute(
        select(Target.failures, Target.trips, Target.breaker).where(Target.id == target_id).with_for_update()
    ).one()
    failures += calls
    opens = breaker == Breaker.HALF_OPEN or failures >= BREAKER_FAILURES
    trips += 1 if opens else 0
    connection.execute(
        update(Target)
        .where(Target.id == target_id)
        .values(
            failures=failures,
            trips=trips,
            breaker=Breaker.OPEN if opens else breaker,
            breaker_until=now + timedelta(seconds=breaker_s(trips)) if opens else None,
            last_error=results[-1].outcome.detail[:500],
            updated_at=now,
        )
    )


def renew(connection: Connection, rows: Sequence[Leased], until: datetime) -> None:
    """Lengthens leases while a refused batch is bisected."""
    connection.execute(
        update(Delivery)
        .where(Delivery.account_id == bindparam("row_account"), Delivery.id == bindparam("row_id"))
        .where(Delivery.lease_token == bindparam("row_token"))
        .values(next_at=until),
        [{"row_account": row.account_id, "row_id": row.id, "row_token": row.token} for row in rows],
    )
