"""Rules of a funnel in a real browser: one put together by keyboard, and the looks of list and form."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from app.funnels.cards import moving
from app.funnels.cards.placing import Place
from app.funnels.rules import service
from tests.browser.conftest import Console
from tests.browser.steps import settled
from tests.funnels.cards.conftest import Deal, make_deal
from tests.people import Browser

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def make_rules(app: Flask) -> Deal:
    """One that ran, in part, and one that is off and waits."""
    deal = make_deal(app)
    talking, actions = (
        str(deal.stages["talking"]),
        [{"kind": "add_tag", "tag": "quente"}, {"kind": "notify", "to": "owner"}],
    )
    lost = [{"kind": "move", "stageId": str(deal.stages["lost"]), "reason": "Sem resposta"}]
    with deal.writing():
        entered = {"name": "Começou a conversa", "trigger": "entered", "stageId": talking, "actions": actions}
        service.create(deal.actor, deal.funnel, entered)
        stayed = {"name": "Esfriou", "trigger": "stayed", "stageId": talking, "days": 30, "actions": lost}
        service.create(deal.actor, deal.funnel, stayed | {"isActive": False})
        moving.move(deal.doer, deal.id, Place(deal.stages["talking"]))
    return deal


def test_a_rule_is_put_together_by_keyboard_and_every_page_holds_up(
    page: Page, site: str, app: Flask, admin: Browser, console: Console, holds_up: Callable[[Page, str], None]
) -> None:
    console.expect("422")
    deal = make_rules(app)
    url = f"{site}{deal.board}/rules"
    page.goto(f"{url}/new")
    page.fill("#name", "VIP")
    with page.expect_response(url):
        page.select_option("#trigger", "tagged")
    expect(page.locator("#tag")).to_be_visible()
    settled(page)
    page.fill("#tag", "VIP")
    with page.expect_response(url):
        page.select_option("#row-0-kind", "move")
    expect(page.locator("#row-0-value")).to_be_visible()
    settled(page)
    with page.expect_response(url):
        page.select_option("#row-0-value", label="Perdido")
    page.locator("#add-row").press("Enter")
    expect(page.locator("#row-1-kind")).to_be_focused()
    settled(page)
    with page.expect_response(url):
        page.select_option("#row-1-kind", "notify")
    settled(page)
    page.locator("#name").press("Enter")
    expect(page.locator("#row-0-reason-error")).to_be_visible()
    holds_up(page, "rules-form")
    page.fill("#row-0-reason", "Sem resposta")
    page.select_option("#row-1-value", "owner")
    page.locator("#row-0-reason").press("Enter")

    expect(page.locator("#funnels-rules")).to_contain_text("VIP”: mover para Perdido, avisar o responsável")
    expect(page.locator("#funnels-runs")).to_contain_text("não feito: o cartão não tem responsável")
    holds_up(page, "rules-list")
