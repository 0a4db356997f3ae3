"""Segments in a real browser: a rule put together by keyboard, its live figure, and every look of every page."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from app.contacts import service as contacts
from app.contacts.segments import service
from app.contacts.service import Source
from app.core.access import Actor
from app.core.db import write
from tests.browser.steps import settled
from tests.people import Browser

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
VIP = {"field": "tag", "op": "has", "value": "VIP"}
RULE = {
    "all": [
        VIP,
        {"field": "createdAt", "op": "within_days", "value": 30},
        {"any": [
            {"field": "whatsappConsent", "op": "is", "value": "unknown"},
            {"not": {"field": "name", "op": "contains", "value": "Silva"}},
        ]},
    ]
}  # fmt: skip


def acting(admin: Browser) -> Actor:
    return Actor(admin.person.account_id, admin.person.id, admin.person.email)


def make_people(app: Flask, admin: Browser) -> None:
    with app.test_request_context(), write():
        for name in ("Ana", "Bia", "Carla Silva"):
            contacts.create(acting(admin), {"name": name, "tags": ["VIP"]}, Source.FORM)


def test_a_rule_is_put_together_by_keyboard_and_counted_on_the_way(
    page: Page, site: str, app: Flask, admin: Browser
) -> None:
    make_people(app, admin)
    page.goto(f"{site}/segments/new")
    page.locator("#name").focus()
    page.keyboard.type("Anas")
    page.locator("#row-0-field").focus()
    with page.expect_response(f"{site}/segments"):
        page.keyboard.type("Nome")
    expect(page.locator("#row-0-value")).to_be_visible()
    settled(page)
    expect(page.locator("#row-0-field")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.type("a")
    expect(page.locator("#segments-count")).to_contain_text("3 pessoas")
    page.locator("#add-group").press("Enter")
    expect(page.locator("#row-1-field")).to_be_focused()
    settled(page)
    with page.expect_response(f"{site}/segments"):
        page.select_option("#row-1-field", "name")
    expect(page.locator("#row-1-op")).to_be_visible()
    settled(page)
    with page.expect_response(f"{site}/segments"):
        page.select_option("#row-1-op", "!contains")
    settled(page)
    page.fill("#row-1-value", "silva")
    expect(page.locator("#segments-count")).to_contain_text("2 pessoas")
    expect(page.locator("#name")).to_have_value("Anas")
    page.locator("#add-row-0").press("Enter")
    expect(page.locator("#row-2-field")).to_be_focused()
    settled(page)
    page.locator("#remove-row-2").press("Enter")
    expect(page.locator("#match-0")).to_be_focused()
    settled(page)
    page.locator("#row-1-value").press("Enter")

    expect(page.locator("h1")).to_have_text("Anas")
    expect(page.locator("main")).to_contain_text("Nome: não contém “silva”")
    page.get_by_role("link", name="Mostrar os contatos").click()
    expect(page.locator("main")).to_contain_text("Bia")
    expect(page.locator("main")).not_to_contain_text("Carla")


def test_every_page_of_segments_holds_up(
    page: Page, site: str, app: Flask, admin: Browser, holds_up: Callable[[Page, str], None]
) -> None:
    make_people(app, admin)
    with app.test_request_context(), write():
        id_ = service.create(acting(admin), {"name": "VIP que sumiram", "rule": RULE}).id
    for name, path in {"list": "", "one": f"/{id_}", "form": f"/{id_}/edit"}.items():
        page.goto(f"{site}/segments{path}")
        holds_up(page, f"segments-{name}")
