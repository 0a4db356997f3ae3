"""The import of a file in a real browser, from the upload to the undoing, with the keyboard."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from tests.browser.conftest import Console
from tests.browser.steps import SUMMARY
from tests.jobs import run_jobs

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
Check = Callable[[Page, str], None]
PEOPLE = (
    "Nome;Celular;E-mail;Cidade preferida para a entrega das encomendas\r\n"
    "Ana Souza;(11) 98765-4321;ana@example.com;Santos\r\n"
    "Bruno Lima;(21) 99876-5432;;Niterói\r\n"
    "Sem Nada;;;\r\n"
    "Cortado;5,51199E+12;;\r\n"
).encode("cp1252")


def press(page: Page, selector: str) -> None:
    """As a person without a mouse does."""
    page.focus(selector)
    page.keyboard.press("Enter")


def test_a_file_is_imported_and_undone_by_keyboard(
    site: str, app: Flask, page: Page, console: Console, glance: Check
) -> None:
    console.expect("422")
    page.goto(f"{site}/contacts/import/new")
    glance(page, "import-1-file")
    page.set_input_files("[name=file]", {"name": "pessoas.csv", "mimeType": "text/csv", "buffer": PEOPLE})
    press(page, "[data-submit]")
    expect(page.locator("h1")).to_have_text("O que as colunas significam")
    page.focus("[name=column_3]")
    page.keyboard.press("ArrowDown")
    expect(page.locator("[name=column_3]")).to_have_value("name")
    press(page, "[data-submit]")  # twice a name, and the question of consent has no answer
    expect(page.locator(SUMMARY)).to_be_focused()
    expect(page.locator("#consent_answer-error")).to_be_visible()
    expect(page.locator("#column_3-error")).to_be_visible()
    glance(page, "import-2-columns")
    page.select_option("[name=column_3]", "")
    page.focus("#consent_answer-0")
    page.keyboard.press("ArrowDown")
    press(page, "[data-submit]")
    expect(page.locator("h1")).to_have_text("O que a importação faria")
    run_jobs(app)
    go_on = page.get_by_role("button", name="Importar 2 contatos")
    expect(go_on).to_be_visible()  # by itself
    glance(page, "import-3-checked")
    go_on.press("Enter")
    expect(page.get_by_role("button", name="Parar")).to_be_visible()
    run_jobs(app)
    page.reload()
    expect(page.get_by_role("link", name="Ver estes contatos")).to_be_visible()
    glance(page, "import-4-done")
    page.goto(f"{page.url}/check")
    expect(page.locator("[aria-current=step]")).to_have_text("Importação")  # the back button leads nowhere wrong
    page.get_by_role("link", name="Desfazer esta importação").press("Enter")
    page.get_by_role("button", name="Desfazer a importação").press("Enter")
    expect(page.locator("#importing-outcome")).to_contain_text("Sendo desfeita")
    run_jobs(app)
    page.goto(f"{site}/contacts/imports")
    expect(page.locator("td .badge")).to_have_text("Desfeita")
    glance(page, "imports")
