"""The figures of a funnel in a real browser: every look, one owner, and the cards as a file."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from random import Random
from uuid import UUID

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from app.contacts import service as contacts
from app.contacts.service import Source
from app.core import clock
from app.core.access import Actor
from app.core.db import db, write
from app.funnels.cards import moving, service
from app.funnels.cards.history import Doer
from app.funnels.cards.placing import Place
from app.funnels.structure import reading
from app.funnels.structure import service as structure
from tests.people import Browser

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
REASONS = ("Preço", "Sem resposta", "Comprou de outro fornecedor que já conhecia")


@pytest.fixture
def funnel(app: Flask, admin: Browser, travel: Callable[[timedelta], None]) -> UUID:
    """Three weeks of a shop, until now."""
    chance, doer = Random(8), Doer(Actor(admin.person.account_id, admin.person.id, admin.person.email))
    travel(timedelta(days=-21))
    with app.app_context():
        with write():
            found = structure.create(doer.actor, {"name": "Vendas", "pattern": "sales"}).id
            stages = reading.stages_of(db.session(), found)
            cards = []
            for number in range(60):
                travel(timedelta(hours=4))
                person = contacts.create(doer.actor, {"name": f"Pessoa {number}"}, Source.FORM)
                value, due = (
                    chance.randrange(100, 9_000),
                    clock.now().date() + timedelta(days=chance.randrange(-9, 150)),
                )
                owner = chance.choice([None, admin.person.id])
                given = {"contactId": person.id, "value": value, "ownerId": owner, "expectedClose": due}
                cards.append(service.create(doer, found, given).id)
                for _ in range(2):
                    stage = chance.choice(stages)
                    why = chance.choice(REASONS) if stage.kind == "lost" else None
                    moving.move(doer, chance.choice(cards), Place(stage.id), reason=why)
        travel(timedelta(days=11))
        return found


def test_figures_hold_up_and_answer(page: Page, site: str, funnel: UUID, holds_up: Callable[[Page, str], None]) -> None:
    page.goto(f"{site}/funnels/{funnel}/figures")
    expect(page.get_by_role("table", name="Conversão de etapa em etapa")).to_contain_text("Negociação")
    holds_up(page, "funnel-figures")
    page.get_by_label("Responsável").first.select_option("Ninguém")
    page.get_by_role("button", name="Mostrar").last.click()
    expect(page).to_have_url(f"{site}/funnels/{funnel}/figures?owner=none")
    with page.expect_download() as taken:
        page.get_by_role("button", name="CSV").click()
    assert taken.value.suggested_filename == "cartoes.csv"
