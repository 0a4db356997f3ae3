"""What several browser tests begin with."""

from __future__ import annotations

from flask import Flask
from playwright.sync_api import Page

from tests.people import Browser


def printed_link(app: Flask) -> str:
    """The set-up link as the command prints it."""
    return app.test_cli_runner().invoke(args=["setup-link"]).output.strip()


def come_in(page: Page, url: str, person: Browser) -> None:
    """Signs the page in without the form."""
    cookie = person.session_cookie()
    assert cookie is not None
    page.context.add_cookies([{"name": "kalitrack_session", "value": cookie, "url": url}])
