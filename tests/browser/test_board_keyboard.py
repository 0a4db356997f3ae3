"""Cards moved by keyboard, by the menu and by touch, and what a screen reader hears."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page, expect

from tests.browser.boards import START, Board, Finger, board, card, opened
from tests.browser.conftest import VIEWPORTS
from tests.browser.steps import come_in, tab_to
from tests.people import Browser

__all__ = ["board", "opened"]
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
Check = Callable[..., None]
SAID = "#board-said"


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def test_tab_leads_to_one_card_and_arrows_to_the_others(opened: Board, page: Page) -> None:
    tab_to(page, "[data-card]")
    expect(page.locator(card(page, "Ana"))).to_be_focused()
    for key, name in {
        "ArrowDown": "Bia",
        "End": "Caio",
        "ArrowRight": "Davi",
        "ArrowLeft": "Ana",
        "ArrowUp": "Ana",
    }.items():
        press(page, key)
        expect(page.locator(card(page, name))).to_be_focused()
    press(page, "ArrowDown", "Shift+Tab", "Tab")
    expect(page.locator(card(page, "Bia"))).to_be_focused()
    press(page, "Tab", "Tab", "Tab")
    assert page.evaluate("document.activeElement.closest('[data-card]')") is None
    page.focus(card(page, "Bia"))
    press(page, "Enter")
    expect(page.locator("#card-panel-body")).to_contain_text("Bia")
    press(page, "Escape")
    expect(page.locator(card(page, "Bia"))).to_be_focused()
    assert page.url.endswith(opened.path)


def test_a_card_is_carried_by_keys_and_every_step_is_said(opened: Board, page: Page) -> None:
    page.focus(card(page, "Bia"))
    for key, said in {
        "Space": "Bia na mão, 2 de 3 em Novo.",
        "ArrowDown": "Novo, 3 de 3",
        "Home": "Novo, 1 de 3",
        "ArrowRight": "Em conversa, 1 de 2",
        "End": "Em conversa, 2 de 2",
        "Enter": "Bia",
    }.items():
        press(page, key)
        expect(page.locator(SAID)).to_contain_text(said)
    opened.agrees(page, new=["Ana", "Caio"], talking=["Davi", "Bia"])
    expect(page.locator(card(page, "Bia"))).to_be_focused()
    expect(page.locator("#toasts")).to_contain_text("Bia: Em conversa, 2 de 2")


def test_a_card_in_the_hand_goes_back_to_its_place(opened: Board, page: Page) -> None:
    for way_back in ("Escape", "Tab"):
        page.focus(card(page, "Bia"))
        press(page, "Space", "ArrowRight", "ArrowRight", way_back)
        expect(page.locator(SAID)).to_contain_text("Bia voltou para onde estava.")
        expect(page.locator(".is-picked")).to_have_count(0)
        opened.agrees(page, **START)


def test_the_menu_moves_a_card(opened: Board, page: Page, glance: Check) -> None:
    page.set_viewport_size({"width": 1280, "height": 420})
    page.evaluate("scrollTo(0, 9999)")
    page.locator(card(page, "Caio")).get_by_role("button", name="Mover Caio").click()
    menu = page.locator("#board-menu")
    expect(menu.get_by_role("heading", name="Mover Caio")).to_be_in_viewport()
    page.set_viewport_size({"width": 1280, "height": 800})
    expect(menu.get_by_role("button", name="Para baixo")).to_be_disabled()
    expect(menu.get_by_role("button", name="Novo")).to_be_disabled()
    glance(page, "board-menu")
    menu.get_by_role("button", name="Para o início").click()
    expect(page.locator(card(page, "Caio"))).to_be_focused()
    opened.agrees(page, new=["Caio", "Ana", "Bia"], talking=["Davi"])
    press(page, "m")
    menu.get_by_role("button", name="Em conversa").click()
    expect(page.locator(card(page, "Caio"))).to_be_focused()
    press(page, "m")
    menu.get_by_role("button", name="Perdido").click()
    glance(page, "board-reason")
    page.get_by_label("Preço").check()
    press(page, "Enter")
    opened.agrees(page, new=["Ana", "Bia"], talking=["Davi"], lost=["Caio"])
    expect(page.locator(card(page, "Caio"))).to_be_focused()


def test_a_card_moved_into_a_narrow_column_is_counted_there_and_comes_back(opened: Board, page: Page) -> None:
    page.locator(f"#fold-{opened.stages['won']}").click()
    expect(page.locator(f"#stage-{opened.stages['won']}.is-collapsed")).to_be_visible()
    page.focus(card(page, "Bia"))
    press(page, "m")
    page.locator("#board-menu").get_by_role("button", name="Ganho").click()
    expect(page.locator("#toasts")).to_contain_text("Bia: Ganho")
    expect(page.locator(f"#stage-head-{opened.stages['won']} .board-count")).to_have_text("1")
    expect(page.locator(card(page, "Caio"))).to_be_focused()
    assert opened.stored() == {"new": ["Ana", "Caio"], "talking": ["Davi"], "won": ["Bia"]}
    press(page, "Control+z")
    opened.agrees(page, **START)


@pytest.fixture
def phone(browser: Chromium, opened: Board, page: Page, site: str, admin: Browser) -> Iterator[Page]:
    """The board on a screen that is touched."""
    context = browser.new_context(
        viewport=VIEWPORTS["desktop"], has_touch=True, is_mobile=False, reduced_motion="reduce"
    )
    touched = context.new_page()
    come_in(touched, site, admin)
    touched.goto(page.url)
    yield touched
    context.close()


def test_a_finger_that_rests_drags_and_one_that_does_not_scrolls(opened: Board, phone: Page) -> None:
    finger = Finger(phone)
    finger.drag("Davi", card(phone, "Bia"), rest_ms=0)
    assert phone.evaluate("document.querySelector('.board-columns').scrollLeft") > 100
    opened.agrees(phone, **START)
    phone.evaluate("document.querySelector('.board-columns').scrollLeft = 0")
    finger.drag("Bia", card(phone, "Davi"), rest_ms=300)
    expect(phone.locator("#toasts")).to_contain_text("Bia: Em conversa")
    assert opened.shown(phone) == opened.stored()
    assert sorted(opened.stored()["talking"]) == ["Bia", "Davi"]
