"""The panel of a card and quick add in a real browser."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from app.contacts import service as contacts
from app.funnels.cards import moving, service
from app.funnels.cards.placing import Place
from tests.browser.conftest import Console
from tests.browser.steps import SUMMARY, settled, submit
from tests.funnels.cards.conftest import Deal, make_deal

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

Check = Callable[..., None]


@pytest.fixture
def deal(app: Flask) -> Deal:
    """With things to see on it."""
    made = make_deal(app)
    person = {"phoneNumber": "(11) 98765-4321", "email": "ana@loja-exemplo.com.br", "tags": ["VIP", "Black Friday"]}
    with made.writing():
        contacts.update(made.actor, made.contact, person)
        moving.move(made.doer, made.id, Place(made.stages["talking"]))
        service.update(made.doer, made.id, {"notes": "Prefere ser chamada à tarde.", "value": "1234.5"})
    return made


def test_the_panel_keeps_what_is_typed_while_the_deal_goes_on(
    page: Page, site: str, deal: Deal, console: Console, holds_up: Check
) -> None:
    console.expect("422")
    page.goto(f"{site}{deal.url}")
    holds_up(page, "card")
    page.fill("#card-notes", "Ligar na terça")
    page.fill("#card-value", "muito")
    page.click("#cards-won")
    expect(page.locator("#cards-head")).to_contain_text("Reabrir em Novo")
    submit(page)
    expect(page.locator(SUMMARY)).to_contain_text("Um valor, como 1.234,50.")
    expect(page.locator("#card-notes")).to_have_value("Ligar na terça")
    settled(page)
    page.fill("#card-value", "R$ 2.000")
    submit(page)
    expect(page.locator("#cards-head")).to_contain_text("R$ 2.000,00")
    expect(page.locator("#cards-form [data-submit]")).to_be_focused()  # though it was disabled meanwhile
    expect(page.locator("#cards-history")).to_contain_text("Ganho: De Em conversa para Ganho")
    page.click("#cards-remove")
    expect(page.locator("#cards-panel")).to_contain_text("foi removido do funil")
    page.click("#cards-restore")
    expect(page.locator("#card-notes")).to_have_value("Ligar na terça")


def test_cards_are_added_with_the_keyboard_alone(page: Page, site: str, deal: Deal, glance: Check) -> None:
    for name in ("Bruno Conceição", "Bruna Dias"):
        deal.add(name, company="Calçados São João Ltda")
    page.goto(f"{site}{deal.board}/cards/new?stage={deal.stages['new']}")
    page.keyboard.type("bru")
    expect(page.locator("[data-quick-person]")).to_have_count(2)
    glance(page, "card-new")
    settled(page)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("[data-toast=success]")).to_be_visible()
    settled(page)
    page.keyboard.type("bruna")
    expect(page.locator("[data-quick-person]")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.locator("[data-toast=success]")).to_have_count(2)
    settled(page)
    page.keyboard.type("Zuleica")
    expect(page.locator(".cards-found")).to_contain_text("Ninguém encontrado")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Nome")).to_be_focused()
    expect(page.get_by_label("Nome")).to_have_value("Zuleica")
    page.goto(f"{site}/contacts/{deal.contact}")
    glance(page, "contact-deals")
