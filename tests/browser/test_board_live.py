"""Two people on one board, and a server that goes away in the middle of a move."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from flask import Flask
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page, expect
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from app.core.db import write
from app.funnels.models import Stage
from tests.browser.boards import START, Board, board, card, drag, in_hand, opened
from tests.browser.conftest import VIEWPORTS, Console
from tests.browser.steps import come_in
from tests.people import Browser

__all__ = ["board", "opened"]
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
SOON_MS = 5_000  # what others do is to be seen by then


@pytest.fixture
def other(
    browser: Chromium, opened: Board, page: Page, site: str, operator: Browser, console: Console
) -> Iterator[Page]:
    """The same board in the browser of a colleague."""
    context = browser.new_context(viewport=VIEWPORTS["desktop"], reduced_motion="reduce")
    context.on("console", console.heard)
    context.on("weberror", lambda told: console.complaints.append(f"exception: {told.error}"))
    colleague = context.new_page()
    come_in(colleague, site, operator)
    colleague.clock.install()  # it goes on as always, and faster where a test says so
    colleague.goto(page.url)
    yield colleague
    context.close()


def test_a_colleague_sees_a_move_and_loses_nothing_of_their_own(
    app: Flask, opened: Board, page: Page, other: Page
) -> None:
    qualified, notes = f"#cards-{opened.stages['qualified']}", other.locator("#card-panel [name=notes]")
    other.locator(f"#stage-{opened.stages['new']} .board-add").click()
    other.locator("[data-quick-search]").press_sequentially("Jo")
    drag(page, "Ana", qualified)
    expect(other.locator(f"{qualified} [data-name=Ana]")).to_be_visible(timeout=SOON_MS)
    expect(other.locator("[data-quick-search]")).to_be_focused()

    other.locator(card(other, "Caio")).get_by_role("link").click()
    notes.press_sequentially("Pediu desconto")
    with in_hand(other, "Bia") as to:
        to(card(other, "Caio"), 12)
        drag(page, "Davi", card(page, "Ana"), below=-12)
        opened.agrees(page, new=["Bia", "Caio"], qualified=["Davi", "Ana"])
        other.clock.run_for(SOON_MS)
        expect(other.locator(f"{qualified} [data-card]")).to_have_count(1)  # a hand is in the board
        expect(other.locator(".sortable-drag")).to_be_visible()
    opened.agrees(other, new=["Caio", "Bia"], qualified=["Davi", "Ana"])
    expect(notes).to_have_value("Pediu desconto")
    expect(other.locator("[data-quick-search]")).to_have_value("Jo")

    with app.app_context(), write() as store:
        store.get_one(Stage, opened.stages["talking"]).name = "Em negociação"
    notes.focus()
    other.clock.run_for(SOON_MS)
    expect(other.get_by_role("heading", name="Em negociação")).to_be_visible()
    expect(notes).to_have_value("Pediu desconto")
    expect(notes).to_be_focused()
    expect(other.locator("[data-quick-search]")).to_have_value("Jo")
    drag(other, "Caio", f"#cards-{opened.stages['talking']}")  # the new columns take cards as the old ones did
    opened.agrees(other, new=["Bia"], talking=["Caio"], qualified=["Davi", "Ana"])


class OneShot(WSGIRequestHandler):
    protocol_version = "HTTP/1.0"  # no connection outlives the server


class Server:
    """The product on one port, stopped and started at will."""

    def __init__(self, app: Flask) -> None:
        self.app, self.port = app, 0
        self.start()

    def start(self) -> None:
        self.serving: BaseWSGIServer = make_server(
            "127.0.0.1", self.port, self.app, threaded=True, request_handler=OneShot
        )
        self.port = self.serving.port
        self.thread = threading.Thread(target=self.serving.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()

    def stop(self) -> None:
        self.serving.shutdown()
        self.thread.join()


@pytest.fixture
def server(app: Flask, board: Board, page: Page, admin: Browser, console: Console) -> Iterator[Server]:
    """With the board of START open, in a page whose time can be moved on."""
    console.expect("ERR_CONNECTION_REFUSED")
    board.start()
    server = Server(app)
    come_in(page, f"http://127.0.0.1:{server.port}", admin)
    page.clock.install()
    page.goto(f"http://127.0.0.1:{server.port}{board.path}")
    yield server
    server.stop()


def test_a_server_that_restarts_in_the_middle_of_a_drag_has_the_move(server: Server, board: Board, page: Page) -> None:
    with in_hand(page, "Bia") as to:
        to(card(page, "Davi"), 12)
        server.stop()
    expect(page.locator(f"{card(page, 'Bia')}.is-saving")).to_have_count(1)
    page.clock.run_for(1_200)
    assert board.shown(page)["talking"] == ["Davi", "Bia"]
    server.start()
    page.clock.run_for(2_500)
    board.agrees(page, new=["Ana", "Caio"], talking=["Davi", "Bia"])
    expect(page.locator("#toasts")).to_contain_text("Bia: Em conversa, 2 de 2")


def test_a_server_that_stays_away_gets_the_card_back_to_its_place(server: Server, board: Board, page: Page) -> None:
    with in_hand(page, "Bia") as to:
        to(card(page, "Davi"), 12)
        server.stop()
    for _ in range(12):  # each try is refused for real, so time moves on in steps
        page.clock.run_for(1_000)
        page.wait_for_timeout(40)
    expect(page.locator("#toasts .tone-danger")).to_contain_text("o cartão voltou para onde estava")
    server.start()
    board.agrees(page, **START)
    expect(page.locator(card(page, "Bia"))).to_be_focused()
