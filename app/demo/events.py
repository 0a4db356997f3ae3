"""Writing the events of a month with their deliveries and attempts, and the figures that the engine would have left."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from app.core.bulk import BulkInsert
from app.core.ids import uuid7_at
from app.core.settings import Settings
from app.demo.month import Story, Try
from app.destinations import registry
from app.outbound.models import Attempt, Delivery, Status
from app.outbound.tally import OPEN, Shift, Stand, shift
from app.tracking import matches
from app.tracking.models import TrackedEvent


class Placed:
    """A company that is in the database: ids of its pixels and clients."""

    def __init__(self, account_id: UUID, pixel_ids: dict[str, UUID], client_ids: list[UUID]) -> None:
        self.account_id = account_id
        self.pixel_ids = pixel_ids
        self.client_ids = client_ids


_EVENT_COLUMNS = [column.name for column in TrackedEvent.__table__.columns if column.name != "edited_at"]
_insert_events = BulkInsert(TrackedEvent, _EVENT_COLUMNS)
_DELIVERY_COLUMNS = [
    column.name for column in Delivery.__table__.columns if column.name not in ("lease_token", "waiter", "replayed_at")
]
_insert_deliveries = BulkInsert(Delivery, _DELIVERY_COLUMNS)
_insert_attempts = BulkInsert(Attempt, [column.name for column in Attempt.__table__.columns])


def write_events(connection: Connection, settings: Settings, placed: Placed, part: Sequence[Story]) -> None:
    """One part of a company's events, in the caller's write transaction."""
    events, deliveries, attempts, shifts, signs = [], [], [], [], []
    for story in part:
        event = _event(placed, story)
        delivery = _delivery(settings, event, story)
        events.append(event)
        deliveries.append(delivery)
        attempts += [_attempt(event, number, each, story.bits) for number, each in enumerate(story.tries, start=1)]
        ended = Stand(delivery["status"], delivery["error"], delivery["done_at"])
        shifts.append(
            Shift(
                placed.account_id, event["target_id"], event["created_at"], None, ended if delivery["done_at"] else OPEN
            )
        )
        signs.append(
            matches.Accepted(placed.account_id, event["target_id"], story.pixel.platform, story.at, event["identity"])
        )
    _insert_events(connection, events)
    _insert_deliveries(connection, deliveries)
    _insert_attempts(connection, attempts)
    shift(connection, shifts)
    matches.count(connection, signs)


def _event(placed: Placed, story: Story) -> dict[str, Any]:
    id_ = uuid7_at(story.at, story.bits)
    identity = story.identity if story.status != Status.CANCELLED else {}
    return {
        "account_id": placed.account_id,
        "created_at": story.at,
        "id": id_,
        "client_id": placed.client_ids[story.client],
        "target_id": placed.pixel_ids[story.pixel.pixel_id],
        "platform": story.pixel.platform,
        "pixel_id": story.pixel.pixel_id,
        "event_name": story.name,
        "event_id": f"evt_{id_.hex}",
        "event_time": story.at,
        "click_id": story.click,
        "value": story.fields.get("value"),
        "currency": story.fields.get("currency"),
        "em_hash": (identity.get("em") or [None])[0],
        "ph_hash": (identity.get("ph") or [None])[0],
        "identity": identity,
        "fields": story.fields,
        "repeats": story.repeats,
        "repeated_at": story.at + timedelta(seconds=7) if story.repeats else None,
    }


def _delivery(settings: Settings, event: dict[str, Any], story: Story) -> dict[str, Any]:
    last = story.tries[-1] if story.tries else None
    ended = story.status != Status.PENDING
    done_at = story.at + timedelta(seconds=last.after_s, milliseconds=last.ms) if last else story.at
    return {
        "account_id": event["account_id"],
        "id": event["id"],
        "kind": "conversion",
        "target_id": event["target_id"],
        "ref_id": event["id"],
        "ref_at": story.at,
        "generation": 0,
        "status": story.status,
        "attempts": len(story.tries) if ended else 0,
        "next_at": done_at,
        "expires_at": story.at + registry.get(story.pixel.platform, settings).max_age,
        "http_status": last.status if last else None,
        "outcome": last.verdict if last else None,
        "error": story.error,
        "detail": story.detail or (last.detail if last else None) or None,
        "response": _answer(last),
        "created_at": story.at,
        "done_at": done_at if ended else None,
    }


def _answer(last: Try | None) -> str | None:
    if last is None:
        return None
    return json.dumps({"result": 1} if last.status == 200 else {"error": {"message": last.detail}})


def _attempt(event: dict[str, Any], number: int, each: Try, bits: int) -> dict[str, Any]:
    started_at = event["created_at"] + timedelta(seconds=each.after_s)
    id_ = uuid7_at(started_at, bits + number)
    return {
        "account_id": event["account_id"],
        "created_at": started_at.replace(microsecond=started_at.microsecond // 1000 * 1000),
        "id": id_,
        "delivery_id": event["id"],
        "n": number,
        "started_at": started_at,
        "duration_ms": each.ms,
        "http_status": each.status,
        "outcome": each.verdict,
        "detail": each.detail or None,
        "response": _answer(each),
        "target_id": None,
    }
