"""Writing down what calls came to: fenced by the lease, in groups, with every attempt logged."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, bindparam, update

from app.core.bulk import BulkInsert
from app.core.ids import created_at, uuid7
from app.outbound.error_class import error_class
from app.outbound.kinds import Leased
from app.outbound.learn import learn
from app.outbound.models import Attempt, Delivery, Status
from app.outbound.policy import Policy, Step, next_step
from app.outbound.results import How, Result, Written
from app.outbound.tally import OPEN, Shift, Stand, shift


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
        step = _step(policy_of(result.row.kind), result, now, spread[result.started_at])
        groups[_group(result, step)].append(Written(result, step))
    written = [item for group, items in groups.items() for item in _write(connection, group, items, now)]
    shift(connection, [_shift(item, now) for item in written if item.step.status != Status.PENDING])
    ours = {(item.result.row.id, item.result.row.token) for item in written}
    tried = [result for result in results if result.how is not How.UNSENT]
    _log_attempts(connection, [_attempt_values(each, (each.row.id, each.row.token) in ours) for each in tried])
    learn(connection, [result for result in results if result.how is How.CALL], now)
    return written


def _step(policy: Policy, result: Result, now: datetime, jitter: float) -> Step:
    row = result.row
    if result.how is How.CUT:  # given back, due at once: the next worker sends it
        return Step(Status.PENDING, now, row.attempts, result.outcome.detail)
    return next_step(policy, result.outcome, row.attempts, now, row.expires_at, jitter)


def _shift(item: Written, now: datetime) -> Shift:
    row, step = item.result.row, item.step
    stand = Stand(step.status, error_class(item.result), now)
    return Shift(row.account_id, row.target_id, row.ref_at, OPEN, stand)


_Group = tuple[UUID, str, Step, int | None, str, str | None, str | None]


def _group(result: Result, step: Step) -> _Group:
    """Deliveries that become the same are written by one statement: most of a batch do."""
    row = result.row
    error = error_class(result)
    return row.account_id, row.token, step, result.http_status, result.outcome.verdict, result.response, error


def _write(connection: Connection, group: _Group, items: Sequence[Written], now: datetime) -> list[Written]:
    """Those of the items whose lease was still ours."""
    account_id, token, step, http_status, outcome, response, error = group
    values = {
        "row_account": account_id,
        "row_ids": [item.result.row.id for item in items],
        "row_token": token,
        "new_status": step.status,
        "new_next_at": step.next_at,
        "new_attempts": max(step.attempts, 0),
        "new_http_status": http_status,
        "new_outcome": outcome,
        "new_error": error,
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
        error=bindparam("new_error"),
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


def renew(connection: Connection, rows: Sequence[Leased], until: datetime) -> None:
    """Lengthens leases that are still ours while a refused batch is bisected."""
    groups: dict[tuple[UUID, str], list[UUID]] = defaultdict(list)
    for row in rows:
        groups[row.account_id, row.token].append(row.id)
    for (account_id, token), ids in groups.items():
        values = {"row_account": account_id, "row_ids": ids, "row_token": token, "until": until}
        connection.execute(_RENEW, values)


_RENEW = (
    update(Delivery)
    .where(
        Delivery.account_id == bindparam("row_account"),
        Delivery.id.in_(bindparam("row_ids", expanding=True)),
        Delivery.lease_token == bindparam("row_token"),
    )
    .values(next_at=bindparam("until"))
)
