"""The overview in a real browser: every look, choosing a period, and staying up to date by itself."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from app.core import clock
from app.core.bulk import BulkInsert
from app.core.db import begin_write
from app.core.rollup import hour_of
from app.core.runtime import runtime
from app.outbound.models import DELAYS, DeliveryHour, DeliveryTally
from app.tracking.models import MatchHour
from tests.people import Browser
from tests.tracking_fixtures import ASYNC, KWAI_REGISTRATION, META_PURCHASE, Sender, make_pixel, make_sender

__all__ = ["make_pixel", "make_sender"]
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

Check = Callable[[Page, str], None]
REFRESH = "() => document.querySelector('#reports-overview').dispatchEvent(new Event('refresh'))"


@pytest.fixture
def busy(app: Flask, admin: Browser, make_pixel: Callable[..., Any], make_sender: Callable[..., Sender]) -> Sender:
    """Five weeks with the rhythm of a shop, and two events of just now."""
    pixels = make_pixel("kwai", description="Loja principal"), make_pixel("facebook", description="Campanha")
    sender = make_sender()
    for body in (KWAI_REGISTRATION, META_PURCHASE):
        sender.post(body, **ASYNC)
    account_id, last = admin.person.account_id, hour_of(clock.now()) - timedelta(hours=1)
    hours, signs = [], []
    for back in range(35 * 24):
        hour = last - timedelta(hours=back)
        for number, pixel in enumerate(pixels):
            accepted = round((2 - number) * 20 * (1.2 + math.sin(back / 24 * math.tau)))
            dead = accepted // (15 + 30 * number)
            delays = {f"delay_{place}": 0 for place in range(len(DELAYS))} | {"delay_3": accepted - dead}
            key = {"account_id": account_id, "hour": hour, "target_id": pixel, "shard": 0}
            done = {"accepted": accepted, "done": accepted - dead, "dead": dead, "cancelled": 0}
            hours.append(key | done | delays)
            if number:
                shares = {"em": 0.9, "ph": 0.3, "fbc": 0.7, "fbp": 0.6, "address": 1, "agent": 0.95}
                counts = {sign: int(accepted * share) for sign, share in shares.items()}
                signs.append(key | {"events": accepted} | counts)
    dead_now = {"account_id": account_id, "target_id": pixels[0], "state": "dead", "error": "refused", "shard": 1}
    with begin_write(runtime(app).engine) as connection:
        for model, rows in ((DeliveryHour, hours), (MatchHour, signs), (DeliveryTally, [dead_now | {"number": 12}])):
            BulkInsert(model, list(rows[0]))(connection, rows)
    return sender


@pytest.mark.usefixtures("busy")
def test_it_holds_up_in_every_look(page: Page, site: str, holds_up: Check) -> None:
    page.goto(site)
    expect(page.locator("h1")).to_have_text("Visão geral")
    holds_up(page, "overview")


@pytest.mark.usefixtures("busy")
def test_it_holds_up_in_english(page: Page, site: str, axe: Callable[[Page], None], screenshot: Check) -> None:
    page.context.add_cookies([{"name": "locale", "value": "en", "url": site}])
    page.goto(f"{site}/?period=28d")
    expect(page.locator("h1")).to_have_text("Overview")
    screenshot(page, "overview-28d-english")
    axe(page)


def test_the_first_steps_hold_up(page: Page, site: str, holds_up: Check) -> None:
    page.goto(site)
    expect(page.locator("#overview-sample")).to_contain_text("curl")
    holds_up(page, "overview-first-steps")


@pytest.mark.usefixtures("busy")
def test_dragging_over_the_chart_chooses_its_hours(page: Page, site: str) -> None:
    page.goto(site)
    box = page.locator("#overview-events .chart-plot").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + 50)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + 50, steps=4)
    page.mouse.up()
    page.wait_for_url("**from=*")
    expect(page.locator("#overview-custom")).to_have_class("btn dropdown-toggle btn-primary")
    expect(page.locator("#overview-events")).to_be_visible()


@pytest.mark.usefixtures("busy")
def test_another_period_and_no_comparison_are_chosen(page: Page, site: str) -> None:
    page.goto(site)
    page.get_by_role("link", name="28 dias").click()
    expect(page.get_by_role("link", name="28 dias")).to_have_attribute("aria-current", "true")
    expect(page.locator("#reports-overview")).to_contain_text("comparado com")
    page.get_by_role("link", name="Sem comparação").click()
    expect(page.locator("#reports-overview")).not_to_contain_text("comparado com")
    page.click("#overview-custom")
    page.fill("#overview-from", "2026-01-01")
    page.fill("#overview-to", "2026-01-03")
    page.get_by_role("button", name="Mostrar", exact=True).click()
    page.wait_for_url("**/?from=2026-01-01&to=2026-01-03&compare=none")
    expect(page.locator("#reports-overview")).to_contain_text("01/01/2026 – 03/01/2026")


def test_it_stays_up_to_date_by_itself(page: Page, site: str, busy: Sender) -> None:
    page.goto(site)
    while not page.locator(".list-group-item").count():  # what needs a person is found beside the first look
        page.reload()
    first = page.locator("#reports-overview .stat").first
    before = first.inner_text()
    page.evaluate("document.querySelector('[data-as-of]').textContent = ''")
    with page.expect_response(lambda answer: "x-shown" in answer.request.headers) as still:
        page.evaluate(REFRESH)
    assert still.value.status == 204
    expect(page.locator("[data-as-of]")).not_to_be_empty()
    assert first.inner_text() == before
    busy.post({**KWAI_REGISTRATION, "event_id": "one-more"}, **ASYNC)
    page.evaluate(REFRESH)
    expect(first).not_to_have_text(before)
    page.goto("about:blank")  # or it would ask on while the server goes


@pytest.mark.usefixtures("busy")
def test_g_and_o_lead_to_it_from_anywhere(page: Page, site: str) -> None:
    page.goto(f"{site}/pixels")
    page.keyboard.press("g")
    page.keyboard.press("o")
    expect(page.locator("h1")).to_have_text("Visão geral")
