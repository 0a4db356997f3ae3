"""Webhooks in a real browser: created with the picker, tested, rotated; every look of every page."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from uuid import UUID

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from app.core.access import Actor
from app.core.db import write
from app.core.settings import Settings
from app.outbound import targets
from app.webhooks import rotation, service
from tests.browser.conftest import Console
from tests.browser.steps import fill, submit
from tests.people import Browser

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

Check = Callable[[Page, str], None]


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if "slow" in self.path:
            time.sleep(1.5)
        status = 403 if "forbidden" in self.path else 204
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


@pytest.fixture
def settings(make_settings: Callable[..., Settings], database_url: str) -> Settings:
    """The receiver of these tests is on this machine, and speaks no TLS."""
    return make_settings(database_url=database_url, env="development", allow_private_targets=True)


@pytest.fixture
def receiver() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def new_webhook(app: Flask, admin: Browser, **values: object) -> UUID:
    given = {
        "name": "Loja", "url": "https://hooks.example.com/kalitrack/entrada", "events": ["*"], "description": None,
        "headers": {}, "schedule": "standard", "perSecond": None, "active": True, **values,
    }  # fmt: skip
    actor = Actor(admin.person.account_id, admin.person.id, admin.person.email)
    with app.test_request_context(), write():
        return service.create(actor, given)[0].id


def test_a_webhook_is_created_tested_and_gets_a_new_secret(
    page: Page, site: str, receiver: str, console: Console
) -> None:
    console.expect("422")
    page.goto(f"{site}/webhooks")
    page.get_by_role("link", name="Novo webhook").first.click()
    fill(page, name="Estoque", url=f"{receiver}/in")
    submit(page)
    expect(page.locator("#webhooks-form [data-focus]")).to_be_focused()
    expect(page.locator("#events-error")).to_be_visible()

    page.fill("#events-search", "contact.")
    expect(page.locator("#event-deal-all")).to_be_hidden()
    page.check("#event-contact-all")
    expect(page.locator("#event-contact\\.created")).to_be_checked()
    expect(page.locator("#event-contact\\.created")).to_be_disabled()
    page.locator("#webhooks-form details summary").first.click()
    page.fill("#headers-0-name", "X-Key")
    page.fill("#headers-0-value", "k3y-value")
    page.click("#add-header")
    expect(page.locator("#headers-1-name")).to_be_visible()
    expect(page.locator("#headers-0-value")).to_have_value("k3y-value")
    submit(page)
    secret = page.locator("#webhooks-secret").inner_text()
    assert re.fullmatch(r"whsec_[\w+/=]{44}", secret)

    page.get_by_role("link", name="Copiei o segredo").click()
    expect(page.locator("main")).to_contain_text(f"•••• {secret[-4:]}")
    page.click("#webhooks-test-button")
    expect(page.locator("#webhooks-test .alert-title")).to_contain_text("O endpoint respondeu 204 em")
    expect(page.locator("#webhooks-test [data-focus]")).to_be_focused()

    page.get_by_role("link", name="Substituir o segredo").click()
    submit(page)
    expect(page.locator("#webhooks-rotated")).to_contain_text("assina também")
    page.get_by_role("link", name="Copiei o segredo").click()
    page.get_by_role("button", name="Já troquei").click()
    page.locator("#confirm [value=yes]").click()
    expect(page.locator("#toasts")).to_contain_text("só o novo segredo assina")
    expect(page.locator("#webhooks-secrets li")).to_have_count(1)


def test_a_slow_receiver_is_waited_for_longer_than_a_page_waits_for_us(
    page: Page, site: str, app: Flask, admin: Browser, receiver: str
) -> None:
    slow = new_webhook(app, admin, url=f"{receiver}/slow")
    page.goto(f"{site}/webhooks/{slow}")
    page.evaluate("htmx.config.timeout = 300")
    expect(page.locator("#webhooks-test-waits")).to_be_hidden()

    page.locator("#webhooks-test-button").press("Enter")

    expect(page.locator("#webhooks-test-waits")).to_be_visible()
    expect(page.locator("#webhooks-test .alert-title")).to_contain_text("O endpoint respondeu 204 em")
    expect(page.locator("#webhooks-test [data-focus]")).to_be_focused()


def test_every_page_is_accessible_and_fits_in_every_look(
    page: Page, site: str, app: Flask, admin: Browser, console: Console, holds_up: Check
) -> None:
    console.expect("422")
    page.goto(f"{site}/webhooks")
    holds_up(page, "webhooks-empty")
    well = new_webhook(app, admin, name="Estoque da loja de calçados", events=["deal.*", "contact.created"])
    gone = new_webhook(
        app, admin, name="Antigo", description="Do sistema antigo, que ninguém usa", headers={"X-Key": "k3y-value"}
    )
    with app.test_request_context(), write() as session:
        targets.pause(session.connection(), gone, "HTTP 410", "gone")
        rotation.rotate(Actor(admin.person.account_id, admin.person.id, admin.person.email), well)
    paths = {"": "", "-one": f"/{well}", "-gone": f"/{gone}", "-edit": f"/{gone}/edit", "-rotate": f"/{well}/rotate"}
    for name, path in paths.items():
        page.goto(f"{site}/webhooks{path}")
        for hidden in page.locator("#webhooks-form details").all():
            hidden.evaluate("one => one.open = true")
        holds_up(page, f"webhooks{name}")
    page.goto(f"{site}/webhooks/new")
    submit(page)
    expect(page.locator("#webhooks-form [data-focus]")).to_be_focused()
    holds_up(page, "webhooks-errors")
    fill(page, name="Novo", url="https://hooks.example.com/entrada")
    page.check("#event-all")
    submit(page)
    expect(page.locator("#webhooks-secret")).to_be_visible()
    holds_up(page, "webhooks-secret")
