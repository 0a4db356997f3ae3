"""Every component in a real browser: nothing in the console, nothing for axe, usable on a phone and by keyboard."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Console
from tests.page_app import gallery_app, served

Check = Callable[..., None]


@pytest.fixture(scope="module")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served(gallery_app(tmp_path_factory.mktemp("gallery"))) as url:
        yield url


@pytest.mark.parametrize(("path", "name"), [("/ui/", "gallery"), ("/ui/plain", "plain"), ("/ui/error/404", "error")])
def test_every_component_is_accessible_and_fits_in_every_look(
    page: Page, gallery: str, console: Console, holds_up: Check, path: str, name: str
) -> None:
    console.expect("404")
    page.goto(gallery + path)
    holds_up(page, name, in_all_looks=True)


def test_failed_form_keeps_what_was_typed_and_focuses_the_summary(page: Page, gallery: str, console: Console) -> None:
    console.expect("422")
    page.goto(gallery + "/ui/")
    page.fill("#gallery-form #name", "Loja")
    page.click("#gallery-form [data-submit]")

    summary = page.locator("#gallery-form [data-focus]")
    expect(summary).to_be_focused()
    expect(page.locator("#gallery-form #name")).to_have_value("Loja")
    expect(page.locator("#email")).to_have_attribute("aria-describedby", "email-error")
    assert page.url == gallery + "/ui/"


def test_failed_form_is_the_same_without_javascript(browser: Browser, gallery: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(gallery + "/ui/")
    page.fill("#gallery-form #name", "Loja")
    page.click("#gallery-form [data-submit]")

    expect(page.locator("#gallery-form [data-focus]")).to_be_visible()
    expect(page.locator("#gallery-form #name")).to_have_value("Loja")
    expect(page.locator(".dropdown-item").first).to_be_visible()
    context.close()


def test_filters_sort_and_pages_live_in_the_url_and_survive_the_back_button(page: Page, gallery: str) -> None:
    page.goto(gallery + "/ui/")
    page.click("#sort-value")
    expect(page).to_have_url(gallery + "/ui/?sort=value")
    expect(page.locator("#sort-value")).to_be_focused()
    page.fill("#filter-q", "pixel 0")
    expect(page).to_have_url(gallery + "/ui/?q=pixel%200&sort=value")
    expect(page.locator("#gallery-rows tbody tr")).to_have_count(8)
    page.click("#page-next")
    expect(page.locator("#gallery-rows tbody tr")).to_have_count(1)

    page.go_back()
    expect(page.locator("#gallery-rows tbody tr")).to_have_count(8)
    expect(page.locator("h1")).to_be_visible()


def test_theme_and_language_stay_chosen(page: Page, gallery: str) -> None:
    page.goto(gallery + "/ui/")
    page.click("[data-theme-button][value=dark]")
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    page.click("button[value=en]")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")


def test_dangerous_button_asks_first(page: Page, gallery: str) -> None:
    page.goto(gallery + "/ui/")
    page.click("#gallery-actions")
    page.click("[aria-labelledby=gallery-actions] form button")
    expect(page.locator("#confirm")).to_be_visible()
    page.click("#confirm [value=no]")
    expect(page.locator("#confirm")).to_be_hidden()
    assert page.url == gallery + "/ui/"


def test_confirmed_button_goes_through_once(page: Page, gallery: str, console: Console) -> None:
    console.expect("422")  # the gallery's delete also wants the name
    page.goto(gallery + "/ui/")
    page.click("#gallery-actions")
    page.click("[aria-labelledby=gallery-actions] form button")
    with page.expect_request("**/ui/delete") as sent:
        page.click("#confirm [value=yes]")
    assert sent.value.method == "POST"


def test_server_error_is_told_in_a_toast_and_leaves_the_page_as_it_was(
    page: Page, gallery: str, console: Console
) -> None:
    console.expect("500")
    page.goto(gallery + "/ui/")
    page.click("#gallery-fail")

    expect(page.locator("#toasts [role=alert]")).to_contain_text("0198c0de")
    expect(page.locator("#gallery-rows tbody tr")).to_have_count(8)


def test_lost_connection_is_told_in_words(page: Page, gallery: str, console: Console) -> None:
    console.expect("ERR_FAILED")
    console.expect("htmx:")
    page.goto(gallery + "/ui/")
    page.route("**/ui/error/500", lambda route: route.abort())
    page.click("#gallery-fail")
    expect(page.locator("#toasts [role=alert]")).to_be_visible()


def test_live_fragment_loads_itself_again(page: Page, gallery: str) -> None:
    page.clock.install()
    page.goto(gallery + "/ui/")
    with page.expect_response("**/ui/clock"):
        page.clock.run_for(7_000)


def test_hidden_tab_loads_nothing(page: Page, gallery: str) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.clock.install()
    page.goto(gallery + "/ui/")
    page.evaluate("Object.defineProperty(document, 'hidden', {get: () => true})")
    page.clock.run_for(30_000)
    assert not [url for url in asked if url.endswith("/ui/clock")]


def test_code_is_copied(page: Page, gallery: str) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(gallery + "/ui/")
    page.click("[data-copy='#gallery-tag']")
    expect(page.locator("#toasts [data-toast=success]")).to_be_visible()
    assert "id_fatura={{id}}" in page.evaluate("navigator.clipboard.readText()")


def test_menu_opens_on_a_phone_and_slash_finds_the_search(page: Page, gallery: str) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(gallery + "/ui/")
    expect(page.locator("#menu")).to_be_hidden()
    page.click(".navbar-toggler")
    expect(page.locator("#menu .nav-link").first).to_be_visible()
    page.keyboard.press("/")
    expect(page.locator("#filter-q")).to_be_focused()


def test_first_page_weighs_at_most_200_kb(page: Page, gallery: str) -> None:
    page.goto(gallery + "/ui/")
    entries = "[...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]"
    sizes = page.evaluate(f"{entries}.map(entry => entry.encodedBodySize)")
    assert len(sizes) >= 8
    assert sum(sizes) <= 200_000
