"""Every page of signing in, API clients, errors and the API's document, in every look."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from flask import Flask
from playwright.sync_api import Page

from app.accounts.clients import service
from app.accounts.clients.service import ClientValues, Scope
from app.core.access import Actor
from app.core.db import write
from tests.browser.conftest import Console
from tests.browser.live import database_url, deliveries, listener, live_url, settings, simulator
from tests.browser.steps import come_in, printed_link
from tests.people import Browser

__all__ = ["database_url", "deliveries", "listener", "live_url", "settings", "simulator"]

Check = Callable[[Page, str], None]
EMPTY = ("pixels", "clients", "events")


def test_doors_hold_up(page: Page, live_url: str, app: Flask, console: Console, holds_up: Check) -> None:
    console.expect("404")
    console.expect("422")
    for name, path in {"login-not-set-up": "/login", "setup-closed": "/setup/none"}.items():
        page.goto(live_url + path)
        holds_up(page, name)
    page.goto(printed_link(app))
    holds_up(page, "setup")
    page.click("[data-submit]")
    page.locator("[data-focus]").wait_for()
    holds_up(page, "setup-wrong")


def test_empty_lists_and_errors_hold_up(
    page: Page, live_url: str, admin: Browser, console: Console, holds_up: Check
) -> None:
    console.expect("404")
    come_in(page, live_url, admin)
    for path in EMPTY:
        page.goto(f"{live_url}/{path}")
        holds_up(page, f"{path}-empty")
    page.goto(f"{live_url}/nowhere")
    holds_up(page, "error-404")


def test_refusal_and_a_viewers_lists_hold_up(
    page: Page, live_url: str, viewer: Browser, console: Console, holds_up: Check
) -> None:
    console.expect("403")
    come_in(page, live_url, viewer)
    page.goto(f"{live_url}/pixels")
    holds_up(page, "pixels-viewer")
    page.goto(f"{live_url}/pixels/new")
    holds_up(page, "error-403")


def test_pages_of_api_clients_hold_up(page: Page, live_url: str, app: Flask, admin: Browser, holds_up: Check) -> None:
    come_in(page, live_url, admin)
    id = new_clients(app, admin)
    pages = {
        "clients": "/clients",
        "client-new": "/clients/new",
        "client": f"/clients/{id}",
        "client-edit": f"/clients/{id}/edit",
        "client-rotate": f"/clients/{id}/rotate",
        "client-revoke": f"/clients/{id}/revoke",
    }
    for name, path in pages.items():
        page.goto(live_url + path)
        holds_up(page, name)
    page.goto(f"{live_url}/clients/{id}/rotate")
    page.click("[data-submit]")
    page.locator("#clients-token").wait_for()
    holds_up(page, "client-rotated")


def new_clients(app: Flask, admin: Browser) -> UUID:
    """Two API clients, one of them revoked; the id of the other."""
    actor = Actor(admin.person.account_id, admin.person.id, admin.person.email)
    with app.test_request_context(), write() as session:
        revoked, _token = service.create(session, actor, ClientValues("Landing page antiga"))
        service.revoke(session, actor, revoked.id)
        values = ClientValues("Loja de Calçados São João", tuple(Scope), per_minute=1200)
        return service.create(session, actor, values)[0].id


def test_document_of_the_api_holds_up(page: Page, live_url: str, holds_up: Check) -> None:
    page.goto(live_url + "/api/docs")
    holds_up(page, "api-docs")
