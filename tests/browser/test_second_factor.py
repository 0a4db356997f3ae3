"""The second factor in a real browser: set up, sign out, sign in with a code, and with a recovery code."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from tests.accounts.second_factor.authenticator import Authenticator, make_sessions_older
from tests.browser.conftest import Console
from tests.browser.steps import fill, submit
from tests.people import PASSWORD, Browser

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

Check = Callable[[Page, str], None]


def sign_out(page: Page) -> None:
    page.get_by_role("button", name="Sair", exact=True).click()
    expect(page.locator("h1")).to_have_text("Entrar")


def sign_in(page: Page, person: Browser, code: str) -> None:
    fill(page, email=person.person.email, password=PASSWORD)
    submit(page)
    expect(page.locator("h1")).to_have_text("Código do segundo fator")
    fill(page, code=code)
    submit(page)


def test_it_is_set_up_and_asked_for(
    app: Flask, page: Page, site: str, admin: Browser, console: Console, glance: Check
) -> None:
    console.expect("422")
    page.goto(f"{site}/profile/two-factor")
    glance(page, "second-factor-none")
    page.get_by_role("button", name="Configurar").click()
    phone = Authenticator(page.locator("#second_factor-secret").inner_text().replace(" ", ""))
    expect(page.locator("#code")).to_be_focused()
    fill(page, code=phone.wrong_code())
    submit(page)
    expect(page.locator("#code-error")).to_be_visible()
    glance(page, "second-factor-app")
    fill(page, code=phone.code())
    submit(page)
    expect(page.locator("#second_factor-codes [data-focus]")).to_be_focused()
    expect(page.locator("[data-print]")).to_be_visible()
    codes = page.locator("#second_factor-list").inner_text().split()
    assert len(codes) == 10
    glance(page, "second-factor-codes")
    page.get_by_role("link", name="Já os guardei").click()
    expect(page.locator("main")).to_contain_text("Ativado")
    glance(page, "second-factor-on")

    sign_out(page)
    sign_in(page, admin, phone.wrong_code())
    expect(page.locator(".alert-danger")).to_be_visible()
    glance(page, "login-code")
    fill(page, code=phone.code(1))
    submit(page)
    expect(page.locator("h1")).to_have_text("Visão geral")
    sign_out(page)
    sign_in(page, admin, codes[0])
    expect(page.locator("h1")).to_have_text("Visão geral")

    make_sessions_older(app)
    page.goto(f"{site}/profile/two-factor")
    expect(page.locator("h1")).to_have_text("Confirme que é você")
    glance(page, "confirm")
    fill(page, password=PASSWORD)
    submit(page)
    expect(page.locator("main")).to_contain_text("Códigos de recuperação restantes")
    expect(page.locator("main")).to_contain_text("9")
