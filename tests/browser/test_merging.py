"""Merging two contacts and the page of preferences in a real browser, by keyboard."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from app.contacts.consent import links
from tests.browser.steps import tab_to
from tests.contacts.made import made
from tests.people import Browser

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

Check = Callable[[Page, str], None]


def past_the_menu(page: Page) -> None:
    tab_to(page, ".skip")
    page.keyboard.press("Enter")


def test_two_contacts_become_one_without_a_mouse(
    page: Page, site: str, app: Flask, admin: Browser, glance: Check
) -> None:
    kept = made(app, admin.person, name="Ana Souza", phoneNumber="11987654321", email="ana@example.com", tags=["vip"])
    made(app, admin.person, name="Ana de Souza Cavalcanti", phoneNumber="21998765432", email="ana@example.com",
         company="Loja de Calçados São João", tags=["loja"])  # fmt: skip
    page.goto(f"{site}/contacts/duplicates")
    past_the_menu(page)
    tab_to(page, "main a.btn")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Unir dois contatos")
    glance(page, "contacts-merge")
    past_the_menu(page)
    tab_to(page, "[name='side-name']")
    page.keyboard.press("ArrowRight")
    tab_to(page, "[data-submit]")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Ana de Souza Cavalcanti")
    assert page.url == f"{site}/contacts/{kept}"
    expect(page.get_by_text("+5511987654321").first).to_be_visible()
    expect(page.get_by_text("Loja de Calçados São João").first).to_be_visible()
    page.goto(f"{site}/contacts/{kept}/consents")
    glance(page, "contacts-consents")


def test_a_person_says_what_they_want_without_a_sign_in(
    page: Page, site: str, app: Flask, admin: Browser, glance: Check
) -> None:
    ana = made(app, admin.person, name="Ana", phoneNumber="11987654321", email="ana@example.com")
    page.context.clear_cookies()
    with app.app_context():
        page.goto(f"{site}/preferences/{links.token_of(ana)}")
    glance(page, "preferences")
    tab_to(page, "[name=channel]")
    page.keyboard.press("Space")
    tab_to(page, "[name=save]")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").first).to_contain_text("Salvo")
    expect(page.locator("[name=channel]").first).to_be_checked()
    assert page.context.cookies() == []
