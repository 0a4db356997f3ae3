"""The API's own pages in a browser: search, one call at a time, one language for all samples, and without a script."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from app import create_app
from app.core.settings import Settings
from tests.page_app import served

Check = Callable[[Page, str], None]


@pytest.fixture(scope="module")
def docs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """No database is looked at."""
    with served(create_app(Settings.load({}, data_dir=tmp_path_factory.mktemp("docs")))) as url:
        yield f"{url}/api/docs"


def test_both_kinds_of_page_hold_up(page: Page, docs: str, holds_up: Check) -> None:
    page.goto(docs)
    holds_up(page, "api-docs-start")
    page.goto(f"{docs}/pixels#post_pixels")
    expect(page.locator("#post_pixels-curl")).to_be_visible()
    holds_up(page, "api-docs-group")


def test_a_call_is_found_by_typing_and_opened_alone(page: Page, docs: str) -> None:
    page.goto(f"{docs}/pixels")
    expect(page.locator("details[open].docs-call")).to_have_count(1)
    page.keyboard.press("/")
    page.keyboard.type("zebra")
    expect(page.locator("[data-docs-words]:visible")).to_have_count(0)
    expect(page.locator("[data-docs-none]")).to_be_visible()
    page.locator(".docs-find input").fill("rotate client")
    found = page.locator("[data-docs-words]:visible")
    expect(found).to_have_count(1)
    found.locator("a").click()
    page.wait_for_url("**/api/docs/clients#post_clients_id_rotate")
    expect(page.locator("details[open].docs-call")).to_have_count(1)
    expect(page.locator("#post_clients_id_rotate")).to_have_attribute("open", "")


def test_the_language_chosen_once_is_that_of_all_samples(page: Page, docs: str) -> None:
    page.goto(f"{docs}/pixels#post_pixels")
    page.locator("#post_pixels [data-language=python]").click()
    expect(page.locator("#post_pixels-python")).to_be_visible()
    page.locator("#get_pixels > summary").click()
    expect(page.locator("#get_pixels-python")).to_be_visible()
    page.goto(f"{docs}/images#get_images")
    expect(page.locator("#get_images-python")).to_be_visible()
    expect(page.locator("#get_images-curl")).to_be_hidden()


def test_it_is_read_without_a_script_and_in_english(browser: Browser, docs: str, tmp_path: Path) -> None:
    with browser.new_context(java_script_enabled=False, locale="en-US") as context:
        page = context.new_page()
        page.goto(f"{docs}/pixels")
        expect(page.locator("main h1")).to_have_text("Pixels")
        expect(page.locator("[data-docs-find]")).to_be_hidden()
        page.locator("#post_pixels > summary").click()
        for language in ("curl", "python", "php", "javascript"):
            expect(page.locator(f"#post_pixels-{language}")).to_be_visible()
        expect(page.locator("#post_pixels").get_by_text("Who may call:")).to_be_visible()
