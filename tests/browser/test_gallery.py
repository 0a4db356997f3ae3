"""Every component in a real browser: nothing in the console, nothing for axe, usable on a phone and by keyboard."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Console
from tests.page_app import gallery_app, served

Check = Callable[[Page], None]
Looks = Callable[[Page, Callable[[str], None]], None]
Shot = Callable[[Page, str], Path]
NO_SIDE_SCROLL = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"


@pytest.fixture(scope="module")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served(gallery_app(tmp_path_factory.mktemp("gallery"))) as url:
        yield url


@pytest.mark.parametrize(("path", "name"), [("/ui/", "gallery"), ("/ui/plain", "plain"), ("/ui/error/404", "error")])
def test_every_component_is_accessible_and_fits_in_every_look(
    page: Page, gallery: str, console: Console, axe: Check, in_every_look: Looks, screenshot: Shot, path: str, name: str
) -> None:
    console.expect("404")
    page.goto(gallery + path)

    def check(look: str) -> None:
        screenshot(page, f"{name}-{look}")
        axe(page)
        assert page.evaluate(NO_SIDE_SCROLL), look

    in_every_look(page, check)
