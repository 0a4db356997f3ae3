"""Signing in by a provider in a real browser, linking and unlinking it, and the list of sessions."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from playwright.sync_api import Page, expect
from werkzeug.serving import make_server

from app.accounts import sessions
from app.accounts.models import User
from app.core.db import write
from app.core.settings import Settings
from tests.accounts.social.provider import LocalProvider, app_of, variables
from tests.browser.steps import come_in, fill, submit
from tests.page_app import served
from tests.people import Browser

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
Check = Callable[[Page, str], None]
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 Version/18.5 Safari/604.1"


@pytest.fixture
def provider() -> Iterator[LocalProvider]:
    local = LocalProvider(asks=True)
    with served(app_of(local)) as url:
        local.url = url
        yield local


@pytest.fixture
def port() -> int:
    """A free one, which PUBLIC_URL has to name before the product starts."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@pytest.fixture
def settings(make_settings: Callable[..., Settings], database_url: str, provider: LocalProvider, port: int) -> Settings:
    return make_settings(
        database_url=database_url,
        public_url=f"http://127.0.0.1:{port}",
        registration="open",
        **variables(provider.url),
    )


@pytest.fixture
def url(app: Flask, port: int) -> Iterator[str]:
    server = make_server("127.0.0.1", port, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{port}"
    server.shutdown()
    thread.join()


def choose(page: Page, name: str) -> None:
    """On the provider's page."""
    expect(page.locator("h1")).to_have_text("Who are you?")
    page.get_by_role("link", name=name).click()


def test_a_provider_is_linked_signed_in_with_and_unlinked(
    app: Flask, page: Page, url: str, admin: Browser, glance: Check
) -> None:
    come_in(page, url, admin)
    page.goto(f"{url}/profile/providers")
    page.get_by_role("button", name="Vincular o Google").click()
    choose(page, "Ana Lima")
    expect(page.locator("main")).to_contain_text("ana@example.com")
    glance(page, "providers")

    page.context.clear_cookies()
    page.goto(f"{url}/profile/sessions")
    glance(page, "sign-in-with-providers")
    page.get_by_role("link", name="Continuar com o Google").click()
    choose(page, "Ana Lima")
    expect(page.locator("h1")).to_have_text("Sessões")
    expect(page.locator("#sessions-rows tbody tr")).to_have_count(2)  # and the one that linked it

    page.goto(f"{url}/profile/providers")
    page.get_by_role("button", name="Desvincular").click()
    page.get_by_role("button", name="Sim").click()
    expect(page.locator("main")).not_to_contain_text("ana@example.com")
    page.context.clear_cookies()
    page.goto(f"{url}/login")
    page.get_by_role("link", name="Continuar com o Facebook").click()
    choose(page, "Cancel")
    expect(page.locator("[data-toast=danger]")).to_contain_text("Você não concluiu no Facebook.")


def test_a_newcomer_opens_an_account(page: Page, url: str, glance: Check) -> None:
    page.goto(f"{url}/login")
    page.get_by_role("link", name="Continuar com o Google").click()
    choose(page, "Bia Souza")
    expect(page.locator("h1")).to_have_text("Sua empresa")
    glance(page, "newcomer")
    fill(page, account_name="Padaria Souza")
    submit(page)
    page.wait_for_url(f"{url}/")
    expect(page.locator("body")).to_contain_text("Padaria Souza")


def test_sessions_are_seen_and_ended(app: Flask, page: Page, url: str, admin: Browser, glance: Check) -> None:
    with app.app_context(), write() as store:
        user = store.get_one(User, admin.person.id)
        for agent in (IPHONE, "python-requests/2.32.4"):
            kind = sessions.Kind.BROWSER if agent == IPHONE else sessions.Kind.PROGRAM
            sessions.open_session(store, user, ip_address="203.0.113.9", user_agent=agent, kind=kind)
    come_in(page, url, admin)
    page.goto(f"{url}/profile/sessions")
    glance(page, "sessions")
    page.get_by_role("row", name="Safari em iPhone").get_by_role("button", name="Encerrar").click()
    page.get_by_role("button", name="Sim").click()
    expect(page.locator("#sessions-rows tbody tr")).to_have_count(2)
    page.get_by_role("button", name="Encerrar todas as outras").click()
    page.get_by_role("button", name="Sim").click()
    expect(page.locator("main")).to_contain_text("Você está conectado só aqui.")
