"""The attempts of deliveries: logged as they are settled, and read back."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select
from sqlalchemy.orm import Session

from app.core.bulk import BulkInsert
from app.core.ids import created_at, uuid7
from app.outbound.kinds import LISTED_BY_TARGET
from app.outbound.models import Attempt
from app.outbound.results import Result

CLOCK_SKEW = timedelta(hours=1)  # between the hosts of web and worker
MAX_ATTEMPTS = 200
TOO_LATE = "(came too late: the lease had ended)"
_insert = BulkInsert(Attempt, tuple(Attempt.__table__.columns.keys()))


class AttemptLog:
    """What is to be logged of some results, made ready before the transaction that writes it."""

    def __init__(self, results: Sequence[Result]) -> None:
        self._results = results
        times: dict[int, datetime] = {}  # ids of one millisecond share its time
        self._rows = [_row(result, times) for result in results]

    def write(self, connection: Connection, ours: AbstractSet[tuple[UUID, str]] | None) -> None:
        """`ours` are the deliveries, by id and lease, that the results could be written on (None: all were)."""
        if ours is not None:
            for result, row in zip(self._results, self._rows, strict=True):
                if (result.row.id, result.row.token) not in ours:
                    row[DETAIL] = f"{result.outcome.detail} {TOO_LATE}"
        _insert.many(connection, self._rows)


DETAIL = list(Attempt.__table__.columns.keys()).index("detail")


def _row(result: Result, times: dict[int, datetime]) -> list[Any]:
    """In the order of the columns."""
    id_, row = uuid7(), result.row
    made_at = times.get(id_.int >> 80) or times.setdefault(id_.int >> 80, created_at(id_))
    return [
        row.account_id, made_at, id_, row.id, row.attempts, result.started_at, result.duration_ms, result.http_status,
        result.outcome.verdict, result.outcome.detail or None, result.response,
        row.target_id if row.kind in LISTED_BY_TARGET else None,
    ]  # fmt: skip


def newest(session: Session, account_id: UUID, delivery_ids: Sequence[UUID], accepted_at: datetime) -> list[Attempt]:
    """At most MAX_ATTEMPTS of these deliveries, newest first. The time stays out of what SQLite is asked (ids sort as
    it does): given a time it walks the account's log from there, however long, instead of seeking the delivery."""
    tried = select(Attempt).where(Attempt.account_id == account_id, Attempt.delivery_id.in_(delivery_ids))
    if session.get_bind().dialect.name == "postgresql":
        tried = tried.where(Attempt.created_at >= accepted_at - CLOCK_SKEW)  # older partitions cannot hold any
    return list(session.scalars(tried.order_by(Attempt.id.desc()).limit(MAX_ATTEMPTS)))
