"""Funnels by browser: a new one, its stages dragged and moved by keyboard, and what the list says."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from playwright.sync_api import Page, expect
from sqlalchemy import select

from app.contacts import service as contacts
from app.contacts.service import Source
from app.core.access import Actor
from app.core.db import db, write
from app.funnels.cards import service as cards
from app.funnels.cards.history import Doer
from app.funnels.models import Funnel
from tests.browser.steps import fill, settled, submit
from tests.people import Browser

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
ORDER = "#funnels-stages tbody tr"


def with_cards(app: Flask, admin: Browser) -> str:
    """Two cards in the only funnel; its id."""
    actor = Actor(admin.person.account_id, admin.person.id, admin.person.email)
    with app.app_context(), write():
        funnel_id = db.session.scalars(select(Funnel.id)).one()
        for name, value in (("Ana", "1234.50"), ("Bia", "99")):
            contact = contacts.create(actor, {"name": name}, Source.FORM)
            cards.create(Doer(actor), funnel_id, {"contactId": contact.id, "value": value})
    return str(funnel_id)


def test_a_funnel_is_made_its_stages_are_put_in_order_and_one_is_deleted(
    app: Flask, admin: Browser, site: str, page: Page, holds_up: Callable[..., None], glance: Callable[..., None]
) -> None:
    page.goto(f"{site}/funnels")
    glance(page, "funnels-empty")
    page.locator(".empty").get_by_role("link", name="Novo funil").click()
    holds_up(page, "funnel-new")
    fill(page, name="Vendas da loja", description="Quem pediu orçamento pelo site ou na loja de Pinheiros")
    page.get_by_label("Leads").check()
    submit(page)
    expect(page.get_by_role("heading", name="Vendas da loja")).to_be_visible()
    id_ = with_cards(app, admin)

    page.goto(f"{site}/funnels/{id_}/edit")
    holds_up(page, "funnel-settings")
    fill(page, name="Vendas")
    page.locator(ORDER).nth(1).locator("[data-grip]").drag_to(page.locator(ORDER).nth(0).locator("[data-grip]"))
    settled(page)
    expect(page.locator(ORDER).nth(0)).to_contain_text("Em conversa")
    page.get_by_label("Mover Em conversa para baixo").focus()
    page.keyboard.press("Enter")
    expect(page.locator(ORDER).nth(1)).to_contain_text("Em conversa")
    settled(page)
    expect(page.get_by_label("Mover Em conversa para baixo")).to_be_focused()
    submit(page)  # what was typed before is still there, and not stale
    expect(page.get_by_role("heading", name="Vendas", exact=True)).to_be_visible()

    page.get_by_role("link", name="Em conversa").click()
    glance(page, "stage-form")
    page.goto(f"{site}/funnels/{id_}/edit")
    page.get_by_label("Ações para Novo").click()
    page.get_by_role("link", name="Excluir", exact=True).click()
    page.get_by_label("Para onde vão os cartões").select_option(label="Qualificado")
    glance(page, "stage-delete")
    submit(page)
    expect(page.locator(ORDER)).to_have_count(4)
    page.goto(f"{site}/funnels")
    expect(page.locator("#funnels-rows tbody tr").first).to_contain_text("1.333,50")
    page.get_by_label("Ações para Vendas").click()
    page.get_by_role("link", name="Excluir", exact=True).click()
    fill(page, confirm_name="Vendas")
    page.get_by_role("button", name="Excluir funil").click()
    expect(page.get_by_text("O funil Vendas foi excluído.")).to_be_visible()
    glance(page, "funnels-deleted")
    page.get_by_role("button", name="Desfazer").click()
    page.goto(f"{site}/funnels")
    holds_up(page, "funnels")
