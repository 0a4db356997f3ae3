"""A client that may be used from some places only, and what the audit says of it."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from flask import Flask
from playwright.sync_api import Page, expect

from app.accounts import audit
from app.core.db import write
from app.pixels import service as pixels
from tests.browser.conftest import Console
from tests.browser.live import database_url, deliveries, listener, live_url, settings, simulator
from tests.browser.steps import come_in, submit
from tests.people import Browser

__all__ = ["database_url", "deliveries", "listener", "live_url", "settings", "simulator"]

Check = Callable[[Page, str], None]


def new_pixel(app: Flask, account_id: UUID) -> None:
    with app.app_context(), write():
        given = {
            "platform": "kwai",
            "pixelId": "290714800540320",
            "accessToken": "token-0123456789",
            "description": "Loja",
        }
        pixels.create(audit.system_actor(account_id), given)


def test_a_client_is_fenced_in_and_the_audit_tells_it(
    page: Page, live_url: str, app: Flask, admin: Browser, console: Console, glance: Check
) -> None:
    console.expect("422")
    new_pixel(app, admin.person.account_id)
    come_in(page, live_url, admin)
    page.goto(f"{live_url}/clients/new")
    page.fill("[name=name]", "Loja cercada")
    page.get_by_text("De onde e até quando funciona").click()
    page.fill("[name=addresses]", "minha casa")
    page.get_by_text("Limites por pixel").first.click()
    page.get_by_label("Eventos por hora: Kwai 290714800540320").fill("7")
    submit(page)
    expect(page.locator("#addresses-error")).to_contain_text("10.0.0.0/8")
    page.fill("[name=addresses]", "203.0.113.7\n10.0.0.0/8")
    page.fill("[name=origins]", "https://loja.example")
    page.fill("[name=expires_on]", "2099-12-31")
    glance(page, "client-fenced-form")
    submit(page)
    expect(page.locator("#clients-token")).to_be_visible()
    page.get_by_role("link", name="Copiei o token").click()
    expect(page.locator("main")).to_contain_text("10.0.0.0/8, 203.0.113.7")
    glance(page, "client-fenced")

    page.goto(f"{live_url}/audit")
    entry = page.locator("tr", has_text="Cliente de API criado")
    entry.locator("summary").click()
    expect(entry).to_contain_text("Limites por pixel")
    glance(page, "audit")
    page.fill("[name=actor]", "ninguém")
    expect(page.locator("#audit-rows")).to_contain_text("Nada encontrado")
    page.goto(f"{live_url}/audit?action=client.")
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV").click()
    assert download.value.suggested_filename == "auditoria.csv"
