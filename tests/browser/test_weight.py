"""What pages weigh on the wire (PERFORMANCE.md P13): the first one with all its assets, and every later one."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from app.core.ids import uuid7
from tests.browser.live import database_url, deliveries, listener, live_url, settings, simulator
from tests.browser.steps import come_in
from tests.people import Browser
from tests.tracking.test_pages import new_event

__all__ = ["database_url", "deliveries", "listener", "live_url", "settings", "simulator"]

FIRST, LATER = 200_000, 30_000  # bytes, headers included


@pytest.fixture
def weigh(page: Page) -> Callable[[str], int]:
    """`weigh(url)`: the bytes that Chromium receives for a page and all that it loads; cached ones cost nothing."""
    received: list[float] = []
    wire = page.context.new_cdp_session(page)
    wire.send("Network.enable")
    wire.on("Network.loadingFinished", lambda told: received.append(told["encodedDataLength"]))

    def visit(url: str) -> int:
        received.clear()
        page.goto(url, wait_until="networkidle")
        expect(page.locator("h1").first).to_be_visible()
        return int(sum(received))

    return visit


@pytest.mark.parametrize("path", ["/login", "/", "/events"])
def test_the_first_page_with_all_its_assets_is_light(
    live_url: str, page: Page, admin: Browser, weigh: Callable[[str], int], path: str
) -> None:
    if path != "/login":
        come_in(page, live_url, admin)
    assert 50_000 < weigh(live_url + path) <= FIRST


def test_every_later_page_is_light(
    live_url: str, app: Flask, page: Page, admin: Browser, weigh: Callable[[str], int]
) -> None:
    pixel = uuid7()
    for _ in range(60):
        new_event(app, admin.person.account_id, pixel)
    come_in(page, live_url, admin)
    weigh(f"{live_url}/profile")
    weights = {path: weigh(live_url + path) for path in paths(app)}
    assert len(weights) >= 6
    assert all(weight > 0 for weight in weights.values())
    assert {path: weight for path, weight in weights.items() if weight > LATER} == {}


def paths(app: Flask) -> list[str]:
    """Every page that takes no argument, and the document of the API."""
    apart = ("/api/", "/health/", "/metrics", "/logout", "/login", "/setup", "/attention/bell")  # the last is no page
    rules = (rule for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ()) and not rule.arguments)
    return ["/api/docs", *sorted(rule.rule for rule in rules if not rule.rule.startswith(apart))]
