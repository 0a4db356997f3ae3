"""Coming in and back in as people do it: register, follow the link, sign in, forget, choose anew, move to another
address."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from app.core.settings import Settings
from tests.browser.conftest import Console
from tests.browser.steps import come_in, fill, submit
from tests.letters import last_letter
from tests.page_app import served
from tests.people import PASSWORD, sign_in

EMAIL = "ana@loja-azul.example"
NEW = "outra frase bem comprida"
Check = Callable[[Page, str], None]


@pytest.fixture
def database_url(tmp_path: Path, migrated_sqlite: Path) -> str:
    file = tmp_path / "kalitrack.db"
    shutil.copy(migrated_sqlite, file)
    return f"sqlite:///{file}"


@pytest.fixture
def settings(make_settings: Callable[..., Any], database_url: str) -> Settings:
    made: Settings = make_settings(database_url=database_url, registration="open")
    return made


@pytest.fixture
def url(app: Flask) -> Iterator[str]:
    with served(app) as address:
        yield address


def follow(page: Page, url: str, app: Flask, email: str) -> None:
    """Opens the link of the newest letter, whose address is that of PUBLIC_URL."""
    page.goto(url + last_letter(app, email).path)


def test_a_company_registers_and_its_administrator_forgets_the_password(
    page: Page, url: str, app: Flask, console: Console, glance: Check
) -> None:
    console.expect("422")
    page.goto(f"{url}/login")
    page.click("a[href='/register']")
    fill(page, account_name="Loja Azul", name="Ana", email=EMAIL, password="curta")
    submit(page)
    expect(page.locator("#password-error")).to_be_visible()
    glance(page, "register")
    fill(page, password=PASSWORD)
    submit(page)
    expect(page.locator("h1")).to_have_text("Veja a sua caixa de entrada")
    glance(page, "register-wait")
    follow(page, url, app, EMAIL)
    expect(page.locator("dl")).to_contain_text("Loja Azul")
    fill(page, password=NEW)
    submit(page)
    expect(page.locator("#password-error")).to_contain_text("cadastre-se você mesmo de novo")
    glance(page, "verify")
    fill(page, password=PASSWORD)
    submit(page)
    expect(page.locator("h1")).to_have_text("Visão geral")
    expect(page.locator("#toasts")).to_contain_text("A sua conta está aberta.")
    page.get_by_role("button", name="Sair", exact=True).click()
    page.click("a[href='/forgot']")
    fill(page, email=EMAIL)
    submit(page)
    expect(page.locator("h1")).to_have_text("Veja a sua caixa de entrada")
    follow(page, url, app, EMAIL)
    glance(page, "reset")
    fill(page, password=NEW, repeated=NEW)
    submit(page)
    expect(page.locator("#toasts")).to_contain_text("Senha alterada.")
    fill(page, email=EMAIL, password=NEW)
    submit(page)
    expect(page.locator("h1")).to_have_text("Visão geral")


def test_a_dead_link_says_what_to_do(page: Page, url: str, console: Console, glance: Check) -> None:
    console.expect("404")
    page.goto(f"{url}/reset/{'x' * 43}")
    glance(page, "link-gone")
    page.get_by_role("link", name="Pedir outro link").click()
    expect(page.locator("h1")).to_have_text("Esqueceu a senha?")


def test_somebody_moves_to_another_address(page: Page, url: str, app: Flask, make_user: Any, glance: Check) -> None:
    come_in(page, url, sign_in(app, make_user(email="ana@example.com")))
    page.goto(f"{url}/profile")
    page.get_by_role("link", name="Trocar o e-mail").click()
    glance(page, "profile-email")
    fill(page, email=EMAIL)
    submit(page)
    expect(page.locator("#email .alert")).to_contain_text(EMAIL)
    follow(page, url, app, EMAIL)
    page.get_by_role("button", name="Confirmar o endereço").click()
    expect(page.locator("#email p").last).to_have_text(EMAIL)
