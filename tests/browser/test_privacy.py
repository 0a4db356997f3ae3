"""The privacy desk in a browser: a person recorded, looked at, deleted by the keyboard."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask
from playwright.sync_api import Page, expect

from app.accounts.audit import system_actor
from app.contacts import service
from app.contacts.service import Source
from app.core.db import write
from tests.browser.conftest import Console
from tests.browser.live import database_url
from tests.browser.steps import fill, submit, tab_to
from tests.jobs import run_jobs
from tests.people import Browser

__all__ = ["database_url"]

PHONE = "+5511987651234"
Check = Callable[[Page, str], None]


def test_a_person_is_found_and_deleted(
    app: Flask, admin: Browser, site: str, page: Page, console: Console, holds_up: Check, glance: Check
) -> None:
    console.expect("422")
    with app.app_context(), write():
        values = {"name": "Ana Prado", "phoneNumber": PHONE, "email": "ana@exemplo.com.br", "tags": ["vip"]}
        service.create(system_actor(admin.person.account_id), values, Source.FORM)
    page.goto(f"{site}/privacy")
    glance(page, "privacy-none")
    page.goto(f"{site}/privacy/new")
    submit(page)
    expect(page.locator("[data-focus]")).to_be_focused()
    glance(page, "privacy-new")
    page.select_option("[name=kind]", "deletion")
    fill(page, phone="11 98765-1234")
    submit(page)
    page.wait_for_url("**/privacy/*-*")
    holds_up(page, "privacy-request")
    address = page.url
    page.focus(".page-header a")  # past the menu
    tab_to(page, "a[href$='/delete']")
    page.keyboard.press("Enter")
    page.fill("[name=confirm_name]", PHONE)
    glance(page, "privacy-delete")
    page.keyboard.press("Enter")
    page.wait_for_url("**/jobs/*")
    run_jobs(app)
    page.goto(address)
    expect(page.locator("body")).not_to_contain_text(PHONE)
    holds_up(page, "privacy-closed")
    page.goto(f"{site}/privacy")
    glance(page, "privacy-list")
    page.goto(f"{site}/privacy/forgotten")
    fill(page, email="ana@exemplo.com.br")
    submit(page)
    expect(page.locator("#privacy-return-name")).to_be_visible()
    glance(page, "privacy-forgotten")
