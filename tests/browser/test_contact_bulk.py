"""Many contacts at once in a real browser: picked, tagged, taken back, deleted."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from app.contacts import service
from app.contacts.service import Source
from app.core.access import Actor
from app.core.db import write
from tests.people import Browser

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_contacts_are_picked_tagged_taken_back_and_deleted(
    app: Flask, page: Page, site: str, admin: Browser, glance: Callable[[Page, str], None]
) -> None:
    actor = Actor(admin.person.account_id, admin.person.id, admin.person.email)
    with app.app_context(), write():
        for name in ("Ana", "Bia", "Carla"):
            service.create(actor, {"name": name, "tags": ["VIP", "Black Friday 2026"][:1]}, Source.FORM)
    page.goto(f"{site}/contacts")
    page.get_by_label("Selecionar Ana").check()
    page.get_by_label("Selecionar Bia").check()
    page.locator("#pick-action").select_option("tag")
    page.get_by_role("button", name="Continuar").click()
    expect(page.locator("#contacts-bulk-count")).to_have_text("2 contatos")
    glance(page, "contacts-bulk-tags")
    page.get_by_label("Novas tags").fill("natal")
    page.locator("#contacts-bulk-go").click()
    done = page.locator("#contacts-bulk-done")
    expect(done).to_contain_text("2 contatos alterados")
    expect(page.get_by_role("cell", name="natal")).to_have_count(2)
    glance(page, "contacts-bulk-done")
    done.get_by_role("button", name="Desfazer").click()
    expect(page.locator("#contacts-bulk-done")).to_contain_text("Desfeito em 2 contatos")
    expect(page.get_by_role("cell", name="natal")).to_have_count(0)

    page.get_by_label("Selecionar Carla").check()
    page.locator("#pick-action").select_option("delete")
    page.get_by_role("button", name="Continuar").click()
    page.get_by_label("Digite 1 para confirmar").fill("1")
    glance(page, "contacts-bulk-delete")
    page.locator("#contacts-bulk-go").click()
    expect(page.locator("#contacts-bulk-done")).to_contain_text("1 contato excluído")
