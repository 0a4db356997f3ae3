"""Writing on deliveries that are leased: only while the lease is ours."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Connection, bindparam, text, update

from app.core.db import to_json
from app.core.direct import Direct
from app.outbound.kinds import Leased
from app.outbound.models import Delivery, Status
from app.outbound.results import Written


class Change(NamedTuple):
    """What some deliveries of one lease become."""

    account_id: UUID
    token: str
    status: str
    next_at: datetime
    attempts: int
    http_status: int | None
    outcome: str
    error: str | None
    detail: str | None
    response: str | None
    done_at: datetime | None


Group = tuple[Change, Sequence[Written]]  # what becomes the same


def write_down(connection: Connection, groups: Sequence[Group]) -> list[Group]:
    """The same groups with those items whose lease was still ours. PostgreSQL takes all in one statement, since each
    one is a journey there; on SQLite one costs less than the list would."""
    if connection.dialect.name == "postgresql":
        return _together(connection, groups)
    written: list[Group] = []
    for change, items in groups:
        ours = _WRITE(connection, {**_bound(change), "ids": [item.result.row.id for item in items]})
        if len(ours) < len(items):
            left = {id_ for (id_,) in ours}
            items = [item for item in items if item.result.row.id in left]
        written.append((change, items))
    return written


def _bound(change: Change) -> dict[str, Any]:
    new = {f"new_{name}": value for name, value in change._asdict().items() if name in _WRITTEN}
    return {"our_account": change.account_id, "our_token": change.token, **new}


_OURS = (
    Delivery.account_id == bindparam("our_account"),
    Delivery.id.in_(bindparam("ids", expanding=True)),
    Delivery.lease_token == bindparam("our_token"),
)
_WRITTEN = [name for name in Change._fields if name not in ("account_id", "token")]
_WRITE = Direct(
    update(Delivery)
    .where(*_OURS)
    .values(lease_token=None, **{name: bindparam(f"new_{name}") for name in _WRITTEN})
    .returning(Delivery.id)
)


def _together(connection: Connection, groups: Sequence[Group]) -> list[Group]:
    told = to_json([{**change._asdict(), "ids": [item.result.row.id for item in items]} for change, items in groups])
    ours = {(id_, token) for id_, token in connection.execute(_WRITE_TOGETHER, {"changes": told})}
    return [
        (change, [item for item in items if (item.result.row.id, change.token) in ours]) for change, items in groups
    ]


_WRITE_TOGETHER = text(
    f"""
    UPDATE delivery SET lease_token = NULL, {", ".join(f"{name} = new.{name}" for name in _WRITTEN)}
    FROM json_to_recordset(CAST(:changes AS json)) AS new(
        account_id uuid, token text, ids uuid[], status text, next_at timestamptz, attempts int, http_status int,
        outcome text, error text, detail text, response text, done_at timestamptz
    )
    WHERE delivery.account_id = new.account_id AND delivery.id = ANY(new.ids) AND delivery.lease_token = new.token
    RETURNING delivery.id, new.token
    """  # noqa: S608 - our own names
)


def renew(connection: Connection, rows: Sequence[Leased], until: datetime) -> None:
    """Lengthens leases that are still ours while a refused batch is bisected."""
    for (account_id, token), ids in _by_lease(rows).items():
        _RENEW(connection, {"our_account": account_id, "our_token": token, "ids": ids, "until": until})


def release(connection: Connection, rows: Sequence[Leased], now: datetime) -> None:
    """Gives claimed rows back, due at once and without the attempt: no call was made."""
    for (account_id, token), ids in _by_lease(rows).items():
        _RELEASE(connection, {"our_account": account_id, "our_token": token, "ids": ids, "now": now})


def _by_lease(rows: Sequence[Leased]) -> dict[tuple[UUID, str], list[UUID]]:
    found: dict[tuple[UUID, str], list[UUID]] = defaultdict(list)
    for row in rows:
        found[row.account_id, row.token].append(row.id)
    return found


_RENEW = Direct(update(Delivery).where(*_OURS).values(next_at=bindparam("until")))
_RELEASE = Direct(
    update(Delivery)
    .where(*_OURS)
    .values(status=Status.PENDING, next_at=bindparam("now"), lease_token=None, attempts=Delivery.attempts - 1)
)
