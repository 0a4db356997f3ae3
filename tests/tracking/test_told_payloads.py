"""tracking.delivered and tracking.failed as they are told, against their models and as JSON."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import Connection

from app.core import event_types, events
from app.core.json_text import stringify
from app.simulator import Simulator
from tests.tracking_fixtures import ASYNC, META_PURCHASE, Sender

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_what_is_told_of_an_event_is_what_the_catalogue_says(
    app: Flask, sender: Sender, simulator: Simulator, drain: Callable[..., None]
) -> None:
    told: list[tuple[str, dict[str, Any]]] = []

    def hear(_connection: Connection, name: str, _account: UUID, payload: dict[str, Any]) -> None:
        told.append((name, payload))

    for name in ("tracking.delivered", "tracking.failed"):
        events.subscribe(name, hear)
    try:
        first = sender.post(META_PURCHASE, **ASYNC).json["request_id"]
        drain()
        simulator.behave(kind="refuse")
        second = sender.post(META_PURCHASE | {"value": 51}, **ASYNC).json["request_id"]
        drain()
    finally:
        for name in ("tracking.delivered", "tracking.failed"):
            events.unsubscribe(name, hear)

    assert [(name, payload["requestId"]) for name, payload in told] == [
        ("tracking.delivered", first), ("tracking.failed", second),
    ]  # fmt: skip
    for name, payload in told:
        event_types.public()[name].payload.model_validate(payload, extra="forbid")
        assert not any(part in stringify(payload) for part in ("user@example", "5511"))
