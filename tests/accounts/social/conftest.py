"""A provider on loopback, the product set up for it, and the steps of a visit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from werkzeug.test import TestResponse

from app.core.settings import Settings
from tests.accounts.social.provider import LocalProvider, app_of, variables
from tests.page_app import served
from tests.people import Browser


@pytest.fixture(scope="session")
def running_provider() -> Iterator[LocalProvider]:
    local = LocalProvider()
    with served(app_of(local)) as url:
        local.url = url
        yield local


@pytest.fixture
def provider(running_provider: LocalProvider) -> LocalProvider:
    running_provider.reset()
    return running_provider


@pytest.fixture
def registration() -> str:
    return "closed"


@pytest.fixture
def settings(
    make_settings: Callable[..., Settings], database_url: str, provider: LocalProvider, registration: str
) -> Settings:
    return make_settings(database_url=database_url, registration=registration, **variables(provider.url))


def leave(browser: Browser, url: str = "/login/google") -> str:
    """Begins a visit; the provider's address with what we ask it."""
    answer = browser.get(url)
    assert answer.status_code == 303, answer.text
    return answer.headers["Location"]


def there(address: str) -> str:
    """What the provider does then: the path of ours that it sends the browser back to."""
    back = requests.get(address, allow_redirects=False, timeout=5).headers["Location"]
    parts = urlsplit(back)
    assert f"{parts.scheme}://{parts.netloc}" == "http://127.0.0.1:5001"
    return f"{parts.path}?{parts.query}"


def visit(browser: Browser, url: str = "/login/google") -> TestResponse:
    """There and back."""
    return browser.get(there(leave(browser, url)))


def link(browser: Browser, provider: str = "google") -> TestResponse:
    answer = browser.submit(f"/profile/providers/{provider}/link")
    assert answer.status_code == 303
    return browser.get(there(answer.headers["Location"]))


def told(browser: Browser) -> list[str]:
    """What the next page would say on top, read once."""
    with browser.session_transaction() as kept:
        flashes: list[Any] = kept.pop("_flashes", [])
    return [message for _tone, message in flashes]


def is_signed_in(browser: Browser) -> bool:
    return browser.get("/profile/sessions").status_code == 200
