"""An outbox: letters of two accounts, and nothing that sends them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from app.core.settings import Settings
from tests.outbound.ledger import Ledger
from tests.outbound.mail.conftest import message, post

__all__ = ["message", "post"]


@pytest.fixture
def settings(make_settings: Callable[..., Settings], database_url: str) -> Settings:
    return make_settings(database_url=database_url, public_url="https://kalitrack.example")


@pytest.fixture
def ledger(app: Any) -> Ledger:
    return Ledger(app)
