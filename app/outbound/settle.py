"""Writing down what calls came to: fenced by the lease, in groups, with every attempt logged."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, bindparam, select, update

from app.core.bulk import BulkInsert
from app.core.exchange import Outcome, Verdict
from app.core.ids import created_at, uuid7
from app.outbound.kinds import Leased
from app.outbound.models import Attempt, Breaker, Delivery, Status, Target, TargetState
from app.outbound.policy import BREAKER_FAILURES, Policy, Step, breaker_s, next_step


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
    spread: dict[datetime, float] = defaultdict(jitter)  # rows that failed in one call come back in one call
    groups: dict[_Group, list[Written]] = defaultdict(list)
    for result in results:
        row = result.row
        step = next_step(
            policy_of(row.kind), result.outcome, row.attempts, now, row.expires_at, spread[result.started_at]
        )
        groups[_group(result, step)].append(Written(result, step))
    written = [item for group, items in groups.items() for item in _write(connection, group, items, now)]
    ours = {item.result.row.id for item in written}
    _log_attempts(connection, [_attempt_values(each, each.row.id in ours) for each in results if each.called])
    _learn_about_targets(connection, results, now)
    return written


_Group = tuple[UUID, str, Step, int | None, str, str | None]


def _group(result: Result, step: Step) -> _Group:
    """Deliveries that become the same are written by one statement: most of a batch do."""
    row = result.row
    return row.account_id, row.token, step, result.http_status, result.outcome.verdict, result.response


def _write(connection: Connection, group: _Group, items: Sequence[Written], now: datetime) -> list[Written]:
    """Those of the items whose lease was still ours."""
    account_id, token, step, http_status, outcome, response = group
    values = {
        "row_account": account_id,
        "row_ids": [item.result.row.id for item in items],
        "row_token": token,
        "new_status": step.status,
        "new_next_at": step.next_at,
        "new_attempts": max(step.attempts, 0),
        "new_http_status": http_status,
        "new_outcome": outcome,
        "new_detail": step.detail or None,
        "new_response": response,
        "new_done_at": None if step.status == Status.PENDING else now,
    }
    ours = set(connection.scalars(_SETTLE, values))
    return [item for item in items if item.result.row.id in ours]


_SETTLE = (
    update(Delivery)
    .where(
        Delivery.account_id == bindparam("row_account"),
        Delivery.id.in_(bindparam("row_ids", expanding=True)),
        Delivery.lease_token == bindparam("row_token"),
    )
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
    .returning(Delivery.id)
)
_log_attempts = BulkInsert(Attempt, tuple(Attempt.__table__.columns.keys()))


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
