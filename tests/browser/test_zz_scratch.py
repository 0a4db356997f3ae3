from __future__ import annotations
import pytest
from playwright.sync_api import Page, expect
from tests.browser.boards import *
from tests.browser.boards import board, opened
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

def test_quick(board, site, page):
    page.goto(f"{site}{board.path}")
    page.locator(".board-add").first.click()
    page.locator("[data-quick] summary").click()
    page.locator("[data-quick] [name=name]").fill("Zoe")
    page.locator("[data-quick] [name=phone]").fill("11987654321")
    page.locator("[data-quick] [data-submit]").click()
    page.wait_for_timeout(1500)
    page.screenshot(path="/tmp/a2/quick.png")
    print(board.shown(page), board.stored(), page.evaluate("document.activeElement.outerHTML.slice(0,150)"))
    page.locator("[data-quick-search]").press_sequentially("Zo")
    page.wait_for_timeout(600)
    page.screenshot(path="/tmp/a2/quick2.png")
    page.keyboard.press("Escape")
    print(page.evaluate("document.activeElement.outerHTML.slice(0,150)"))

def test_scroll(opened, page):
    page.mouse.move(*middle(page, card(page, "Ana"))); page.mouse.down()
    page.mouse.move(700, 400, steps=5)
    for i in range(20):
        page.mouse.move(1250 + i % 2, 400); page.wait_for_timeout(60)
    page.screenshot(path="/tmp/a2/scrolled.png")
    print("SCROLL", page.evaluate("document.querySelector('.board-columns').scrollLeft"))
    page.mouse.up()
    page.wait_for_timeout(500)
    page.screenshot(path="/tmp/a2/scrolled2.png")

def test_fold(opened, page):
    page.locator(".board-fold").nth(1).click()
    page.wait_for_timeout(600)
    page.keyboard.press("Tab")
    page.focus(card(page, "Ana")); page.keyboard.press("m")
    page.locator("#board-menu [data-to]").nth(1).click()
    page.wait_for_timeout(600)
    page.screenshot(path="/tmp/a2/fold.png")
    print(opened.shown(page), opened.stored(), page.evaluate("document.activeElement.outerHTML.slice(0,150)"))
    page.keyboard.press("Control+z")
    page.wait_for_timeout(5000)
    print(opened.shown(page), opened.stored())
