"""Counting calls in the database: windows are locked, counted and given back inside the caller's write transaction.

SQLite has one writer. On PostgreSQL the rows of windows are locked, always in key order and after any row of a target:
two workers then count one after the other, and neither waits for what the other waits for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, bindparam, case, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from app.core import clock
from app.core.db import UtcDateTime
from app.outbound.limits.models import TargetWindow
from app.outbound.limits.windows import Rates, Standing, Window
from app.outbound.models import Target

FOR_EVER = datetime.max.replace(tzinfo=UTC)  # of a target without limits
MARGIN = timedelta(seconds=0.05)  # what a call may take from its start until it is out


@dataclass(frozen=True, slots=True)
class Grant:
    """Calls that were counted and may be made until `until`. `windows`: the length and the beginning of each window
    that counted them, so that they are given back to no later one."""

    target_id: UUID
    calls: int
    until: datetime
    windows: tuple[tuple[int, datetime], ...]


@dataclass(frozen=True, slots=True)
class Locked:
    """What a target may be called, while nobody else can count. `seen`: when the target had last been changed."""

    target_id: UUID
    standing: Standing
    seen: datetime


def standings(connection: Connection, target_ids: Sequence[UUID], now: datetime) -> dict[UUID, Standing]:
    """How targets stand at `now`; a read. Unknown ones are absent."""
    rows = connection.execute(_WINDOWS, {"ids": target_ids}).all()
    targets = connection.execute(_LIMITS, {"ids": target_ids}).all()
    return {each.target_id: each.standing for each in _joined(targets, rows, now)}


def lock(connection: Connection, target_ids: Iterable[UUID], now: datetime | None = None) -> dict[UUID, Locked]:
    """The same, kept for us until the transaction ends. The clock and the limits are read after the wait for the
    windows, so that it is never older than what others counted, and limits changed meanwhile are seen."""
    ids = sorted(target_ids)
    rows = connection.execute(_WINDOWS.with_for_update(), {"ids": ids}).all()
    now = now or clock.now()
    targets = connection.execute(_LIMITS, {"ids": ids}).all()
    there = {(row.target_id, row.seconds) for row in rows}
    if any((target.id, seconds) not in there for target in targets for seconds in Rates.of(target).by_seconds):
        open_windows(connection, {target.id: Rates.of(target) for target in targets}, now)
        rows = connection.execute(_WINDOWS.with_for_update(), {"ids": ids}).all()
    if any(row.started_at > now for row in rows):  # else it would seem to begin anew at every look until then
        connection.execute(_PULL_BACK, {"ids": ids, "now": now})
    return {each.target_id: each for each in _joined(targets, rows, now)}


_WINDOWS = (
    select(TargetWindow.target_id, TargetWindow.seconds, TargetWindow.started_at, TargetWindow.used)
    .where(TargetWindow.target_id.in_(bindparam("ids", expanding=True)))
    .order_by(TargetWindow.target_id, TargetWindow.seconds)
)
_LIMITS = select(
    Target.id, Target.per_second, Target.per_minute, Target.per_hour, Target.per_day, Target.updated_at
).where(Target.id.in_(bindparam("ids", expanding=True)))
_PULL_BACK = (
    update(TargetWindow)
    .where(TargetWindow.target_id.in_(bindparam("ids", expanding=True)), TargetWindow.started_at > bindparam("now"))
    .values(started_at=bindparam("now", type_=UtcDateTime()))
)


def _joined(targets: Sequence[Any], rows: Sequence[Any], now: datetime) -> Iterator[Locked]:
    counted = {(row.target_id, row.seconds): row for row in rows}
    for target in targets:
        windows = []
        for seconds, limit in Rates.of(target).by_seconds.items():
            row = counted.get((target.id, seconds))
            window = Window(seconds, limit, row.used, row.started_at) if row else Window(seconds, limit)
            windows.append(window.at(now))
        yield Locked(target.id, Standing(now, tuple(windows)), target.updated_at)


def count(connection: Connection, locked: Locked, calls: int, margin: timedelta = timedelta()) -> Grant:
    """Counts calls that `locked` allows, and notes on the target until when it is full, if it now is."""
    after = locked.standing.after(calls)
    counted = {window.seconds: window.started_at for window in after.windows if window.started_at is not None}
    if calls and counted:
        connection.execute(_COUNT, [
            {"target": locked.target_id, "length": window.seconds, "calls": window.used, "begun": window.started_at}
            for window in after.windows
        ])  # fmt: skip
    _note_full(connection, locked, after.full_until(margin=margin))
    ends = [begun + timedelta(seconds=seconds) for seconds, begun in counted.items()]
    return Grant(locked.target_id, calls, min(ends) - margin if ends else FOR_EVER, tuple(counted.items()))


_COUNT = (
    update(TargetWindow)
    .where(TargetWindow.target_id == bindparam("target"), TargetWindow.seconds == bindparam("length"))
    .values(used=bindparam("calls"), started_at=bindparam("begun"))
)


def _note_full(connection: Connection, locked: Locked, until: datetime | None) -> None:
    """So that nobody asks again before. Not if somebody changed the target meanwhile; and a row that is locked is left
    alone, since whoever waits for it here would hold windows that its owner may want (the next one to ask notes it)."""
    if until is None:
        return
    free = (
        select(Target.id)
        .where(
            Target.id == locked.target_id,
            Target.updated_at == locked.seen,
            or_(Target.limited_until.is_(None), Target.limited_until != until),
        )
        .with_for_update(skip_locked=True)
    )
    connection.execute(update(Target).where(Target.id.in_(free)).values(limited_until=until))


def give_back(connection: Connection, grants: Iterable[Grant]) -> None:
    """Calls that were not made, to those windows that counted them and still run; the targets may be called again."""
    shares = [
        {"target": grant.target_id, "length": seconds, "calls": grant.calls, "begun": begun}
        for grant in sorted(grants, key=lambda grant: grant.target_id)
        for seconds, begun in sorted(grant.windows)
        if grant.calls
    ]
    if not shares:
        return
    connection.execute(_GIVE_BACK, shares)
    freed = select(Target.id).where(
        Target.id.in_({share["target"] for share in shares}), Target.limited_until.is_not(None)
    )
    connection.execute(
        update(Target).where(Target.id.in_(freed.with_for_update(skip_locked=True))).values(limited_until=None)
    )


_GIVE_BACK = (
    update(TargetWindow)
    .where(
        TargetWindow.target_id == bindparam("target"),
        TargetWindow.seconds == bindparam("length"),
        TargetWindow.started_at == bindparam("begun"),
    )
    .values(used=case((TargetWindow.used > bindparam("calls"), TargetWindow.used - bindparam("calls")), else_=0))
)


def open_windows(connection: Connection, limits: Mapping[UUID, Rates], now: datetime) -> None:
    """Makes the rows that are counted in, before the first call; those that are there stay as they are."""
    rows = [
        {"target_id": target_id, "seconds": seconds, "started_at": now, "used": 0}
        for target_id, rates in sorted(limits.items())
        for seconds in rates.by_seconds
    ]
    if rows:
        insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
        connection.execute(insert(TargetWindow).on_conflict_do_nothing(), rows)
