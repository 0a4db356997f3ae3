"""The catalogue of events in a browser: its looks, an anchor, the search and the programs to copy."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import ALL_LOOKS, NO_SIDE_SCROLL, VIEWPORTS

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_the_catalogue_can_be_read_searched_and_copied_from(
    site: str, page: Page, axe: Callable[..., None], screenshot: Callable[..., None]
) -> None:
    page.goto(f"{site}/webhooks/events")
    for viewport, theme in ALL_LOOKS:
        page.set_viewport_size(VIEWPORTS[viewport])
        page.emulate_media(color_scheme=theme)
        assert page.evaluate(NO_SIDE_SCROLL)
        screenshot(page, f"webhook-catalogue-{viewport}-{theme}")
    axe(page)
    page.locator("#deal-won summary").click()
    page.get_by_text("Python", exact=True).click()
    assert page.evaluate(NO_SIDE_SCROLL)
    expect(page.locator("#deal-won-example")).to_contain_text('"event": "deal.won"')
    expect(page.locator("#sample-python")).to_contain_text("hmac.compare_digest")
    screenshot(page, "webhook-catalogue-open")
    page.get_by_role("searchbox").fill("ganho")
    expect(page.locator("#deal-lost")).to_have_count(0)
    expect(page.locator("#deal-won")).to_be_visible()
