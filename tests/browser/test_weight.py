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
AT_ONCE = 5


class Scale:
    """A page of the browser that adds up the bytes it receives; what is cached costs nothing."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._received: list[float] = []
        wire = page.context.new_cdp_session(page)
        wire.send("Network.enable")
        wire.on("Network.loadingFinished", lambda told: self._received.append(told["encodedDataLength"]))

    def load(self, url: str) -> None:
        self._received.clear()
        self._page.goto(url)

    def read(self) -> int:
        """The weight of the page and of all that it loaded, once it has loaded nothing for half a second."""
        self._page.wait_for_load_state("networkidle")
        expect(self._page.locator("h1").first).to_be_visible()
        return int(sum(self._received))


@pytest.fixture
def weigh(page: Page) -> Callable[..., dict[str, int]]:
    """`weigh(url, path, …)`: the bytes that Chromium receives for each path; it waits for several at the same time."""
    scales = [Scale(page)]

    def visit(url: str, *paths: str) -> dict[str, int]:
        while len(scales) < min(AT_ONCE, len(paths)):
            scales.append(Scale(page.context.new_page()))
        weights: dict[str, int] = {}
        for first in range(0, len(paths), AT_ONCE):
            some = list(zip(paths[first : first + AT_ONCE], scales, strict=False))
            for path, scale in some:
                scale.load(url + path)
            weights |= {path: scale.read() for path, scale in some}
        return weights

    return visit


@pytest.mark.parametrize("path", ["/login", "/", "/events"])
def test_the_first_page_with_all_its_assets_is_light(
    live_url: str, page: Page, admin: Browser, weigh: Callable[..., dict[str, int]], path: str
) -> None:
    if path != "/login":
        come_in(page, live_url, admin)
    assert 50_000 < weigh(live_url, path)[path] <= FIRST


def test_every_later_page_is_light(
    live_url: str, app: Flask, page: Page, admin: Browser, weigh: Callable[..., dict[str, int]]
) -> None:
    pixel = uuid7()
    for _ in range(60):
        new_event(app, admin.person.account_id, pixel)
    come_in(page, live_url, admin)
    weigh(live_url, "/profile")
    weights = weigh(live_url, *paths(app))
    assert len(weights) >= 6
    assert all(weight > 0 for weight in weights.values())
    assert {path: weight for path, weight in weights.items() if weight > LATER} == {}


def paths(app: Flask) -> list[str]:
    """Every page that takes no argument, and the document of the API."""
    apart = ("/api/", "/health/", "/metrics", "/logout", "/login", "/setup")
    no_page = ("/attention/bell", "/contact-fields/key", "/contacts/import/model", "/open.gif")  # fragments and files
    rules = (rule for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ()) and not rule.arguments)
    return ["/api/docs", *sorted(rule.rule for rule in rules if not rule.rule.startswith((*apart, *no_page)))]
