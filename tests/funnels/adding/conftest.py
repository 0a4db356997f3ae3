"""Many contacts, and a segment of them all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import insert, select

from app.contacts.models import Contact
from app.contacts.segments import service as segments
from app.core import clock
from app.core.access import Actor
from app.core.db import db, write
from app.core.ids import uuid7
from app.funnels.models import Card, Funnel

EVERYBODY = {"all": [{"field": "name", "op": "starts", "value": "P "}]}


@pytest.fixture
def crowd(actor: Actor) -> Callable[..., list[UUID]]:
    """`crowd(250)` -> the ids of so many new contacts, "P 0" and on."""

    def make(number: int, by: Actor = actor, **values: Any) -> list[UUID]:
        now, ids = clock.now(), [uuid7() for _ in range(number)]
        same = {"account_id": by.account_id, "source": "form", "custom": {}, "created_at": now, "updated_at": now}
        rows = [{"id": id_, "name": f"P {n}", "folded_name": f"p {n}", **same, **values} for n, id_ in enumerate(ids)]
        with write() as session:
            session.execute(insert(Contact), rows)
        return ids

    return make


@pytest.fixture
def segment(actor: Actor) -> UUID:
    """Everybody of the crowd."""
    return make_segment(actor)


def make_segment(by: Actor, name: str = "Todos") -> UUID:
    with write():
        return segments.create(by, {"name": name, "rule": EVERYBODY}).id


def on_board(funnel: Funnel) -> list[Card]:
    """From the top."""
    db.session.rollback()
    mine = select(Card).where(Card.funnel_id == funnel.id, Card.removed_at.is_(None))
    return list(db.session.scalars(mine.order_by(Card.rank)))
