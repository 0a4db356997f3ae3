"""What is told, as rows: messages and the deliveries of them written in the transaction of their cause, and read."""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Connection, bindparam, select

from app.core.bulk import BulkInsert
from app.core.db import after_commit
from app.core.direct import Direct
from app.core.ids import created_at, uuid7
from app.core.json_text import stringify
from app.core.queue import ring
from app.core.rollup import hour_of
from app.outbound.kinds import Leased, Owed
from app.outbound.models import Delivery, Status
from app.outbound.tally import OPEN, Shift, shift
from app.webhooks.models import WebhookMessage

log = logging.getLogger(__name__)
LARGEST_BODY = 256 * 1024  # bytes


class Told(NamedTuple):
    """A message, in the order of its columns."""

    account_id: UUID
    at: datetime
    id: UUID
    event: str
    body: str


_insert_messages = BulkInsert(WebhookMessage, ("account_id", "created_at", "id", "event", "body"))
_insert_deliveries = BulkInsert(
    Delivery,
    ("account_id", "id", "kind", "target_id", "ref_id", "ref_at", "generation", "status", "attempts", "next_at",
     "created_at"),
)  # fmt: skip


def owe(
    connection: Connection,
    account_id: UUID,
    name: str,
    payloads: Sequence[dict[str, Any]],
    *,
    kind: str,
    target_ids: Sequence[UUID],
) -> None:
    """Writes a message for each payload, its ids in their order, and a delivery of it to each target, and rings. A
    message is the same row for every target."""
    messages = [_told(account_id, name, payload) for payload in payloads]
    _insert_messages.many(connection, messages)
    deliveries = [
        (account_id, uuid7(), kind, target_id, one.id, one.at, 0, str(Status.PENDING), 0, one.at, one.at)
        for one in messages
        for target_id in target_ids
    ]
    _insert_deliveries.many(connection, deliveries)
    hours = Counter(hour_of(one.at) for one in messages)
    new = [Shift(account_id, id_, hour, None, OPEN, many) for hour, many in hours.items() for id_ in target_ids]
    shift(connection, new, apart=True)
    after_commit(connection, "bell", ring)


def _told(account_id: UUID, name: str, payload: dict[str, Any]) -> Told:
    id_ = uuid7()
    at = created_at(id_)
    body = body_of(name, at, payload)
    if len(body.encode("utf-8", "surrogatepass")) > LARGEST_BODY:
        log.error("an event was too large and is told without its data", extra={"event": name, "message_id": str(id_)})
        body = body_of(name, at, {})
    return Told(account_id, at, id_, name, body)


def body_of(name: str, at: datetime, payload: dict[str, Any]) -> str:
    """The exact text that is told (source 4)."""
    stamp = at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return stringify({"event": name, "timestamp": stamp, "data": payload})


# -- reading ------------------------------------------------------------------------------------------------------


def of(connection: Connection, rows: Iterable[Leased | Owed]) -> Iterator[tuple[UUID, str, str]]:
    """(id, event, body) of the messages that these deliveries are about."""
    return _of(connection, rows, _WHOLE)


def names_of(connection: Connection, rows: Iterable[Leased | Owed]) -> dict[UUID, str]:
    """The events of those messages, by their ids."""
    return dict(_of(connection, rows, _NAMES))


def _of(connection: Connection, rows: Iterable[Leased | Owed], wanted: Direct) -> Iterator[tuple[Any, ...]]:
    """Asked for by account and time as those of conversions are: that says in which partition they lie."""
    owed: defaultdict[UUID, dict[UUID, datetime]] = defaultdict(dict)
    for row in rows:
        owed[row.account_id][row.ref_id] = row.ref_at
    for account_id, times in owed.items():
        values = {"account": account_id, "times": sorted(set(times.values())), "ids": list(times)}
        yield from wanted(connection, values)


def _by_time(*columns: Any) -> Direct:
    return Direct(
        select(*columns).where(
            WebhookMessage.account_id == bindparam("account"),
            WebhookMessage.created_at.in_(bindparam("times", expanding=True)),
            WebhookMessage.id.in_(bindparam("ids", expanding=True)),
        )
    )


_WHOLE = _by_time(WebhookMessage.id, WebhookMessage.event, WebhookMessage.body)
_NAMES = _by_time(WebhookMessage.id, WebhookMessage.event)
