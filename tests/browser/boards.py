"""A funnel with cards for browser tests, what its page shows, what is stored, and hands that drag."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

import pytest
from flask import Flask
from playwright.sync_api import CDPSession, Page, expect
from sqlalchemy import select

from app.contacts import service as contacts
from app.contacts.service import Source
from app.core.access import Actor
from app.core.db import db, write
from app.funnels.cards import moving
from app.funnels.cards import service as cards
from app.funnels.cards.history import Doer
from app.funnels.cards.placing import Place
from app.funnels.models import Card
from app.funnels.structure import reading, service
from tests.people import Browser

STAGES = ("new", "talking", "qualified", "won", "lost")
SHOWN = """() => Object.fromEntries([...document.querySelectorAll("[data-stage]")].map(column => [column.dataset.stage,
    [...column.querySelectorAll("[data-card]")].map(card => card.dataset.name)]))"""
Shown = dict[str, list[str]]
START: Shown = {"new": ["Ana", "Bia", "Caio"], "talking": ["Davi"]}


@dataclass(frozen=True)
class Board:
    """A funnel of the pattern "leads"; stages by the names in STAGES, cards by the names of their people."""

    app: Flask
    doer: Doer
    funnel_id: UUID
    stages: dict[str, UUID]

    @property
    def path(self) -> str:
        return f"/funnels/{self.funnel_id}"

    def fill(self, stage: str, *names: str, value: str = "100") -> None:
        """Adds cards, so that they stand in this order at the top of the stage."""
        with self.app.app_context(), write():
            for name in reversed(names):
                person = contacts.create(self.doer.actor, {"name": name}, Source.FORM)
                given = {"contactId": person.id, "stageId": self.stages[stage], "value": value}
                cards.create(self.doer, self.funnel_id, given)

    def start(self) -> None:
        for stage, names in START.items():
            self.fill(stage, *names)

    def move(self, name: str, stage: str, reason: str | None = None) -> None:
        """As somebody else does it."""
        id = self.card(name)
        with self.app.app_context(), write():
            moving.move(self.doer, id, Place(self.stages[stage]), reason=reason)

    def card(self, name: str) -> UUID:
        with self.app.app_context():
            return next(card.id for card in self._cards() if self._name(card) == name)

    def stored(self) -> Shown:
        """Names by stage, from the top to the bottom, without empty stages."""
        found: Shown = {}
        with self.app.app_context():
            names = {id: name for name, id in self.stages.items()}
            for card in self._cards():
                found.setdefault(names[card.stage_id], []).append(self._name(card))
        return found

    def shown(self, page: Page) -> Shown:
        found = page.evaluate(SHOWN)
        return {name: found[str(id)] for name, id in self.stages.items() if found[str(id)]}

    def agrees(self, page: Page, **expected: list[str]) -> None:
        """The page shows this, the database holds the same, the head of each column counts it, nothing is saved any
        more."""
        for stage, names in expected.items():
            expect(page.locator(f"#cards-{self.stages[stage]} [data-card]")).to_have_count(len(names))
        expect(page.locator(".is-saving")).to_have_count(0)
        assert self.shown(page) == self.stored() == expected
        for stage, id in self.stages.items():
            expect(page.locator(f"#stage-head-{id} .board-count")).to_have_text(str(len(expected.get(stage, []))))

    def _cards(self) -> list[Card]:
        mine = select(Card).where(Card.funnel_id == self.funnel_id, Card.removed_at.is_(None))
        return list(db.session.scalars(mine.order_by(Card.stage_id, Card.rank)))

    def _name(self, card: Card) -> str:
        assert card.contact_id is not None
        return contacts.get(self.doer.actor.account_id, card.contact_id).name or ""


@pytest.fixture
def board(app: Flask, admin: Browser) -> Board:
    """Empty."""
    doer = Doer(Actor(admin.person.account_id, admin.person.id, admin.person.email))
    with app.app_context():
        with write():
            funnel_id = service.create(doer.actor, {"name": "Vendas", "pattern": "leads"}).id
        stages = reading.stages_of(db.session(), funnel_id)
        return Board(app, doer, funnel_id, {name: one.id for name, one in zip(STAGES, stages, strict=True)})


@pytest.fixture
def opened(board: Board, site: str, page: Page) -> Board:
    """With the cards of START, on the page."""
    board.start()
    page.goto(f"{site}{board.path}")
    return board


def card(page: Page, name: str) -> str:
    """A selector of the card, but not of its copy under the pointer."""
    return f".board [data-card][data-name='{name}']"


def middle(page: Page, selector: str) -> tuple[float, float]:
    box = page.locator(selector).bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


@contextmanager
def in_hand(page: Page, name: str) -> Iterator[Callable[[str, float], None]]:
    """The card is held by the mouse inside the block and dropped at its end: `to(selector, 12)` moves it over
    something, 12 px below its middle."""
    page.mouse.move(*middle(page, card(page, name)))
    page.mouse.down()

    def to(selector: str, below: float = 0) -> None:
        x, y = middle(page, selector)
        page.mouse.move(x, y + below - 4, steps=4)
        page.wait_for_timeout(70)  # it looks where the pointer is every 50 ms
        page.mouse.move(x, y + below)
        page.wait_for_timeout(70)

    yield to
    page.mouse.up()


def drag(page: Page, name: str, selector: str, below: float = 0) -> None:
    with in_hand(page, name) as to:
        to(selector, below)


class Finger:
    """Touches as the browser gets them from a screen."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.wire: CDPSession = page.context.new_cdp_session(page)

    def _send(self, kind: str, *at: tuple[float, float]) -> None:
        points = [{"x": x, "y": y} for x, y in at]
        self.wire.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    def drag(self, name: str, selector: str, rest_ms: int) -> None:
        """Puts the finger on a card, rests, and goes over there."""
        (x, y), (to_x, to_y) = middle(self.page, card(self.page, name)), middle(self.page, selector)
        self._send("touchStart", (x, y))
        self.page.wait_for_timeout(rest_ms)
        for step in range(1, 9):
            self._send("touchMove", (x + (to_x - x) * step / 8, y + (to_y - y) * step / 8))
            self.page.wait_for_timeout(30)
        self.page.wait_for_timeout(70)
        self._send("touchEnd")
