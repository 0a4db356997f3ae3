"""A filter as SQL: the ids it means by key, and how many. Each way of asking has its partial index, which SQLite takes
for literal text only."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, TextClause, func, select, text

from app.deliveries.filters import Filter, State
from app.outbound.models import IS_OPEN, Delivery, DeliveryTally, Target, TargetState

MAX_COUNT = 100_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LATEST_MS = 2**48 - 1
ENDED = (State.DEAD, State.CANCELLED)
STATE_SQL: dict[State, TextClause] = {
    State.OPEN: IS_OPEN,
    State.PAUSED: IS_OPEN,
    State.DEAD: text("status = 'dead'"),
    State.CANCELLED: text("status = 'cancelled'"),
    State.DONE: text("status = 'done'"),
}
ERRORED = (State.OPEN, State.PAUSED, State.DEAD, State.CANCELLED)  # what is done has no error
Clause = ColumnElement[bool] | TextClause


@dataclass(frozen=True, slots=True)
class Count:
    """Exact, or the number at which counting stopped and `more`."""

    number: int
    more: bool = False


@dataclass(frozen=True, slots=True)
class Narrowing:
    """A filter with what the verb on it leaves out: other states, and what came to be after a person looked."""

    filter: Filter
    states: tuple[State, ...] | None = None
    before: datetime | None = None


def ids_of(
    connection: Connection, account_id: UUID, asked: Narrowing, limit: int, after: UUID | None = None
) -> list[UUID]:
    """Newest first, those that follow `after`."""
    found: list[UUID] = []
    for clauses in branches(connection, account_id, asked):
        wanted = select(Delivery.id).where(*clauses).order_by(Delivery.id.desc()).limit(limit)
        found += connection.scalars(wanted if after is None else wanted.where(Delivery.id < after))
    return sorted(found, reverse=True)[:limit]


def count(connection: Connection, account_id: UUID, asked: Filter, most: int = MAX_COUNT) -> Count:
    """From the tallies where they tell, whatever the number; else counted, up to `most`."""
    if _is_tallied(asked):
        return Count(_tallied(connection, account_id, asked))
    number = 0
    for clauses in branches(connection, account_id, Narrowing(asked)):
        some = select(Delivery.id).where(*clauses).limit(most + 1).subquery()
        number += connection.scalar(select(func.count()).select_from(some)) or 0
    return Count(min(number, most), number > most)


def branches(connection: Connection, account_id: UUID, asked: Narrowing) -> list[list[Clause]]:
    """The WHERE clauses that together find it, one list for each index that has to be walked."""
    paused = set(connection.scalars(_targets(account_id, Target.state == TargetState.PAUSED)))
    if asked.filter.ids == () or not _has_target(connection, account_id, asked.filter.target):
        return []
    shared = _shared(account_id, asked)
    return [
        [*clauses, *shared]
        for state in _states(asked)
        if (clauses := _in_state(state, paused, asked.filter)) is not None
    ]


def _states(asked: Narrowing) -> Iterable[State]:
    """An error alone is looked for where errors are, so that nobody walks through all that arrived."""
    wanted = asked.filter.state
    if wanted is State.ALL and (asked.states or asked.filter.error):
        return asked.states or ERRORED
    return (wanted,) if asked.states is None or wanted in asked.states else ()


def _in_state(state: State, paused: set[UUID], asked: Filter) -> list[Clause] | None:
    """None when nothing can be in it."""
    if state is State.ALL:
        return []
    if state is State.DONE and asked.error is not None:
        return None
    clauses: list[Clause] = [STATE_SQL[state]]
    if state is State.PAUSED:
        return [*clauses, Delivery.target_id.in_(paused)] if paused else None
    return [*clauses, Delivery.target_id.not_in(paused)] if state is State.OPEN and paused else clauses


def _shared(account_id: UUID, asked: Narrowing) -> list[Clause]:
    """A target is known to be the account's own by now, so that its index alone decides."""
    wanted = asked.filter
    clauses: list[Any] = [Delivery.account_id == account_id if wanted.target is None or wanted.ids else None]
    clauses += [
        None if wanted.target is None else Delivery.target_id == wanted.target,
        None if wanted.kind is None else Delivery.kind == wanted.kind,
        None if wanted.error is None else Delivery.error == wanted.error,
        None if wanted.ids is None else Delivery.id.in_(wanted.ids),
        None if asked.before is None else func.coalesce(Delivery.done_at, Delivery.created_at) <= asked.before,
    ]
    return [*(clause for clause in clauses if clause is not None), *_when(wanted)]


def _when(asked: Filter) -> list[Clause]:
    """Acceptance is the time in the id, which every index ends with."""
    since, until = asked.since, asked.until
    if asked.state in ENDED:
        ends = (
            None if since is None else Delivery.done_at >= since,
            None if until is None else Delivery.done_at < until,
        )
    else:
        ends = (
            None if since is None else Delivery.id >= _first_id(since),
            None if until is None else Delivery.id < _first_id(until),
        )
    return [clause for clause in ends if clause is not None]


def _first_id(moment: datetime) -> UUID:
    """No id of that millisecond or later is smaller."""
    ms = min(max(int((moment - EPOCH).total_seconds() * 1000), 0), LATEST_MS)
    return UUID(int=ms << 80)


def _has_target(connection: Connection, account_id: UUID, target: UUID | None) -> bool:
    return target is None or connection.scalar(_targets(account_id, Target.id == target)) is not None


def _targets(account_id: UUID, which: ColumnElement[bool]) -> Any:
    return select(Target.id).where(Target.account_id == account_id, which)


def _is_tallied(asked: Filter) -> bool:
    timeless = asked.since is None and asked.until is None and asked.ids is None
    waits = asked.state in (State.OPEN, State.PAUSED) and asked.error is None
    return timeless and (waits or asked.state is State.DEAD)


def _tallied(connection: Connection, account_id: UUID, asked: Filter) -> int:
    kept = "dead" if asked.state is State.DEAD else "open"
    clauses = [DeliveryTally.account_id == account_id, DeliveryTally.state == kept]
    if asked.state is not State.DEAD:
        is_paused = Target.state == TargetState.PAUSED
        clauses.append(is_paused if asked.state is State.PAUSED else ~is_paused)
    if asked.target is not None:
        clauses.append(DeliveryTally.target_id == asked.target)
    if asked.kind is not None:
        clauses.append(Target.kind == asked.kind)
    if asked.error is not None:
        clauses.append(DeliveryTally.error == asked.error)
    counted = select(func.coalesce(func.sum(DeliveryTally.number), 0))
    return int(connection.scalar(counted.join(Target, Target.id == DeliveryTally.target_id).where(*clauses)) or 0)
