"""Contacts in a real browser: the list, the form and the page of one; every look of each."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from app.contacts import service
from app.contacts.consent import service as consents
from app.contacts.consent.service import Given
from app.contacts.consent.states import Basis, Channel, Consent, ConsentSource
from app.contacts.fields.models import CustomField, FieldKind
from app.contacts.models import Category
from app.contacts.service import Source
from app.core import clock
from app.core.access import Actor
from app.core.db import db, write
from app.core.ids import uuid7
from tests.browser.conftest import Console
from tests.people import Browser

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

Check = Callable[..., None]
KINDS = {
    "birthday": (FieldKind.DATE, "Aniversário", []),
    "shoe": (FieldKind.NUMBER, "Número do calçado", []),
    "club": (FieldKind.YES_NO, "Clube de vantagens", []),
    "city": (FieldKind.CHOICE, "Cidade", ["São Paulo", "Rio de Janeiro"]),
    "note": (FieldKind.TEXT, "Observação", []),
}
NAMES = ("Ana São João", "Bruno Conceição", "Carla d'Ávila", "Débora", "", "Zé <b>Ninguém</b>")


def actor_of(admin: Browser) -> Actor:
    return Actor(admin.person.account_id, admin.person.id, admin.person.email)


def make_groups(account_id: UUID) -> list[UUID]:
    """The custom fields, and two categories."""
    session, made = db.session(), {"account_id": account_id, "created_at": clock.now(), "updated_at": clock.now()}
    for at, (key, (kind, label, options)) in enumerate(KINDS.items()):
        session.add(
            CustomField(
                **made, key=key, label=label, folded_label=label.casefold(), kind=kind, options=options, position=at
            )
        )
    ids = [uuid7(), uuid7()]
    for id, (name, color) in zip(ids, {"Clientes": "#1f5fc4", "Atacado": "#dd6f0a"}.items(), strict=True):
        session.add(Category(**made, id=id, name=name, folded_name=name.casefold(), color=color))
    session.flush()
    return ids


def make_contact(actor: Actor, number: int, categories: list[UUID], **more: Any) -> UUID:
    values: dict[str, Any] = {
        "name": NAMES[number % 6] + (f" {number}" if number % 6 < 4 else ""),
        "phoneNumber": f"(11) 98765-{number:04}" if number % 5 else None,
        "email": f"pessoa.{number}@loja-exemplo.com.br" if number % 3 else None,
        "company": "Calçados São João Ltda" if number % 4 == 0 else None,
        "tags": ["VIP", "Black Friday 2026", "newsletter"][: number % 4],
        "categoryIds": categories[: number % 3],
        "customFields": {"city": "São Paulo", "shoe": 38.5} if number % 2 else {},
        **more,
    }
    contact = service.create(actor, values, Source.FORM)
    db.session().flush()
    if number % 3 != 0:
        state = Consent.GRANTED if number % 3 == 1 else Consent.DENIED
        given = Given(Channel.WHATSAPP, state, ConsentSource.FORM, basis=Basis.CONSENT, detail="Formulário do site")
        consents.record(db.session(), actor, contact, given)
    contact.last_inbound_at = clock.now() - timedelta(hours=number) if number % 2 else None
    return contact.id


@pytest.fixture
def people(app: Flask, admin: Browser) -> list[UUID]:
    """Contacts in different states."""
    with app.test_request_context(), write():
        groups = make_groups(admin.person.account_id)
        return [make_contact(actor_of(admin), number, groups) for number in range(1, 15)]


def test_contacts_are_found_picked_and_shown_in_columns_of_ones_own(
    page: Page, site: str, people: list[UUID], holds_up: Check, glance: Check
) -> None:
    page.goto(f"{site}/contacts")
    rows = page.locator("#contacts-rows tbody tr")
    expect(rows).to_have_count(14)
    holds_up(page, "contacts")
    page.fill("main [data-search]", "conceicao")
    expect(rows).to_have_count(3)
    page.wait_for_url("**/contacts?q=conceicao")
    page.goto(f"{site}/contacts?limit=5&sort=name")
    page.locator("#page-next").click()
    page.wait_for_url("**/contacts?limit=5&sort=name&after=*")
    expect(rows).to_have_count(5)
    page.get_by_text("Colunas", exact=True).first.click()
    page.get_by_label("Cidade").check()
    glance(page, "contacts-columns")
    page.get_by_role("button", name="Mostrar estas").click()
    expect(page.locator("thead")).to_contain_text("Cidade")
    expect(rows).to_have_count(5)
    page.get_by_label("Todos desta página").check()
    page.get_by_label("Selecionar").first.uncheck()
    expect(page.locator("[data-picked]")).to_have_text("selecionados: 4")
    page.get_by_role("button", name="Continuar").click()
    expect(page.locator("main")).to_contain_text("4")


def test_a_contact_is_created_after_mistakes_changed_deleted_and_brought_back(
    page: Page, site: str, people: list[UUID], console: Console, holds_up: Check, glance: Check
) -> None:
    console.expect("422")
    page.goto(f"{site}/contacts/new")
    page.fill("#name", "Rita Lee")
    page.fill("#phone", "11 8765-0001")
    page.click("[data-submit]")
    expect(page.locator("#phone-error")).to_contain_text("nono dígito")
    expect(page.locator("#same-contact")).to_have_text("Bruno Conceição 1")
    expect(page.locator("#name")).to_have_value("Rita Lee")
    glance(page, "contact-new-refused")
    page.fill("#phone", "11 98765-9999")
    page.fill("#tags", "VIP, cantora")
    page.get_by_label("Clientes").check()
    page.fill("#custom_birthday", "1947-12-31")
    page.click("[data-submit]")
    expect(page.locator("h1")).to_have_text("Rita Lee")
    expect(page.locator("#contacts-custom")).to_contain_text("31/12/1947")
    page.locator("#change-shoe").click()
    page.fill("#custom_shoe", "pequeno")
    page.click("#save-shoe")
    expect(page.locator("#custom_shoe")).to_be_focused()
    page.fill("#custom_shoe", "36,5")
    page.click("#save-shoe")
    expect(page.locator("#contacts-custom")).to_contain_text("36,5")
    page.get_by_text("Alterar tags").click()
    page.fill("#set-tags", "VIP")
    page.click("#save-tags")
    expect(page.locator("#contacts-groups")).not_to_contain_text("cantora")
    expect(page.locator("summary:focus")).to_have_text("Alterar tags")  # where the form was that had it
    for settings in page.locator("main details").all():
        settings.evaluate("one => one.open = true")
    holds_up(page, "contact")
    page.get_by_role("button", name="Excluir").click()
    page.get_by_role("button", name="Desfazer").click()
    expect(page.locator("h1")).to_have_text("Rita Lee")


def test_an_empty_list_teaches_the_next_step(page: Page, site: str, glance: Check) -> None:
    page.goto(f"{site}/contacts")
    expect(page.locator("#contacts-rows")).to_contain_text("Ainda não há contatos")
    glance(page, "contacts-empty")
    page.goto(f"{site}/contacts?q=ninguem")
    expect(page.locator("#contacts-rows")).to_contain_text("Ninguém corresponde")
