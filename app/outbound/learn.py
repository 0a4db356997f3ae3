"""What calls teach about their target: that it is throttled, broken, back, or waits for a person."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from sqlalchemy import Connection, bindparam, func, or_, select, update

from app.core.db import UtcDateTime, after_commit
from app.core.direct import Direct
from app.core.exchange import Verdict
from app.outbound.models import Breaker, Target, TargetState
from app.outbound.policy import BREAKER_FAILURES, breaker_s, throttle_s
from app.outbound.results import Result

log = logging.getLogger(__name__)
ANSWERS = frozenset(Verdict) - {Verdict.RETRY}  # a target that answers, whatever it says, closes its breaker
DETAIL = 500


def learn(connection: Connection, results: Sequence[Result], now: datetime) -> None:
    """Judges each target by the calls of this group. In key order, so that two workers cannot deadlock."""
    by_target: dict[UUID, list[Result]] = defaultdict(list)
    for result in results:
        by_target[result.row.target_id].append(result)
    for target_id in sorted(by_target):
        _judge(connection, target_id, by_target[target_id], now)


def _judge(connection: Connection, target_id: UUID, results: Sequence[Result], now: datetime) -> None:
    by_verdict: dict[Verdict, list[Result]] = defaultdict(list)
    for result in results:
        by_verdict[result.outcome.verdict].append(result)
    for verdict, code in ((Verdict.AUTH, "auth"), (Verdict.GONE, "gone")):
        if verdict in by_verdict:
            _pause(connection, target_id, by_verdict[verdict][-1], code, now)
    if Verdict.THROTTLED in by_verdict:
        _slow_down(connection, target_id, by_verdict[Verdict.THROTTLED], now)
    if Verdict.REJECTED in by_verdict:
        _note_refusal(connection, target_id, by_verdict[Verdict.REJECTED][-1], now)
    if Verdict.SENT in by_verdict:
        _ARRIVED(connection, {"target": target_id})
    elif by_verdict.keys() & ANSWERS:
        _ANSWERED(connection, {"target": target_id, "now": now})
    else:
        _count_failures(connection, target_id, results, now)


def _pause(connection: Connection, target_id: UUID, result: Result, code: str, now: datetime) -> None:
    """Until a person acts. Not if somebody changed the target since its credentials were read: a refusal of the old
    token, come late, must not undo the pause that a new one has just ended. (Then the next call decides.)"""
    detail = result.outcome.detail[:DETAIL]
    paused = connection.execute(
        update(Target)
        .where(Target.id == target_id, Target.state == TargetState.ACTIVE, Target.updated_at == result.seen)
        .values(
            state=TargetState.PAUSED,
            reason=detail,
            reason_code=code,
            last_error=detail,
            last_error_at=now,
            updated_at=now,
        )
    )
    if paused.rowcount:
        said = {"target_id": str(target_id), "account_id": str(result.row.account_id), "reason": detail}
        after_commit(connection, f"paused {target_id}", partial(log.warning, "a target was paused", extra=said))


def _note_refusal(connection: Connection, target_id: UUID, result: Result, now: datetime) -> None:
    values = {"last_error": result.outcome.detail[:DETAIL], "last_error_at": now}
    connection.execute(update(Target).where(Target.id == target_id).values(**values))


def _slow_down(connection: Connection, target_id: UUID, results: Sequence[Result], now: datetime) -> None:
    """A longer wait that is already known stays."""
    until = now + timedelta(seconds=max(throttle_s(result.outcome) for result in results))
    connection.execute(
        update(Target)
        .where(Target.id == target_id, or_(Target.not_before.is_(None), Target.not_before < until))
        .values(not_before=until, last_error=results[-1].outcome.detail[:DETAIL], last_error_at=now)
    )


_IS_TROUBLED = (Target.failures > 0) | (Target.breaker != Breaker.CLOSED)
_CLOSED = {"failures": 0, "trips": 0, "breaker": Breaker.CLOSED, "breaker_until": None}
_ARRIVED = Direct(  # the rule: nothing to change, nothing written
    update(Target)
    .where(Target.id == bindparam("target"), _IS_TROUBLED | Target.failing_since.is_not(None))
    .values(**_CLOSED, failing_since=None)
)
_ANSWERED = Direct(  # and said no
    update(Target)
    .where(Target.id == bindparam("target"), _IS_TROUBLED | Target.failing_since.is_(None))
    .values(**_CLOSED, failing_since=func.coalesce(Target.failing_since, bindparam("now", type_=UtcDateTime())))
)


def _count_failures(connection: Connection, target_id: UUID, results: Sequence[Result], now: datetime) -> None:
    """Rows of one batch failed in one call, and that counts once. Calls that were under way when the breaker opened
    say nothing new; only the probe, when it fails too, opens it for longer."""
    found = connection.execute(
        select(Target.failures, Target.trips, Target.breaker, Target.failing_since)
        .where(Target.id == target_id)
        .with_for_update()
    ).one_or_none()
    if found is None or found.breaker == Breaker.OPEN:
        return
    failures = found.failures + len({(result.started_at, result.duration_ms) for result in results})
    opens = found.breaker == Breaker.HALF_OPEN or failures >= BREAKER_FAILURES
    values = {"failures": failures, "last_error": results[-1].outcome.detail[:DETAIL], "last_error_at": now}
    values["failing_since"] = found.failing_since or now
    if opens:
        wait_s = breaker_s(found.trips + 1)
        until = now + timedelta(seconds=wait_s)
        values |= {"breaker": Breaker.OPEN, "breaker_until": until, "trips": found.trips + 1}
        said = {"target_id": str(target_id), "account_id": str(results[-1].row.account_id), "wait_s": wait_s}
        if found.breaker == Breaker.CLOSED:
            action = partial(log.warning, "a target's breaker opened: %s", values["last_error"], extra=said)
            after_commit(connection, f"breaker {target_id}", action)
    connection.execute(update(Target).where(Target.id == target_id).values(**values))
