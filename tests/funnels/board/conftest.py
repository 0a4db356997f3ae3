"""A funnel with people and cards for tests of its board, whose requests must not share a context with the test."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from html import unescape
from typing import Any, TypeVar
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import update
from werkzeug.test import TestResponse

from app.contacts import service as contacts
from app.contacts.service import Source
from app.core import clock
from app.core.access import Actor
from app.core.db import db, write
from app.funnels.cards import moving
from app.funnels.cards import service as cards
from app.funnels.cards.history import Doer
from app.funnels.cards.placing import Place
from app.funnels.models import Card, Stage
from app.funnels.structure import reading, service
from tests.funnels.conftest import LEADS
from tests.people import HTMX, Browser, new_user, sign_in

JSON = {"Accept": "application/json"}
Found = TypeVar("Found")


@dataclass
class Board:
    """One funnel, somebody who works in it, and what a browser of theirs sees."""

    app: Flask
    browser: Browser
    actor: Actor
    id: UUID
    stages: dict[str, UUID]
    names: dict[UUID, str] = field(default_factory=dict)

    @property
    def path(self) -> str:
        return f"/funnels/{self.id}"

    def inside(self, verb: Callable[[], Found]) -> Found:
        with self.app.app_context(), write():
            return verb()

    def card(self, name: str, stage: str = "new", days: int = 0, tags: list[str] | None = None, **values: Any) -> UUID:
        """The id of a new card at the top of a stage, in which it is since `days`; `person`: fields of its contact."""
        person = {"name": name, **({"tags": tags} if tags else {}), **values.pop("person", {})}

        def made() -> UUID:
            contact = contacts.create(self.actor, person, Source.FORM)
            card = cards.create(Doer(self.actor), self.id, {"contactId": contact.id, "stageId": self.stages[stage],
                                                            **values})  # fmt: skip
            db.session.flush()
            since = clock.now() - timedelta(days=days)
            db.session.execute(update(Card).where(Card.id == card.id).values(entered_at=since))
            return card.id

        id_ = self.inside(made)
        self.names[id_] = name
        return id_

    def many(self, number: int) -> list[UUID]:
        """The ids of so many new cards in the first stage, from the top; every other one is worth R$ 1."""

        def made() -> list[UUID]:
            people = [contacts.create(self.actor, {"name": f"Pessoa {one}"}, Source.FORM) for one in range(number)]
            doer = Doer(self.actor)
            ids = [(one.id, at % 2) for at, one in enumerate(people)]
            return [cards.create(doer, self.id, {"contactId": id_, "value": value}).id for id_, value in ids][::-1]

        return self.inside(made)

    def move(self, id: UUID, stage: str, after: UUID | None = None, reason: str | None = None) -> None:
        place = Place(self.stages[stage], after)
        self.inside(lambda: moving.move(Doer(self.actor), id, place, reason=reason))

    def stalls(self, stage: str, days: int) -> None:
        self.inside(
            lambda: db.session.execute(update(Stage).where(Stage.id == self.stages[stage]).values(stalled_after=days))
        )

    def page(self, query: str = "", browser: Browser | None = None) -> Seen:
        answer = (browser or self.browser).get(f"{self.path}{query}", headers=HTMX)
        assert answer.status_code == 200, answer.text
        return Seen.of(answer.text)

    def post_move(
        self, id: UUID, stage: str, browser: Browser | None = None, query: str = "", **form: Any
    ) -> TestResponse:
        url = f"{self.path}/cards/{id}/move{query}"
        return (browser or self.browser).submit(url, {"stage": self.stages[stage], **form}, headers=JSON)


@dataclass
class Seen:
    """What a page shows: stage -> its cards from the top, the HTML of each, stage -> its head."""

    columns: dict[str, list[str]]
    cards: dict[str, str]
    heads: dict[str, str]
    revision: int
    changes: str

    @classmethod
    def of(cls, text: str) -> Seen:
        columns, heads = {}, {}
        for part in re.findall(r"<section class=\"board-column.*?</section>", text, re.S):
            stage = re.search(r'data-stage="([^"]+)"', part)
            head = re.search(r"<header.*?</header>", part, re.S)
            assert stage is not None
            assert head is not None
            columns[stage[1]], heads[stage[1]] = re.findall(r'data-card="([^"]+)"', part), head[0]
        found = re.search(r'data-revision="(\d+)" data-changes="([^"]+)"', text)
        assert found is not None
        return cls(columns, cards_in(text), heads, int(found[1]), unescape(found[2]))

    def figures(self, stage: UUID) -> tuple[str, str]:
        """How many cards a head tells, and their sum."""
        found = re.search(r"board-count\">([^<]*)</span> <strong>([^<]*)", self.heads[str(stage)])
        assert found is not None
        return found[1], found[2].replace("\xa0", " ")


def cards_in(text: str) -> dict[str, str]:
    return {card[1]: card[0].strip() for card in re.finditer(r'<li class="board-card" id="card-([^"]+)".*?</li>', text)}


@pytest.fixture
def board(app: Flask) -> Board:
    person = new_user(app, "operator", name="Ana Lima")
    actor = Actor(person.account_id, person.id, person.email)
    with app.app_context():
        with write():
            id_ = service.create(actor, {"name": "Vendas", "pattern": "leads"}).id
        found = {name: one.id for name, one in zip(LEADS, reading.stages_of(db.session(), id_), strict=True)}
    return Board(app, sign_in(app, person), actor, id_, found)
