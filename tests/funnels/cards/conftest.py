"""One card in a funnel, for tests that come as a browser does: nothing is open between their requests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from app.contacts import service as contacts
from app.contacts.service import Source
from app.core.access import Actor
from app.core.db import db, write
from app.funnels.cards import service
from app.funnels.cards.history import Doer
from app.funnels.models import Card
from app.funnels.structure import reading
from app.funnels.structure.service import create
from tests.funnels.conftest import LEADS
from tests.people import new_user


@dataclass(frozen=True, slots=True)
class Deal:
    """Of Ana, worth R$ 10.50, in the first stage."""

    app: Flask
    actor: Actor
    funnel: UUID
    contact: UUID
    id: UUID
    stages: dict[str, UUID]

    @property
    def doer(self) -> Doer:
        return Doer(self.actor)

    @property
    def board(self) -> str:
        return f"/funnels/{self.funnel}"

    @property
    def url(self) -> str:
        return f"{self.board}/cards/{self.id}"

    @property
    def now(self) -> Card:
        with self.app.app_context():
            return db.session().get_one(Card, self.id)

    @contextmanager
    def writing(self) -> Iterator[Session]:
        with self.app.app_context(), write() as session:
            yield session

    def add(self, name: str, **values: Any) -> UUID:
        """Another contact."""
        with self.writing():
            return contacts.create(self.actor, {"name": name, **values}, Source.FORM).id


@pytest.fixture
def deal(app: Flask) -> Deal:
    return make_deal(app)


def make_deal(app: Flask) -> Deal:
    person = new_user(app, "admin")
    actor = Actor(person.account_id, person.id, person.email)
    with app.app_context(), write() as session:
        funnel = create(actor, {"name": "Vendas", "pattern": "leads"})
        stages = {name: stage.id for name, stage in zip(LEADS, reading.stages_of(session, funnel.id), strict=True)}
        contact = contacts.create(actor, {"name": "Ana"}, Source.FORM)
        card = service.create(Doer(actor), funnel.id, {"contactId": contact.id, "value": "10.50"})
        return Deal(app, actor, funnel.id, contact.id, card.id, stages)
