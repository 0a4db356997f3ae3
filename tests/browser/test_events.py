"""The event log in a real browser: filters and chips, a live row, an export, a correction; every look of every page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from app.core import clock
from app.core.db import write
from app.outbound import repair
from app.tracking.models import TrackedEvent
from tests.browser.conftest import Console
from tests.browser.steps import submit
from tests.people import Browser
from tests.tracking.events import HASH, add_attempt, new_event
from tests.tracking.test_pages import new_pixel

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

Check = Callable[[Page, str], None]
ROWS = "#events-rows tbody tr"
WHY = '{"error": {"message": "Invalid parameter", "code": 100, "fbtrace_id": "AbCdEf"}}'


@pytest.fixture
def events(app: Flask, admin: Browser) -> dict[str, UUID]:
    """One event in each state, the failed one with its attempts, and some more."""
    own, pixel = admin.person.account_id, new_pixel(app, admin.person, description="Loja de Calçados São João")
    fields: dict[str, Any] = {"value": "49.90", "currency": "BRL", "content_name": "Tênis", "contents": [{"id": "a"}]}
    found = {
        status: new_event(app, own, pixel, status, fields=fields, click_id="IwAR0" * 50, expires_at=later())
        for status in ("done", "pending", "cancelled", "dead")
    }
    add_attempt(app, own, found["dead"], 1)
    add_attempt(app, own, found["dead"], 2, outcome="rejected", http_status=400, detail="Invalid", response=WHY)
    for _ in range(3):
        new_event(app, own, pixel, event_name="EVENT_COMPLETE_REGISTRATION")
    return found


def later() -> Any:
    return clock.now() + timedelta(days=6)


def test_the_way_back_from_a_row_leads_to_the_list_as_it_was(page: Page, site: str, events: dict[str, UUID]) -> None:
    page.goto(f"{site}/events")
    page.select_option("#filter-status", "failed")
    page.wait_for_url("**/events?status=failed")
    expect(page.locator(ROWS)).to_have_count(1)
    page.locator(ROWS).get_by_role("link").click()
    page.get_by_role("link", name="Ver a entrega").click()
    page.get_by_role("link", name="Ver o evento").click()
    page.locator("main").get_by_role("link", name="Eventos", exact=True).click()
    page.wait_for_url("**/events?status=failed")


def test_filters_chips_and_paging_live_in_the_url(page: Page, site: str, events: dict[str, UUID]) -> None:
    page.goto(f"{site}/events?limit=2")
    page.get_by_role("link", name="Próxima").click()
    page.wait_for_url("**after=**")
    page.goto(f"{site}/events")
    expect(page.locator(ROWS)).to_have_count(7)
    page.select_option("#filter-status", "failed")
    page.wait_for_url("**/events?status=failed")
    expect(page.locator(ROWS)).to_have_count(1)
    expect(page.locator("#events-rows")).to_contain_text("1 evento")
    page.get_by_role("link", name="Remover o filtro Situação: Falhou").click()
    expect(page.locator(ROWS)).to_have_count(7)
    expect(page.locator("#filter-status")).to_have_value("")


def test_a_row_changes_by_itself(page: Page, site: str, app: Flask, admin: Browser, events: dict[str, UUID]) -> None:
    page.goto(f"{site}/events?status=failed")
    live = page.locator("#events-rows [data-refresh]")
    with page.expect_response(lambda answer: answer.status == 204):
        live.dispatch_event("refresh")
    expect(page.locator(ROWS)).to_have_count(1)
    with app.app_context(), write() as session:
        repair.replay(session.connection(), admin.person.account_id, [events["dead"]], clock.now())
    live.dispatch_event("refresh")
    expect(page.locator(ROWS)).to_have_count(0)
    assert page.url == f"{site}/events?status=failed"


def test_the_filtered_set_is_downloaded(page: Page, site: str, events: dict[str, UUID]) -> None:
    page.goto(f"{site}/events?status=failed")
    with page.expect_download() as waiting:
        page.get_by_role("button", name="CSV").click()
    assert waiting.value.suggested_filename == "eventos.csv"
    content = waiting.value.path().read_text("utf-8-sig")
    assert content.count("\n") == 2
    assert f"track_{events['dead'].hex}" in content


def test_an_event_is_corrected_after_a_mistake(
    page: Page, site: str, app: Flask, events: dict[str, UUID], console: Console
) -> None:
    console.expect("422")
    page.goto(f"{site}/events/{events['dead']}")
    page.get_by_role("link", name="Corrigir").click()
    expect(page.locator("#value")).to_have_value("49,90")
    page.fill("#value", "muito")
    page.get_by_text("A pessoa", exact=True).click()
    expect(page.locator("#email")).to_have_value("")
    page.fill("#email", "ana@example.com")
    submit(page)
    expect(page.locator("#tracking-form [data-focus]")).to_be_focused()
    expect(page.locator("#email")).to_have_value("ana@example.com")
    page.fill("#value", "79,90")
    submit(page)
    expect(page.locator("#toasts")).to_contain_text("Corrigido e reenviado")
    expect(page.locator("#events-history")).to_contain_text("Campos corrigidos por uma pessoa")
    with app.app_context(), write() as session:
        assert session.query(TrackedEvent).filter_by(id=events["dead"]).one().em_hash != HASH


def test_every_page_is_accessible_and_fits_in_every_look(
    page: Page, site: str, events: dict[str, UUID], holds_up: Check
) -> None:
    paths = {
        "log": "/events",
        "log-filtered": "/events?status=failed&platform=facebook&period=7d&from=2026-01-01",
        "log-odd": "/events?from=2026-02-02&to=2026-01-01",
        "log-nothing": "/events?q=nothing-has-this",
        "event-failed": f"/events/{events['dead']}",
        "event-waiting": f"/events/{events['pending']}",
        "event-correct": f"/events/{events['dead']}/correct",
    }
    for name, path in paths.items():
        page.goto(f"{site}{path}")
        page.evaluate("document.querySelectorAll('main details').forEach((each) => { each.open = true; })")
        holds_up(page, name)
