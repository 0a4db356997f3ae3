"""Alerts in a real browser: a rule is changed and switched off, and what was told is read at every size."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from tests.alerts.conftest import Watch, watch
from tests.browser.conftest import Console
from tests.people import new_user

__all__ = ["watch"]
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
LONG = "Meta 123456789012345 (Uma loja com um nome que não acaba tão cedo & <b>mais</b>)"


def test_a_rule_is_changed_and_what_was_told_is_read(
    page: Page, site: str, app: Flask, watch: Watch, glance: Callable[[Page, str], None], console: Console
) -> None:
    console.expect("422")
    new_user(app, "manager", name="Ana Souza", email="ana@example.com")
    watch.dead(3, 41, name=LONG)
    watch.look()
    watch.dead(3, name=LONG)
    watch.look()
    page.goto(f"{site}/alerts")
    expect(page.locator("#alerts-history tbody tr")).to_have_count(2)
    page.locator("#alerts-rules").get_by_role("link").first.click()
    page.fill("#threshold", "0")
    page.click("[data-submit]")
    expect(page.locator("[data-focus]")).to_contain_text("Um número inteiro de 1")
    page.fill("#threshold", "10")
    page.check("#by_mail")
    page.get_by_label("Ana Souza").check()
    glance(page, "alerts-edit")
    page.click("[data-submit]")
    expect(page.locator("#alerts-rules")).to_contain_text("10 entregas desistidas: e-mail para Ana Souza")

    page.locator("#rule-event_drop").click()
    page.get_by_role("button", name="Desligar").click()
    expect(page.locator("#alerts-rules")).to_contain_text("Desligada: só o sino mostra isto.")
    glance(page, "alerts")
