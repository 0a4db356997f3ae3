"""Cards moved on the board by mouse: at once, and back when that is refused or taken back."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from playwright.sync_api import Page, Route, expect

from app.core.db import db, write
from app.funnels.board.reading import PAGE
from app.funnels.cards import service as cards
from app.funnels.models import Card
from tests.browser.boards import START, Board, board, card, drag, in_hand, opened
from tests.browser.conftest import Console
from tests.browser.steps import come_in, settled
from tests.people import Browser

__all__ = ["board", "opened"]
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
Check = Callable[..., None]
TOAST = "#toasts .toast"


def test_cards_are_dragged_between_columns_and_inside_one_and_taken_back(opened: Board, page: Page) -> None:
    drag(page, "Ana", card(page, "Davi"), below=12)
    opened.agrees(page, new=["Bia", "Caio"], talking=["Davi", "Ana"])
    expect(page.locator(card(page, "Ana"))).to_be_focused()
    drag(page, "Caio", card(page, "Bia"), below=-12)
    drag(page, "Davi", f"#cards-{opened.stages['qualified']}")  # an empty one
    opened.agrees(page, new=["Caio", "Bia"], talking=["Ana"], qualified=["Davi"])
    expect(page.locator(f"#stage-head-{opened.stages['new']}")).to_contain_text("R$\xa0200,00")
    expect(page.locator("#board-total")).to_have_text("Em aberto: 4 · R$\xa0400,00")
    expect(page.locator("#card-panel")).to_be_hidden()  # a drag is no click on the name under the pointer

    expect(page.locator(TOAST)).to_have_count(1)
    expect(page.locator(TOAST)).to_contain_text("Davi: Qualificado, 1 de 1")
    page.get_by_role("button", name="Desfazer").click()
    opened.agrees(page, new=["Caio", "Bia"], talking=["Davi", "Ana"])
    expect(page.get_by_text("Desfeito. Davi: Em conversa")).to_be_visible()
    page.keyboard.press("Control+z")
    opened.agrees(page, new=["Bia", "Caio"], talking=["Davi", "Ana"])
    for _ in range(2):  # the second time nothing is left
        page.keyboard.press("Control+z")
        opened.agrees(page, **START)


def test_a_card_moved_again_while_it_is_saved_waits_its_turn(opened: Board, page: Page, site: str) -> None:
    page.fill("[data-search]", "a")  # the board that a filter put in its place takes cards, too
    page.keyboard.press("Enter")
    page.wait_for_url("**?q=a")
    page.go_back()
    expect(page).to_have_url(f"{site}{opened.path}")
    held: list[Route] = []
    page.route("**/move*", lambda route: route.continue_() if held else held.append(route))
    drag(page, "Ana", card(page, "Davi"), below=12)
    expect(page.locator(f"{card(page, 'Ana')}.is-saving")).to_have_count(1)
    expect(page.locator(f"#stage-head-{opened.stages['talking']} .board-count")).to_have_text("2")  # before any answer
    drag(page, "Ana", f"#cards-{opened.stages['qualified']}")
    assert opened.stored() == START
    held[0].continue_()
    opened.agrees(page, new=["Bia", "Caio"], talking=["Davi"], qualified=["Ana"])


def test_a_deal_is_lost_only_with_a_reason(app: Flask, opened: Board, page: Page) -> None:
    lost, dialog = f"#cards-{opened.stages['lost']}", page.locator("#board-reason")
    page.set_viewport_size({"width": 1900, "height": 800})
    drag(page, "Bia", lost)
    expect(dialog).to_be_visible()
    page.keyboard.press("Escape")
    opened.agrees(page, **START)
    drag(page, "Bia", lost)
    dialog.get_by_role("button", name="Marcar como perdido").click()
    expect(dialog.get_by_role("alert")).to_have_text("Diga por que o negócio foi perdido.")
    page.fill("#board-reason-other", "Fechou a loja")
    page.keyboard.press("Enter")
    opened.agrees(page, new=["Ana", "Caio"], talking=["Davi"], lost=["Bia"])
    expect(page.locator(card(page, "Bia"))).to_be_focused()
    with app.app_context():
        assert db.session.get_one(Card, opened.card("Bia")).reason == "Fechou a loja"


def test_a_refused_move_springs_back_with_its_reason(app: Flask, opened: Board, page: Page, console: Console) -> None:
    console.expect("409")
    page.set_viewport_size({"width": 1900, "height": 800})
    for name in ("Bia", "Ana", "Caio"):
        opened.move(name, "lost", reason="Preço")
    lost_id = opened.card("Ana")
    with app.app_context(), write():
        contact_id = db.session.get_one(Card, lost_id).contact_id
        cards.create(opened.doer, opened.funnel_id, {"contactId": contact_id, "stageId": opened.stages["qualified"]})
    page.reload()
    page.route("**/changes?*", lambda route: route.fulfill(status=204))  # it does not hear what others do
    drag(page, f"Ana'][id='card-{lost_id}", card(page, "Davi"), below=12)
    expect(page.locator(f"{TOAST}.tone-danger")).to_contain_text("já tem um cartão aberto neste funil")
    opened.agrees(page, talking=["Davi"], qualified=["Ana"], lost=["Caio", "Ana", "Bia"])

    opened.move("Davi", "won")
    drag(page, "Davi", f"#cards-{opened.stages['new']}")
    expect(page.locator(f"{TOAST}.tone-danger").last).to_contain_text("Outra pessoa alterou este cartão")
    opened.agrees(page, qualified=["Ana"], won=["Davi"], lost=["Caio", "Ana", "Bia"])


def test_pages_of_a_long_column_are_joined_without_doubles(opened: Board, page: Page) -> None:
    names = [f"Pessoa {number:02}" for number in range(PAGE + 3)]
    opened.fill("talking", *names)
    page.reload()
    expect(page.locator(f"#cards-{opened.stages['talking']} [data-card]")).to_have_count(PAGE)
    page.focus(card(page, names[0]))
    for key in ("Space", "End", "Space"):  # below those that are not loaded
        page.keyboard.press(key)
    expect(page.locator(".is-saving")).to_have_count(0)
    page.locator("[data-more]").scroll_into_view_if_needed()
    opened.agrees(page, new=["Ana", "Bia", "Caio"], talking=[*names[1:], "Davi", names[0]])


def test_who_may_only_look_moves_nothing(opened: Board, page: Page, site: str, viewer: Browser) -> None:
    come_in(page, site, viewer)
    page.reload()
    with in_hand(page, "Ana") as to:
        to(card(page, "Davi"), 12)
        expect(page.locator(".sortable-drag")).to_have_count(0)
    page.focus(card(page, "Ana"))
    for key in ("Space", "ArrowRight", "m"):
        page.keyboard.press(key)
    expect(page.locator("#board-menu, .is-picked, [data-menu]")).to_have_count(0)
    expect(page.locator(card(page, "Davi"))).to_be_focused()
    opened.agrees(page, **START)


def test_the_board_and_its_panel_are_accessible_and_fit(opened: Board, page: Page, holds_up: Check) -> None:
    holds_up(page, "board")
    page.get_by_role("link", name="Bia").click()
    won = page.get_by_role("button", name="Marcar como ganho")
    expect(won).to_be_visible()
    settled(page)
    won.click()
    opened.agrees(page, new=["Ana", "Caio"], talking=["Davi"], won=["Bia"])  # at once
    holds_up(page, "board-panel")
    page.locator("#card-panel").get_by_role("button", name="Fechar").first.click()
    expect(page.locator(card(page, "Bia"))).to_be_focused()
    assert page.url.endswith(opened.path)


def test_an_empty_board_is_accessible_and_fits(board: Board, site: str, page: Page, holds_up: Check) -> None:
    page.goto(f"{site}{board.path}")
    expect(page.get_by_text("Este funil ainda não tem cartões")).to_be_visible()
    holds_up(page, "board-empty")
