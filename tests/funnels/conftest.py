"""Funnels for tests: made by the service, with cards of contacts made on the way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from app.contacts import service as contacts
from app.contacts.service import Source
from app.core.access import Actor
from app.core.db import db, write
from app.funnels.cards import service as cards
from app.funnels.cards.history import Doer
from app.funnels.models import Funnel
from app.funnels.structure import reading, service
from tests.people import new_user

LEADS = ("new", "talking", "qualified", "won", "lost")


@pytest.fixture
def actor(app: Flask) -> Iterator[Actor]:
    """An administrator of the first account, inside the app's context."""
    person = new_user(app, "admin")
    with app.app_context():
        yield Actor(person.account_id, person.id, person.email)


@pytest.fixture
def doer(actor: Actor) -> Doer:
    return Doer(actor)


@pytest.fixture
def make_funnel(actor: Actor) -> Callable[..., Funnel]:
    """`make_funnel("Vendas")`: with the stages that `stages` names."""

    def make(name: str = "Vendas", pattern: str = "leads", by: Actor = actor) -> Funnel:
        with write():
            return service.create(by, {"name": name, "pattern": pattern})

    return make


@pytest.fixture
def stages(actor: Actor) -> Callable[[Funnel], dict[str, UUID]]:
    """`stages(funnel)["qualified"]` -> its id, in a funnel of the pattern "leads"."""
    return lambda funnel: {
        name: stage.id for name, stage in zip(LEADS, reading.stages_of(db.session(), funnel.id), strict=True)
    }


@pytest.fixture
def make_card(doer: Doer) -> Callable[..., UUID]:
    """`make_card(funnel, "Ana", value="10.50", stageId=…)` -> the id of a new card of a new contact."""
    numbers = count(1)

    def make(funnel: Funnel, name: str | None = None, by: Doer = doer, **values: Any) -> UUID:
        with write():
            person = contacts.create(by.actor, {"name": name or f"Pessoa {next(numbers)}"}, Source.FORM)
            return cards.create(by, funnel.id, {"contactId": person.id, **values}).id

    return make
