"""Entries to be read."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import insert

from app.accounts.models import AuditEntry
from app.accounts.sign_in import first_account
from app.core import clock
from app.core.db import write
from app.core.ids import uuid7


@pytest.fixture
def note(app: Flask) -> Callable[..., UUID]:
    """`note("client.created", ago=timedelta(days=3), actor=…)`: an entry of the first account."""

    def one(action: str = "client.created", ago: timedelta = timedelta(), **values: Any) -> UUID:
        at: datetime = clock.now() - ago
        with app.app_context(), write() as session:
            id_ = uuid7()
            row = {"account_id": first_account(session).id, "actor": "ana@example.com", **values}
            session.execute(insert(AuditEntry).values(id=id_, action=action, created_at=at, **row))
            return id_

    return one
