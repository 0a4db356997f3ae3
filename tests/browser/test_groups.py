"""Categories, tags and custom fields by browser, with the keyboard too."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from app.contacts import service
from app.contacts.categories import service as categories
from app.contacts.fields import service as fields
from app.contacts.service import Source
from app.core.access import Actor
from app.core.db import write
from tests.browser.conftest import Console
from tests.browser.steps import fill, settled, submit
from tests.people import Browser

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
Check = Callable[[Page, str], None]
LONG = "Quem comprou na loja de Pinheiros, pela primeira vez, e pediu que se escrevesse de novo"


@pytest.fixture
def actor(app: Flask, admin: Browser) -> Actor:
    return Actor(admin.person.account_id, admin.person.id, admin.person.email)


def test_a_category_is_made_with_a_colour_of_ones_own(
    app: Flask, actor: Actor, site: str, page: Page, console: Console, glance: Check
) -> None:
    console.expect("422")
    with app.app_context(), write():
        made = [categories.create(actor, {"name": name, "description": LONG}) for name in ("Clientes", "Parceiros")]
        service.create(actor, {"name": "Ana", "categoryIds": [made[0].id]}, Source.FORM)
    page.goto(f"{site}/categories")
    glance(page, "categories")
    page.get_by_role("link", name="Nova categoria").click()
    fill(page, name="clientes")
    expect(page.locator("[type=color]")).to_be_hidden()
    page.get_by_label("Outra cor").first.check()
    page.fill("[type=color]", "#123456")
    submit(page)
    expect(page.locator("#name-error")).to_contain_text("Já existe uma categoria com este nome")
    glance(page, "category-form")
    fill(page, name="Interessados")
    submit(page)
    expect(page.locator('circle[fill="#123456"]')).to_be_visible()


def test_tags_are_merged(app: Flask, actor: Actor, site: str, page: Page, glance: Check) -> None:
    with app.app_context(), write():
        service.create(actor, {"name": "Ana", "tags": ["VIP", "Ouro"]}, Source.FORM)
    page.goto(f"{site}/tags")
    glance(page, "tags")
    page.get_by_label("Ações para VIP").click()
    page.get_by_role("link", name="Unir").click()
    glance(page, "tag-merge")
    fill(page, into="ouro")
    submit(page)
    expect(page.get_by_text("Agora as tags são uma só.")).to_be_visible()
    expect(page.get_by_role("link", name="VIP")).to_have_count(0)


def test_a_field_gets_its_key_is_moved_by_keyboard_and_says_who_has_an_option(
    app: Flask, actor: Actor, site: str, page: Page, console: Console, glance: Check
) -> None:
    console.expect("422")
    with app.app_context(), write():
        fields.create(actor, {"label": "Plano", "kind": "choice", "options": ["Ouro", "Prata"]})
        fields.create(actor, {"label": "Loja", "kind": "text"})
        service.create(actor, {"name": "Ana", "customFields": {"plano": "Ouro"}}, Source.FORM)
    page.goto(f"{site}/contact-fields/new")
    expect(page.locator("#options")).to_be_hidden()
    fill(page, label="Data de nascimento")
    page.keyboard.press("Tab")
    expect(page.locator("#key")).to_have_value("data_de_nascimento")
    expect(page.locator("#kind-0")).to_be_focused()
    page.get_by_label("Data", exact=True).check()
    glance(page, "field-form")
    submit(page)

    expect(page).to_have_url(f"{site}/contact-fields")
    up = '[aria-label="Mover Data de nascimento para cima"]'
    page.focus(up)
    for place in (1, 0):  # it keeps the focus on its way
        expect(page.locator(up)).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.locator("tbody tr").nth(place)).to_contain_text("Data de nascimento")
        settled(page)
    glance(page, "fields")
    page.get_by_label("Ações para Plano").click()
    page.get_by_role("link", name="Editar").click()
    fill(page, options="Prata")
    submit(page)
    expect(page.get_by_text("Ouro: 1 contato")).to_be_visible()
    glance(page, "field-options")
