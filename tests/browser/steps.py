"""What several browser tests begin with."""

from __future__ import annotations

from flask import Flask
from playwright.sync_api import Page, expect

from tests.people import Browser

SUMMARY = "[data-focus]"  # of a form's errors, and the headline of what came of it
TAB = {"type": "rawKeyDown", "key": "Tab", "code": "Tab", "windowsVirtualKeyCode": 9}
UNDER_WAY = ".htmx-request, .htmx-swapping, .htmx-added, .htmx-settling"


def printed_link(app: Flask) -> str:
    """The set-up link as the command prints it."""
    return app.test_cli_runner().invoke(args=["setup-link"]).output.strip()


def come_in(page: Page, url: str, person: Browser) -> None:
    """Signs the page in without the form."""
    cookie = person.session_cookie()
    assert cookie is not None
    page.context.add_cookies([{"name": "kalitrack_session", "value": cookie, "url": url}])


def fill(page: Page, **values: str) -> None:
    settled(page)  # a form that just came back takes the focus to its errors, and what is typed with it
    for name, value in values.items():
        page.fill(f"[name={name}]", value)


def submit(page: Page) -> None:
    page.click("[data-submit]")


def settled(page: Page) -> None:
    """Waits until what was asked for has come and has its focus and its keys, as a person does before the next key."""
    expect(page.locator(UNDER_WAY)).to_have_count(0)


def press_tab(page: Page, times: int = 1) -> None:
    """As `page.keyboard.press("Tab")`, at half the cost: many of these tests press it thousands of times."""
    wire = page.context.new_cdp_session(page)
    for _ in range(times):
        wire.send("Input.dispatchKeyEvent", TAB)
    wire.detach()


def tab_to(page: Page, selector: str) -> None:
    """Presses Tab until it is there, as a person without a mouse does."""
    for _ in range(80):  # the menu comes first
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"Tab does not lead to {selector}")
