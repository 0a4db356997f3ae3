"""Pixels and events in a real browser: create, wrong input, change, import, delete; every look of every page."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from app.core.access import Actor
from app.core.db import write
from app.outbound import targets
from app.pixels import service
from tests.browser.conftest import Console
from tests.people import Browser
from tests.tracking.test_pages import add_attempt, new_event

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

Check = Callable[[Page, str], None]
TOKEN = "EAAB-a-token-that-nobody-may-see-9f3c"
CSV = (
    "id,source,pixel_id,access_token,description\n1,kwai,290714800540320,kwai-secret-token-1,Loja\n2,orkut,2,tok-2,x\n"
)


def new_pixel(app: Flask, admin: Browser, **values: object) -> UUID:
    given = {"platform": "facebook", "pixelId": "123456789012345", "accessToken": TOKEN, **values}
    actor = Actor(admin.person.account_id, admin.person.id, admin.person.email)
    with app.test_request_context(), write():
        return service.create(actor, given).id


def test_a_pixel_is_created_after_a_mistake_then_deleted(page: Page, site: str, console: Console) -> None:
    console.expect("422")
    page.goto(f"{site}/pixels")
    page.get_by_role("link", name="Novo pixel").first.click()
    page.select_option("#platform", "facebook")
    page.locator("#graph_version").wait_for(state="attached")
    page.fill("#pixel_id", "12ab")
    page.fill("#access_token", TOKEN)
    page.fill("#description", "Loja Boa")
    page.click("[data-submit]")

    expect(page.locator("#pixels-form [data-focus]")).to_be_focused()
    expect(page.locator("#pixel_id-error")).to_contain_text("só tem números")
    expect(page.locator("#description")).to_have_value("Loja Boa")
    expect(page.locator("#access_token")).to_have_value("")
    page.fill("#pixel_id", "123456789012345")
    page.fill("#access_token", TOKEN)
    page.click("[data-submit]")
    expect(page.locator("h1")).to_have_text("Meta 123456789012345")
    assert TOKEN not in page.content()

    page.get_by_role("link", name="Excluir").click()
    page.fill("[name=confirm_name]", "123")
    page.get_by_role("button", name="Excluir pixel").click()
    expect(page.locator("#pixels-danger-error")).to_be_visible()
    page.fill("[name=confirm_name]", "123456789012345")
    page.get_by_role("button", name="Excluir pixel").click()
    expect(page.locator("#toasts")).to_contain_text("Pixel excluído")
    expect(page.locator("#pixels-rows")).to_contain_text("Ainda não há pixels")


def test_the_token_is_replaced_only_on_demand(page: Page, site: str, app: Flask, admin: Browser) -> None:
    id = new_pixel(app, admin)
    page.goto(f"{site}/pixels/{id}/edit")
    expect(page.locator("#access_token")).to_be_hidden()
    page.get_by_text("Substituir").click()
    page.fill("#access_token", "another-token-77zz")
    page.click("[data-submit]")
    expect(page.locator("main")).to_contain_text("•••• 77zz")


def test_a_file_is_imported_with_a_verdict_for_each_line(page: Page, site: str, tmp_path: Path) -> None:
    file = tmp_path / "trackings.csv"
    file.write_text(CSV, "utf-8")
    page.goto(f"{site}/pixels/import")
    page.set_input_files("#file", file)
    page.click("[data-submit]")

    rows = page.locator("#pixels-imported tbody tr")
    expect(rows).to_have_count(2)
    expect(rows.nth(0)).to_contain_text("Criado")
    expect(rows.nth(1)).to_contain_text("Plataforma desconhecida")
    assert "kwai-secret-token-1" not in page.content()


def test_filters_live_in_the_url(page: Page, site: str, app: Flask, admin: Browser) -> None:
    new_pixel(app, admin, description="Promoção")
    new_pixel(app, admin, platform="kwai", pixelId="777")
    page.goto(f"{site}/pixels")
    page.fill("main [data-search]", "promocao")
    expect(page.locator("#pixels-rows tbody tr")).to_have_count(1)
    page.wait_for_url("**/pixels?q=promocao**")
    page.goto(f"{site}/pixels")
    page.get_by_role("link", name="Kwai").last.click()
    expect(page.locator("#pixels-rows tbody tr")).to_have_count(1)


def test_every_page_is_accessible_and_fits_in_every_look(
    page: Page, site: str, app: Flask, admin: Browser, holds_up: Check
) -> None:
    own = admin.person.account_id
    paused = new_pixel(app, admin, description="Loja de Calçados São João", settings={"graphVersion": "v21.0"})
    new_pixel(app, admin, platform="kwai", pixelId="290714800540320", active=False)
    new_pixel(app, admin, platform="kwai", pixelId="290714800540321", settings={"trackFlag": True})
    event = new_event(app, own, paused, "pending", click_id="IwAR0" * 50)
    add_attempt(app, own, event, 1)
    add_attempt(app, own, event, 2, outcome="auth", http_status=400, detail="Error validating access token")
    new_event(app, own, paused, "dead")
    new_event(app, own, paused)
    with app.app_context(), write() as session:
        targets.pause(session.connection(), paused, "Error validating access token: session has expired", "auth")
    pages = {
        "pixels": "/pixels",
        "pixel": f"/pixels/{paused}",
        "pixel-new": "/pixels/new?platform=facebook",
        "pixel-edit": f"/pixels/{paused}/edit",
        "pixel-delete": f"/pixels/{paused}/delete",
        "pixel-import": "/pixels/import",
        "events": "/events",
        "event": f"/events/track_{event.hex}",
    }
    for name, path in pages.items():
        page.goto(site + path)
        for settings in page.locator("details").all():
            settings.evaluate("one => one.open = true")
        holds_up(page, name)
