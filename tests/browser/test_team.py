"""The team by browser: invite, accept, another role, shut out, and the settings of the account."""

from __future__ import annotations

import re
from collections.abc import Callable

from flask import Flask
from playwright.sync_api import Page, expect
from sqlalchemy import update

from app.accounts.models import User
from app.core.db import db, write
from app.core.runtime import runtime
from app.deliveries.outbox.service import waiting
from tests.browser.conftest import Console
from tests.browser.live import database_url, deliveries, listener, live_url, settings, simulator
from tests.browser.steps import come_in, fill, submit
from tests.people import PASSWORD, Browser, new_user

__all__ = ["database_url", "deliveries", "listener", "live_url", "settings", "simulator"]

Check = Callable[[Page, str], None]
LONG = "a.very.long.address.of.somebody.who.likes.words@long-company-name.example.com"


def invitation_of(app: Flask, email: str) -> str:
    """The link in the letter that waits in the outbox."""
    with app.app_context():
        letter = next(one for one in waiting(db.session(), runtime(app), None) if one.to == email)
    found = re.search(r"http\S+/invitation/\S+", letter.text)
    assert found is not None
    return found[0]


def test_somebody_is_invited_comes_in_gets_another_role_and_is_shut_out(
    page: Page, live_url: str, app: Flask, admin: Browser, console: Console, glance: Check
) -> None:
    console.expect("404")
    console.expect("422")
    come_in(page, live_url, admin)
    page.goto(f"{live_url}/team")
    page.get_by_role("link", name="Convidar alguém").click()
    submit(page)
    page.locator("[data-focus]").wait_for()
    glance(page, "team-invite")
    fill(page, email="nina.alves@example.com")
    page.check("[name=role][value=manager]")
    submit(page)
    expect(page.locator("#team-rows")).to_contain_text("Convidado")
    page.get_by_role("link", name="nina.alves@example.com").click()

    link = invitation_of(app, "nina.alves@example.com")
    with page.context.browser.new_context(locale="pt-BR", reduced_motion="reduce") as elsewhere:  # type: ignore[union-attr]
        door = elsewhere.new_page()
        door.goto(link)
        glance(door, "team-accept")
        fill(door, name="Nina Alves", password=PASSWORD)
        submit(door)
        door.wait_for_url(f"{live_url}/")
        expect(door.locator("#toasts")).to_contain_text("Você está na equipe de")
        door.goto(link)
        expect(door.locator("h1")).to_have_text("Este convite não vale mais")

        page.goto(f"{live_url}/team?q=nina")
        glance(page, "team")
        page.get_by_role("link", name="Nina Alves").click()
        page.get_by_role("link", name="Alterar papel").click()
        page.check("[name=role][value=viewer]")
        submit(page)
        expect(page.locator(".toast")).to_contain_text("Papel alterado")
        door.goto(f"{live_url}/profile")
        expect(door.locator("h1")).to_have_text("Entrar")

    page.get_by_role("button", name="Desativar").click()
    page.locator("dialog[open] .btn-danger, dialog[open] .btn-primary").first.click()
    expect(page.locator("#content, main")).to_contain_text("Desativado")
    glance(page, "team-person")
    page.get_by_role("link", name="Remover…").click()
    expect(page.locator("#team-danger")).to_contain_text("nina.alves@example.com")


def test_the_settings_of_the_account(
    page: Page, live_url: str, app: Flask, admin: Browser, console: Console, glance: Check
) -> None:
    console.expect("422")
    come_in(page, live_url, admin)
    page.goto(f"{live_url}/account")
    page.get_by_role("link", name="Editar").click()
    fill(page, retention_days="7")
    page.check("[name=second_factor_roles][value=admin]")
    submit(page)
    page.locator("[data-focus]").wait_for()
    glance(page, "account-edit")
    fill(page, retention_days="90")
    page.uncheck("[name=second_factor_roles][value=admin]")
    submit(page)
    expect(page.locator("main")).to_contain_text("90 dias")
    with app.app_context(), write() as store:
        store.execute(update(User).values(locale="en"))
    new_user(app, "viewer", email=LONG, name=LONG)
    page.goto(f"{live_url}/team?sort=-email")
    expect(page.locator("h1")).to_have_text("Team")
    glance(page, "team-english")
