"""What became of conversion events, told to whoever wants to know: nothing of the person, and nothing of tests."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from app.core import events
from app.outbound.error_class import error_class
from app.outbound.models import Status
from app.outbound.results import Written

DELIVERED, FAILED = "tracking.delivered", "tracking.failed"
NAMES: dict[str, str] = {Status.DONE: DELIVERED, Status.DEAD: FAILED}
TEST = "test_event_code"  # a field of events that a platform shows to its testers and counts nowhere
Find = Callable[[Sequence[Any]], Iterable[tuple[Any, ...]]]  # of these deliveries: see `_payload`


def tell(connection: Connection, written: Sequence[Written], at: datetime, find: Find) -> None:
    """Emits what is final now. Whether anybody listens is asked once for each account and name, and payloads are made
    for listeners only. `find` gives id, event_id, platform, pixel_id, event_name and fields of events."""
    # by identity: values are hashed for as long as all else here takes, and a claim's rows share them
    unlike = {(id(item.result.row.account_id), id(item.step.status)): item for item in written}
    final = {(item.result.row.account_id, item.step.status) for item in unlike.values()}
    heard = {
        (account_id, status): NAMES[status]
        for account_id, status in sorted(final)
        if status in NAMES and events.is_heard(connection, NAMES[status], account_id)
    }
    if not heard:
        return
    wanted = [item for item in written if (item.result.row.account_id, item.step.status) in heard]
    known = {row[0]: row for row in find([item.result.row for item in wanted])}
    payloads: defaultdict[tuple[UUID, str], list[dict[str, Any]]] = defaultdict(list)
    for item in wanted:
        event = known.get(item.result.row.ref_id)
        if event is not None and not (event[5] or {}).get(TEST):
            key = item.result.row.account_id, item.step.status
            payloads[key].append(_payload(item, event, at))
    for key, name in heard.items():
        events.emit_all(connection, name, key[0], payloads[key])


def _payload(item: Written, event: tuple[Any, ...], at: datetime) -> dict[str, Any]:
    id_, event_id, platform, pixel_id, event_name, _fields = event
    stamp = at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    payload: dict[str, Any] = {
        "eventId": event_id,
        "requestId": f"track_{id_.hex}",
        "platform": platform,
        "pixelId": pixel_id,
        "eventName": event_name,
        "attempts": item.step.attempts,
        "at": stamp,
    }
    if item.step.status == Status.DEAD:
        payload |= {"error": error_class(item.result), "detail": item.step.detail or None}
    return payload
