"""Everything here is about deliveries in every state, with their figures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import insert

from app.core import clock
from app.core.db import begin_write
from app.core.ids import uuid7
from app.outbound.models import Attempt, Status, Target, TargetState
from tests.outbound.ledger import Ledger
from tests.tracking_fixtures import drain, make_pixel, settings, simulator

__all__ = ["drain", "make_pixel", "settings", "simulator"]
ENDED = (Status.DONE, Status.DEAD, Status.CANCELLED)
Owe = Callable[..., list[UUID]]


@pytest.fixture
def ledger(app: Flask) -> Ledger:
    return Ledger(app)


@pytest.fixture
def owe(ledger: Ledger) -> Owe:
    """`owe(pixel, 3, status="dead", error="refused")`: deliveries as the engine leaves them."""

    def make(pixel: UUID, count: int = 1, **values: Any) -> list[UUID]:
        ended = {"done_at": clock.now()} if values.get("status") in ENDED else {}
        return ledger.owe(pixel, count, **{**ended, **values})

    return make


@pytest.fixture
def dead(owe: Owe) -> Owe:
    """`dead(pixel, 3)`: dead letters, refused by the platform."""
    usual = {"status": Status.DEAD, "error": "refused", "detail": "Invalid parameter", "attempts": 1}
    return lambda pixel, count=1, **values: owe(pixel, count, **{**usual, **values})


@pytest.fixture
def pause(ledger: Ledger) -> Callable[[UUID], None]:
    return lambda pixel: ledger.change(Target, pixel, state=TargetState.PAUSED, reason="By hand", reason_code="user")


@pytest.fixture
def attempt(ledger: Ledger) -> Callable[..., None]:
    """`attempt(id, n, outcome="retry")`: a try of a delivery in its log."""

    def make(id: UUID, n: int = 1, **values: Any) -> None:
        row = ledger.delivery(id)
        tried = {"outcome": "rejected", "http_status": 400, "duration_ms": 120, "detail": "Invalid parameter", **values}
        with begin_write(ledger.engine) as connection:
            key = {"account_id": row.account_id, "id": uuid7(), "created_at": clock.now(), "started_at": clock.now()}
            connection.execute(insert(Attempt), {**key, "delivery_id": id, "n": n, **tried})

    return make
