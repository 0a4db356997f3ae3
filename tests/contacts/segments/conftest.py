"""Segments made by the service, and what rules name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from app.contacts.segments import service
from app.core.access import Actor
from app.core.db import write

ANAS = {"field": "name", "op": "starts", "value": "Ana"}


@pytest.fixture
def make_segment(actor: Actor) -> Callable[..., UUID]:
    """`make_segment(name="VIP", rule={…})` -> its id."""

    def make(by: Actor = actor, **values: Any) -> UUID:
        with write():
            return service.create(by, {"name": "Anas", "rule": ANAS, **values}).id

    return make
