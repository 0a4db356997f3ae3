"""The pages of e-mail opens over a small month of the demo: in every look, both languages, live, and by keyboard."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from io import BytesIO
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from PIL import Image as Picture
from playwright.sync_api import Page, expect
from sqlalchemy import update

from app.accounts.models import User
from app.core.runtime import runtime
from tests.browser.conftest import NO_SIDE_SCROLL, VIEWPORTS
from tests.browser.opens_month import Month, month
from tests.browser.steps import come_in, press_tab, tab_to
from tests.browser.test_month import AT_ONCE, MISSED, REACHABLE, WATCH
from tests.browser.test_weight import FIRST, LATER

__all__ = ["month"]

pytestmark = pytest.mark.xdist_group("opens")  # one process makes the month, for all tests here

Check = Callable[[Page, str], None]
ALIKE = {"figures-with-machines", "log"}  # to pages that axe looks at
CRAWLER = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"


@pytest.fixture
def desk(page: Page, month: Month) -> Page:
    """The page, signed in as the administrator of the larger company."""
    come_in(page, month.url, month.admin)
    return page


@pytest.fixture
def received(desk: Page) -> dict[str, float]:
    """The bytes that Chromium receives, by request; people's own pictures are left out."""
    sizes: dict[str, float] = {}
    pictures: set[str] = set()

    def finished(told: dict[str, Any]) -> None:
        if told["requestId"] not in pictures:
            sizes[told["requestId"]] = told["encodedDataLength"]

    wire = desk.context.new_cdp_session(desk)
    wire.send("Network.enable")
    wire.on("Network.responseReceived", lambda told: pictures.update([told["requestId"]] * (told["type"] == "Image")))
    wire.on("Network.loadingFinished", finished)
    return sizes


def test_every_page_holds_up_and_is_light(
    desk: Page, month: Month, holds_up: Check, received: dict[str, float]
) -> None:
    weights = {}
    for name, path in month.paths.items():
        received.clear()
        desk.goto(month.url + path)
        if name not in ALIKE:
            holds_up(desk, f"opens-{name}")
        weights[name] = sum(received.values())
    first = weights.pop("figures")
    assert 50_000 < first <= FIRST
    assert {name: weight for name, weight in weights.items() if not 1_000 < weight <= LATER} == {}


@pytest.fixture
def english(desk: Page, month: Month) -> Iterator[Page]:
    desk.goto(f"{month.url}/profile")
    desk.click("button[value=en]")
    expect(desk.locator("html")).to_have_attribute("lang", "en")
    desk.set_viewport_size(VIEWPORTS["phone"])
    yield desk
    with runtime(month.app).engine.begin() as connection:
        connection.execute(update(User).values(locale="pt_BR"))


def test_every_page_speaks_english_on_a_phone_too(english: Page, month: Month, screenshot: Check) -> None:
    for name, path in month.paths.items():
        english.goto(month.url + path)
        screenshot(english, f"opens-en-{name}")
        assert english.get_attribute("html", "lang") == "en", name
        assert english.evaluate(NO_SIDE_SCROLL), name


# -- live -------------------------------------------------------------------------------------------------------------


def test_a_new_open_appears_by_itself(desk: Page, month: Month) -> None:
    desk.goto(f"{month.url}/opens/live")
    desk.evaluate("window.isStillHere = true")
    expect(desk.locator("#opens-live")).not_to_contain_text("NAVEGADOR-1")
    month.load("NAVEGADOR-1")
    expect(desk.locator("#opens-live").get_by_text("NAVEGADOR-1").first).to_be_visible(timeout=12_000)
    expect(desk.locator("[data-heard]")).to_contain_text("NAVEGADOR-1")
    assert desk.evaluate("window.isStillHere")


def test_a_paused_page_waits_until_it_goes_on(desk: Page, month: Month) -> None:
    desk.clock.install()
    desk.goto(f"{month.url}/opens/live")
    desk.click("[data-pause]")
    asked = asked_for(desk, "/opens/live")
    month.load("NAVEGADOR-2")
    desk.clock.run_for(20_000)
    assert asked == []
    expect(desk.locator("[data-pause]")).to_have_attribute("aria-pressed", "true")
    desk.click("[data-pause]")
    desk.clock.run_for(6_000)
    expect(desk.locator("#opens-live").get_by_text("NAVEGADOR-2").first).to_be_visible()


