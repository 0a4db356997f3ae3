"""A segment put into a funnel in a real browser: counted while one chooses, added, taken back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from app.contacts import service as contacts
from app.contacts.segments import service as segments
from app.contacts.service import Source
from app.core.access import Actor
from app.core.db import write
from app.funnels.cards import service as cards
from app.funnels.cards.history import Doer
from app.funnels.structure import service as structure
from tests.people import Browser

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_a_segment_is_counted_added_and_taken_back(
    app: Flask, page: Page, site: str, admin: Browser, console: Any, glance: Callable[[Page, str], None]
) -> None:
    actor = Actor(admin.person.account_id, admin.person.id, admin.person.email)
    with app.app_context(), write():
        people = [contacts.create(actor, {"name": f"Ana {n}", "tags": ["vip"]}, Source.FORM).id for n in range(3)]
        rule = {"field": "name", "op": "starts", "value": "Ana"}
        segments.create(actor, {"name": "Clientes de Santos", "rule": rule})
        funnel = structure.create(actor, {"name": "Vendas", "pattern": "leads"})
        cards.create(Doer(actor), funnel.id, {"contactId": people[0]})
        id_ = funnel.id
    page.goto(f"{site}/funnels/{id_}/add")
    page.get_by_label("Segmento").select_option("Clientes de Santos")
    count = page.locator("#adding-count")
    expect(count).to_contain_text("3 pessoas")
    expect(count).to_contain_text("1 já tem um cartão aberto aqui")
    glance(page, "funnels-adding")
    console.expect("422")
    page.get_by_label("Valor de cada cartão").fill("muito")
    page.get_by_role("button", name="Adicionar ao funil").click()
    expect(page.get_by_role("alert")).to_be_focused()
    expect(count).to_contain_text("3 pessoas")
    page.get_by_label("Valor de cada cartão").fill("1.500,00")
    page.get_by_role("button", name="Adicionar ao funil").click()
    done = page.locator("#adding-done")
    expect(done).to_contain_text("2 contatos adicionados")
    expect(page).to_have_url(f"{site}/funnels/{id_}")
    done.get_by_role("button", name="Desfazer").click()
    expect(page.locator("#adding-done")).to_contain_text("2 cartões retirados")
