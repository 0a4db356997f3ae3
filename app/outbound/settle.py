"""Writing down what calls came to: fenced by the lease, in groups, with every attempt logged."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from app.core.exchange import Verdict
from app.outbound.attempts import AttemptLog
from app.outbound.error_class import error_class
from app.outbound.fence import Change, Group, write_down
from app.outbound.learn import learn
from app.outbound.models import Status
from app.outbound.policy import Policy, Step, next_step
from app.outbound.results import How, Result, Written
from app.outbound.tally import OPEN, Shift, Stand, shift


@dataclass(frozen=True, slots=True)
class Settlement:
    """What a group of results comes to, worked out before the transaction that writes it begins."""

    results: Sequence[Result]
    changes: Sequence[Group]
    tried: Sequence[Result]
    attempts: AttemptLog
    at: datetime


Book = Callable[[Connection, Sequence[Result], Sequence[Written], datetime], None]


def keep_no_books(
    _connection: Connection, _tried: Sequence[Result], _written: Sequence[Written], _at: datetime
) -> None:
    """For who has no kinds."""


def prepare(
    results: Sequence[Result],
    policy_of: Callable[[str], Policy],
    now: datetime,
    jitter: Callable[[], float] = random.random,
) -> Settlement:
    """Deliveries that become the same are written by one statement: most of a batch do."""
    spread: dict[datetime, float] = defaultdict(jitter)  # rows that failed in one call come back in one call
    known: dict[_Look, tuple[Step, list[Written]]] = {}
    groups: dict[Change, list[Written]] = {}
    for result in results:
        look = _look(result)
        if look not in known:
            step = _step(result.policy or policy_of(result.row.kind), result, now, spread[result.started_at])
            known[look] = step, groups.setdefault(_change(result, step, now), [])
        step, group = known[look]
        group.append(Written(result, step))
    tried = [result for result in results if result.how is not How.UNSENT]
    return Settlement(results, list(groups.items()), tried, AttemptLog(tried), now)


def settle(connection: Connection, settlement: Settlement, book: Book = keep_no_books) -> list[Written]:
    """Writes results whose lease is still ours, logs every attempt and has kinds keep their books. Returns what was
    written; a stale worker's result changes nothing but the attempt log."""
    done = write_down(connection, settlement.changes)
    shift(connection, _shifts(done))
    written = [item for _, items in done for item in items]
    is_whole = len(written) == len(settlement.results)
    ours = None if is_whole else {(item.result.row.id, item.result.row.token) for item in written}
    settlement.attempts.write(connection, ours)
    learn(connection, [result for result in settlement.results if result.how is How.CALL], settlement.at)
    book(connection, settlement.tried, written, settlement.at)
    return written


_Look = tuple[Any, ...]


def _look(result: Result) -> _Look:
    """Results that look the same come to the same. Told by identity where that costs less than by value; what only
    matters to a delivery that is tried again would tell every row apart."""
    row, outcome = result.row, result.outcome
    look = (id(outcome), id(result.response), result.http_status, result.how, row.attempts, row.token, row.account_id)
    if outcome.verdict is Verdict.SENT:
        return look
    return (*look, row.kind, id(result.policy), row.expires_at, result.started_at)


def _step(policy: Policy, result: Result, now: datetime, jitter: float) -> Step:
    row = result.row
    if result.how is How.CUT:  # given back, due at once: the next worker sends it
        return Step(Status.PENDING, now, row.attempts, result.outcome.detail)
    return next_step(policy, result.outcome, row.attempts, now, row.expires_at, jitter)


def _change(result: Result, step: Step, now: datetime) -> Change:
    return Change(
        account_id=result.row.account_id,
        token=result.row.token,
        status=step.status,
        next_at=step.next_at,
        attempts=max(step.attempts, 0),
        http_status=result.http_status,
        outcome=result.outcome.verdict,
        error=error_class(result),
        detail=step.detail or None,
        response=result.response,
        done_at=None if step.status == Status.PENDING else now,
    )


def _shifts(done: Iterable[Group]) -> Iterator[Shift]:
    for change, items in done:
        if change.status == Status.PENDING:
            continue
        stand = Stand(change.status, change.error, change.done_at)
        for item in items:
            row = item.result.row
            yield Shift(row.account_id, row.target_id, row.ref_at, OPEN, stand)
