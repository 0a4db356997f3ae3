"""Keys: to search, to go to a page, to see which keys there are, and to have none."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from tests.browser.conftest import VIEWPORTS
from tests.browser.live import database_url, deliveries, listener, live_url, settings, simulator
from tests.browser.steps import come_in, tab_to
from tests.people import Browser

__all__ = ["database_url", "deliveries", "listener", "live_url", "settings", "simulator"]

Check = Callable[[Page, str], None]
LIST = "#shortcuts"


def keys_of(page: Page) -> dict[str, str]:
    """Key → path, as the menu offers them to this person."""
    links = page.locator("#menu [data-key]").all()
    return {link.get_attribute("data-key") or "": link.get_attribute("href") or "" for link in links}


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def test_g_and_a_letter_open_every_page_that_the_role_may_see(page: Page, live_url: str, admin: Browser) -> None:
    come_in(page, live_url, admin)
    page.goto(f"{live_url}/profile")
    keys = keys_of(page)
    assert keys.items() >= {"e": "/events", "p": "/pixels", "c": "/clients"}.items()
    for key, path in keys.items():
        press(page, "g", key)
        page.wait_for_url(f"{live_url}{path}")
        page.wait_for_load_state()


def test_keys_of_pages_that_a_role_may_not_open_do_nothing(page: Page, live_url: str, viewer: Browser) -> None:
    come_in(page, live_url, viewer)
    page.goto(f"{live_url}/profile")
    assert not {"p", "c"} & set(keys_of(page))
    press(page, "?")
    expect(page.locator(LIST)).not_to_contain_text("Clientes de API")
    press(page, "Escape", "g", "c")
    press(page, "g", "e")
    page.wait_for_url("**/events")


def test_the_list_opens_by_key_and_by_button_and_closes_with_esc(page: Page, live_url: str, admin: Browser) -> None:
    come_in(page, live_url, admin)
    page.goto(f"{live_url}/profile")
    press(page, "?")
    expect(page.locator(LIST)).to_be_visible()
    for text in ("Busca", "Eventos", "Pixels", "Clientes de API"):
        expect(page.locator(LIST)).to_contain_text(text)
    press(page, "g", "e", "/")
    press(page, "Escape")
    expect(page.locator(LIST)).to_be_hidden()
    assert page.url.endswith("/profile")

    page.set_viewport_size(VIEWPORTS["phone"])
    page.click(".navbar-toggler")
    page.click("[data-shortcuts]")
    expect(page.locator(LIST)).to_be_visible()
    page.locator(LIST).get_by_role("button", name="Fechar").click()
    expect(page.locator(LIST)).to_be_hidden()


def test_nothing_fires_while_typing_or_with_a_modifier(page: Page, live_url: str, admin: Browser) -> None:
    come_in(page, live_url, admin)
    page.goto(f"{live_url}/profile")
    page.fill("#name", "")
    page.locator("#name").press_sequentially("ge?/gp")
    expect(page.locator("#name")).to_have_value("ge?/gp")
    page.focus("h1 >> xpath=ancestor::main")
    press(page, "Alt+g", "e", "Control+g", "e", "Shift+G", "e", "g", "Alt+e")
    page.keyboard.press("g")
    page.wait_for_timeout(1600)
    page.keyboard.press("e")
    expect(page.locator(LIST)).to_be_hidden()
    assert page.url.endswith("/profile")


def test_keys_can_be_switched_off_and_on_again(page: Page, live_url: str, admin: Browser) -> None:
    come_in(page, live_url, admin)
    page.goto(f"{live_url}/profile")
    press(page, "?")
    expect(page.locator("[data-shortcuts-switch]")).to_be_checked()
    tab_to(page, "[data-shortcuts-switch]")
    press(page, "Space", "Escape", "?", "g", "e", "/")
    expect(page.locator(LIST)).to_be_hidden()
    page.reload()
    press(page, "?")
    expect(page.locator(LIST)).to_be_hidden()
    page.click("[data-shortcuts]")
    expect(page.locator("[data-shortcuts-switch]")).not_to_be_checked()
    press(page, "Tab", "Space", "Escape", "g", "e")
    page.wait_for_url("**/events")


@pytest.mark.parametrize("path", ["/clients", "/events"])
def test_slash_goes_to_the_search_of_the_page(page: Page, live_url: str, admin: Browser, path: str) -> None:
    come_in(page, live_url, admin)
    page.goto(live_url + path)
    own = page.locator("main [data-search]")
    press(page, "/")
    expect(own if own.count() else page.locator("#find")).to_be_focused()
    expect(page.locator("*:focus")).to_have_value("")


def test_slash_elsewhere_goes_to_the_search_of_events(page: Page, live_url: str, admin: Browser) -> None:
    come_in(page, live_url, admin)
    page.set_viewport_size(VIEWPORTS["phone"])  # or a wide screen at four times the size: the menu is folded
    page.goto(f"{live_url}/profile")
    press(page, "/")
    expect(page.locator("#find")).to_be_focused()
    page.keyboard.type("track_0192")
    press(page, "Enter")
    page.wait_for_url("**/events?q=track_0192")


def test_small_brazilian_keyboards_need_altgr_for_slash(page: Page, live_url: str, admin: Browser) -> None:
    come_in(page, live_url, admin)
    page.goto(f"{live_url}/clients")
    page.evaluate(
        """() => document.body.dispatchEvent(new KeyboardEvent("keydown",
        {key: "/", ctrlKey: true, altKey: true, modifierAltGraph: true, bubbles: true, cancelable: true}))"""
    )
    expect(page.locator("main [data-search]")).to_be_focused()


def test_the_list_is_accessible_and_fits_in_every_look(
    page: Page, live_url: str, app: Flask, admin: Browser, holds_up: Check
) -> None:
    come_in(page, live_url, admin)
    page.goto(f"{live_url}/profile")
    press(page, "?")
    holds_up(page, "shortcuts")


FOCUSABLE = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']"
MARK_FOCUSED = """() => {
    const one = document.activeElement, style = getComputedStyle(one);
    one.dataset.reached = "";
    return style.outlineStyle !== "none" || style.boxShadow !== "none" ? "" : one.outerHTML;
}"""
NOT_REACHED = """selector => [...document.querySelectorAll(selector)]
    .filter(one => one.checkVisibility() && !one.disabled && one.tabIndex >= 0 && one.dataset.reached === undefined)
    .filter(one => one.type !== "radio" || one.checked)  // arrows lead to the others
    .map(one => one.outerHTML)"""


@pytest.mark.parametrize("path", ["/profile", "/clients/new", "/events", "/pixels/new?platform=facebook"])
def test_tab_reaches_everything_and_shows_where_it_is(page: Page, live_url: str, admin: Browser, path: str) -> None:
    come_in(page, live_url, admin)
    page.goto(live_url + path)
    page.evaluate("() => document.activeElement.blur()")
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    invisible = []
    for _ in range(page.locator(FOCUSABLE).count() + 5):
        invisible.append(page.evaluate(MARK_FOCUSED))
        page.keyboard.press("Tab")
    assert [html for html in invisible if html and not html.startswith("<body")] == []
    assert page.evaluate(NOT_REACHED, FOCUSABLE) == []
