"""Stored events with their deliveries and figures, as intake and engine leave them."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from flask import Flask
from sqlalchemy import Connection, insert

from app.core import ids
from app.core.db import write
from app.core.ids import uuid7
from app.outbound import targets
from app.outbound.models import Attempt, Delivery, ErrorClass, Status
from app.outbound.tally import OPEN, Shift, Stand, shift
from app.tracking.models import TrackedEvent

HASH = "f660ab912ec121d1b1e928a0bb4bc61b15f5ad44d5efdc4e1c92a25e99b8e44a"


def new_target(app: Flask, account_id: UUID, label: str = "Meta 123") -> UUID:
    """The target of a pixel that is gone, or never was; its label says what it was."""
    with app.app_context(), write() as session:
        id = uuid7()
        targets.create(session.connection(), id=id, account_id=account_id, kind="conversion", label=label)
        return id


def id_at(moment: datetime) -> UUID:
    """An id as if made then."""
    ms = round(moment.timestamp() * 1000)
    return UUID(int=(ms << 80) | (uuid4().int & ((1 << 80) - 1) & ~(0xF << 76)) | (0x7 << 76) | (0b10 << 62))


def new_event(
    app: Flask,
    account_id: UUID,
    target: UUID,
    status: str | None = "done",
    *,
    at: datetime | None = None,
    **values: Any,
) -> UUID:
    """A stored event with its delivery (none for None); answers its id. `error` and `detail` are the delivery's."""
    id = uuid7() if at is None else id_at(at)
    owed = {name: values.pop(name) for name in ("error", "detail", "expires_at", "attempts") if name in values}
    with app.app_context(), write() as session:
        connection = session.connection()
        connection.execute(insert(TrackedEvent).values(event_row(account_id, id, target, **values)))
        if status is not None:
            add_delivery(connection, account_id, target, id, status, **owed)
    return id


def event_row(account_id: UUID, id: UUID, target: UUID, **values: Any) -> dict[str, Any]:
    at = ids.created_at(id)
    return {
        "account_id": account_id,
        "created_at": at,
        "id": id,
        "client_id": uuid7(),
        "target_id": target,
        "platform": "facebook",
        "pixel_id": "123",
        "event_name": "EVENT_PURCHASE",
        "event_id": "order-1",
        "event_time": at,
        "click_id": None,
        "value": Decimal("1234.5"),
        "currency": "BRL",
        "identity": {"em": [HASH], "fbc": "fb.1.1700000000000.abc"},
        "fields": {"content_name": "Depósito", "contents": [{"id": "a", "quantity": 2}]},
    } | values


def add_delivery(
    connection: Connection, account_id: UUID, target: UUID, event: UUID, status: str, **values: Any
) -> None:
    """Of the event's own id, counted in the figures."""
    at = ids.created_at(event)
    error = values.pop("error", ErrorClass.REFUSED if status == "dead" else None)
    done_at = at + timedelta(seconds=1) if status in (Status.DONE, Status.DEAD, Status.CANCELLED) else None
    row = {
        "account_id": account_id,
        "id": event,
        "kind": "conversion",
        "target_id": target,
        "ref_id": event,
        "ref_at": at,
        "status": status,
        "attempts": 0,
        "next_at": at + timedelta(hours=1),
        "created_at": at,
        "done_at": done_at,
        "error": error,
        "detail": "Invalid parameter" if status == "dead" else None,
    } | values
    connection.execute(insert(Delivery).values(row))
    final = Stand(status, error, done_at)
    shift(connection, [Shift(account_id, target, at, None, final if done_at is not None else OPEN)])


def add_attempt(app: Flask, account_id: UUID, event: UUID, n: int, **values: Any) -> None:
    id = uuid7()
    at = ids.created_at(id)
    row = {
        "account_id": account_id,
        "created_at": at,
        "id": id,
        "delivery_id": event,
        "n": n,
        "started_at": at,
        "duration_ms": 1234,
        "http_status": 503,
        "outcome": "retry",
        "detail": "Server error",
        "response": "<h1>busy</h1>",
    } | values
    with app.app_context(), write() as session:
        session.execute(insert(Attempt).values(row))
