"""Caring for a pixel in a real browser: health, test events, pause and resume, own event names; every look."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from playwright.sync_api import Page, expect
from sqlalchemy import update

from app.core import clock
from app.core.access import Actor
from app.core.db import write
from app.outbound import targets
from app.outbound.models import Target
from app.pixels import service
from app.simulator import Simulator
from tests.browser.conftest import Console
from tests.browser.steps import settled
from tests.people import Browser
from tests.pixels.test_health import deliver
from tests.tracking_fixtures import settings, simulator

__all__ = ["settings", "simulator"]

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

Check = Callable[[Page, str], None]
TOKEN = "EAAB-a-token-that-nobody-may-see-9f3c"
HOUR = timedelta(hours=1)


@pytest.fixture
def outbound_timeout() -> float:
    return 1


def new_pixel(app: Flask, admin: Browser, **values: Any) -> UUID:
    given = {"platform": "facebook", "pixelId": "123456789012345", "accessToken": TOKEN, **values}
    actor = Actor(admin.person.account_id, admin.person.id, admin.person.email)
    with app.test_request_context(), write():
        return service.create(actor, given).id


def busy_pixel(app: Flask, admin: Browser) -> UUID:
    """A week of deliveries, some of them dead, some waiting."""
    id = new_pixel(app, admin, description="Loja de Calçados São João", settings={"graphVersion": "v21.0"})
    for day, number in enumerate((3, 6, 4, 8, 5, 2, 7)):
        for _ in range(number):
            deliver(app, admin.person.account_id, id, "done", ago=day * 24 * HOUR + HOUR)
    for status in ("dead", "dead", "pending"):
        deliver(app, admin.person.account_id, id, status, ago=HOUR)
    return id


def test_a_dead_token_is_found_out_replaced_and_the_pixel_resumed(
    page: Page, site: str, app: Flask, admin: Browser, simulator: Simulator
) -> None:
    id = new_pixel(app, admin)
    with app.app_context(), write() as session:
        targets.pause(session.connection(), id, "Error validating access token: session has expired", "auth")
    simulator.behave(kind="expire", times=1)
    page.goto(f"{site}/pixels/{id}")
    page.get_by_role("link", name="Enviar evento de teste").click()
    page.fill("#test_event_code", "TEST12345")
    page.click("[data-submit]")
    expect(page.locator("#pixels-test [data-focus]")).to_be_focused()
    expect(page.locator("#pixels-test .alert")).to_contain_text("recusou as credenciais")
    expect(page.locator("#test_event_code")).to_have_value("TEST12345")

    page.click("[data-submit]")
    expect(page.locator("#pixels-test .alert")).to_contain_text("aceitou o evento de teste")
    assert TOKEN not in page.content()
    page.get_by_role("button", name="Retomar o envio").click()
    expect(page.locator("#toasts")).to_contain_text("Retomado")
    expect(page.locator("main")).not_to_contain_text("session has expired")


def test_a_mistake_is_told_beside_the_field(
    page: Page, site: str, app: Flask, admin: Browser, console: Console
) -> None:
    console.expect("422")
    page.goto(f"{site}/pixels/{new_pixel(app, admin, platform='kwai')}/test")
    page.click("[data-submit]")
    expect(page.locator("#click_id-error")).to_contain_text("precisa do ID de clique")
    expect(page.locator("#pixels-form [data-focus]")).to_be_focused()


def test_a_pixel_is_paused_with_a_reason(page: Page, site: str, app: Flask, admin: Browser, console: Console) -> None:
    console.expect("422")
    page.goto(f"{site}/pixels/{new_pixel(app, admin)}")
    page.get_by_role("button", name="Pausar pixel").click()
    expect(page.locator("#reason-error")).to_be_visible()
    page.fill("#reason", "Token novo a caminho")
    page.get_by_role("button", name="Pausar pixel").click()
    expect(page.locator("main .alert")).to_contain_text("Token novo a caminho")


def test_rows_come_and_go_without_losing_what_was_typed_elsewhere(
    page: Page, site: str, app: Flask, admin: Browser
) -> None:
    id = new_pixel(app, admin, settings={"eventMap": {"EVENT_DOWNLOAD": "Baixou"}})
    page.goto(f"{site}/pixels/{id}/edit")
    page.get_by_text("Substituir").click()
    page.fill("#access_token", "another-token-77zz")
    page.get_by_text("Configurações da plataforma").click()
    page.click("#add-row")
    expect(page.locator("#event_map-1-name")).to_be_visible()
    settled(page)
    page.select_option("#event_map-1-name", "EVENT_FORM_SUBMIT")
    page.fill("#event_map-1-own", "Contact")
    expect(page.locator("#access_token")).to_have_value("another-token-77zz")
    page.click("#remove-row-0")
    expect(page.locator("[name=remove_row]")).to_have_count(1)
    expect(page.locator("#event_map-0-own")).to_have_value("Contact")
    settled(page)
    page.press("#event_map-0-own", "Enter")
    expect(page.locator("main")).to_contain_text("•••• 77zz")
    expect(page.locator("main")).to_contain_text("EVENT_FORM_SUBMIT")
    expect(page.locator("main")).not_to_contain_text("EVENT_DOWNLOAD")


@pytest.mark.parametrize("language", ["pt_BR"])  # English: test_month.py
def test_every_page_holds_up_in_every_look(
    page: Page, site: str, app: Flask, admin: Browser, simulator: Simulator, holds_up: Check, language: str
) -> None:
    page.context.add_cookies([{"name": "locale", "value": language, "url": site}])
    busy = busy_pixel(app, admin)
    kwai = new_pixel(app, admin, platform="kwai", pixelId="290714800540320")
    held = {"breaker": "open", "breaker_until": clock.now() + HOUR, "failures": 5, "last_error": "HTTP 503"}
    with app.app_context(), write() as session:
        session.execute(update(Target).where(Target.id == kwai).values(last_error_at=clock.now(), **held))
    paths = {"pixels": "", "pixel": f"/{busy}", "pixel-broken": f"/{kwai}", "pixel-test": f"/{kwai}/test"}
    for name, path in paths.items():
        page.goto(f"{site}/pixels{path}")
        holds_up(page, f"{name}-{language}")
    for pixel, kind in ((busy, "answer"), (busy, "expire"), (kwai, "html")):
        simulator.calm()
        simulator.behave(kind=kind, latency_ms=1)
        page.goto(f"{site}/pixels/{pixel}/test")
        page.fill("#test_event_code" if pixel == busy else "#click_id", "TEST12345")
        page.click("[data-submit]")
        page.locator("#pixels-test .alert").wait_for()
        holds_up(page, f"pixel-test-{kind}-{language}")
    page.goto(f"{site}/pixels/{busy}/edit")
    page.locator("details").last.evaluate("one => one.open = true")
    page.click("#add-row")
    page.locator("#event_map-0-own").fill("Contact")
    holds_up(page, f"pixel-edit-rows-{language}")