def test_a_press_on_refresh_needs_no_waiting(desk: Page, month: Month) -> None:
    desk.clock.install()
    desk.goto(f"{month.url}/opens/live")
    desk.click("[data-pause]")
    month.load("NAVEGADOR-3")
    desk.click("[data-refresh-now]")
    expect(desk.locator("#opens-live").get_by_text("NAVEGADOR-3").first).to_be_visible()
    asked = asked_for(desk, "/opens/live")
    desk.clock.run_for(20_000)
    assert asked == []  # it is paused still


def test_a_hidden_tab_asks_for_nothing(desk: Page, month: Month) -> None:
    desk.clock.install()
    desk.goto(f"{month.url}/opens/live")
    desk.evaluate("Object.defineProperty(document, 'hidden', {get: () => true})")
    asked = asked_for(desk, "/opens/live")
    desk.clock.run_for(30_000)
    assert asked == []


def asked_for(page: Page, path: str) -> list[str]:
    """What the page asks for from now on."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if path in request.url else None)
    return asked


# -- people's ways ----------------------------------------------------------------------------------------------------


def test_an_uploaded_image_is_served_and_its_first_open_is_seen(desk: Page, month: Month) -> None:
    written = BytesIO()
    Picture.new("RGB", (320, 80), (20, 90, 200)).save(written, "PNG")
    desk.goto(f"{month.url}/images")
    desk.click("main a[href$='/images/new']")
    desk.set_input_files(
        "[name=file]", {"name": "Natal 2026.PNG", "mimeType": "image/png", "buffer": written.getvalue()}
    )
    desk.click("[data-submit]")
    expect(desk.locator("main")).to_contain_text("natal-2026.png")
    shown = desk.locator("main img").first
    assert shown.evaluate("image => image.decode().then(() => image.naturalWidth)") == 320
    desk.clock.install()
    desk.reload()
    ref = desk.locator("#try-ref").input_value()
    check = desk.locator("#images-check")
    expect(check).to_contain_text("Aguardando")
    month.load(ref, CRAWLER, "natal-2026.png")
    desk.clock.run_for(6_000)
    expect(check.locator("a[href*='/opens/ids/timeline']")).to_be_visible()
    expect(check).to_contain_text(ref)


def test_letters_lead_to_the_pages_and_tab_through_them(desk: Page, month: Month) -> None:
    desk.goto(f"{month.url}/profile")
    for letter, path in {"m": "/opens", "i": "/images"}.items():
        desk.keyboard.press("g")
        desk.keyboard.press(letter)
        desk.wait_for_url(f"{month.url}{path}")
        desk.wait_for_load_state()
    desk.goto(f"{month.url}/opens/live")
    tab_to(desk, "[data-pause]")
    desk.keyboard.press("Enter")
    expect(desk.locator("[data-pause]")).to_have_attribute("aria-pressed", "true")


def test_tab_reaches_everything_and_shows_where_it_is(desk: Page, month: Month) -> None:
    for name in ("figures", "image", "rules"):
        desk.goto(month.url + month.paths[name])
        wanted = desk.evaluate(REACHABLE)
        desk.evaluate(WATCH)
        for _ in range(0, wanted + 60, AT_ONCE):  # parts of date inputs take a Tab each
            press_tab(desk, AT_ONCE)
            if desk.evaluate("window.reached.seen.size") == wanted:
                break
        assert desk.evaluate(MISSED) == [], name
        assert desk.evaluate("window.reached.unseen") == [], f"{name}: focus cannot be seen"


def test_the_log_is_filtered_in_place_and_its_address_says_how(desk: Page, month: Month) -> None:
    desk.goto(f"{month.url}/opens/log")
    desk.evaluate("window.isStillHere = true")
    desk.select_option("main [name=class]", "bot")
    desk.wait_for_url("**class=bot**")
    rows = desk.locator("main table tbody tr")
    bots = rows.filter(has_text=re.compile("Robô|Robot"))
    expect(bots).to_have_count(rows.count())
    assert rows.count() > 0
    assert desk.evaluate("window.isStillHere")


def test_numbers_lead_to_their_rows(desk: Page, month: Month) -> None:
    desk.goto(f"{month.url}/opens?period=28d")
    links = desk.locator("main a[href*='/opens/log?']").evaluate_all(
        "all => all.map(each => each.getAttribute('href'))"
    )
    # of each kind the first: the later "today" may lead to none before people are up
    by_filter = {frozenset(parse_qs(urlsplit(each).query)): each for each in reversed(links)}
    assert len(by_filter) >= 4
    for address in by_filter.values():
        answer = desk.request.get(month.url + address)
        assert answer.status == 200, address
        assert answer.text().count("/opens/ids/timeline?") > 0, address
