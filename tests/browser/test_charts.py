"""Charts under the pointer, the finger and the keyboard, and without any script."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import VIEWPORTS
from tests.page_app import gallery_app, served


@pytest.fixture(scope="module")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served(gallery_app(tmp_path_factory.mktemp("charts"))) as url:
        yield url + "/ui/"


def plot(page: Page, name: str) -> Locator:
    return page.locator(f"#gallery-{name} .chart-plot")


def tip(page: Page, name: str) -> Locator:
    return page.locator(f"#gallery-{name} .chart-tip")


def at(page: Page, name: str, share: float) -> tuple[float, float]:
    """A place on the chart, `share` of its width from the left."""
    plot(page, name).scroll_into_view_if_needed()
    box = plot(page, name).bounding_box()
    assert box
    return box["x"] + share * box["width"], box["y"] + box["height"] / 2


def test_pointer_reads_value_and_comparison_and_leaves_nothing_behind(page: Page, gallery: str) -> None:
    page.goto(gallery)
    page.mouse.move(*at(page, "days", 0.5))
    expect(tip(page, "days")).to_contain_text("/11/2026")
    expect(tip(page, "days").locator("div")).to_have_count(2)
    page.mouse.move(*at(page, "week", 0.99))
    expect(tip(page, "days")).to_be_empty()
    expect(tip(page, "week")).to_contain_text("quinta-feira, 23h")


def test_drag_opens_the_chosen_range_and_escape_gives_it_up(page: Page, gallery: str) -> None:
    page.goto(gallery)
    page.mouse.move(*at(page, "days", 0.0))
    page.mouse.down()
    page.mouse.move(*at(page, "days", 0.5))
    page.keyboard.press("Escape")
    page.mouse.up()
    assert page.url == gallery
    page.mouse.move(*at(page, "days", 1.0))
    page.mouse.down()
    page.mouse.move(*at(page, "days", 28 / 29), steps=3)
    page.mouse.up()
    page.wait_for_url("**/ui/?platform=Kwai&from=2026-11-20&to=2026-11-21")


def test_arrow_keys_read_and_choose_as_the_pointer_does(page: Page, gallery: str) -> None:
    page.goto(gallery)
    plot(page, "days").focus()
    page.keyboard.press("ArrowLeft")
    expect(tip(page, "days")).to_contain_text("21/11/2026 (até agora)")
    page.keyboard.press("Shift+ArrowLeft")
    expect(tip(page, "days")).to_contain_text("20/11/2026 – 21/11/2026 (até agora)")
    page.keyboard.press("Enter")
    page.wait_for_url("**/ui/?platform=Kwai&from=2026-11-20&to=2026-11-21")
    plot(page, "week").focus()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowUp")
    expect(tip(page, "week")).to_contain_text("sábado, 23h")


def test_chart_that_was_swapped_in_is_read_like_the_first(page: Page, gallery: str) -> None:
    page.goto(gallery)
    page.mouse.move(*at(page, "hours", 0.5))
    page.evaluate(
        """async () => {
            const fresh = new DOMParser().parseFromString(await (await fetch('/ui/')).text(), 'text/html');
            document.querySelector('#gallery-hours').replaceWith(fresh.querySelector('#gallery-hours'));
        }"""
    )
    page.mouse.move(*at(page, "hours", 0.01))
    expect(tip(page, "hours").locator("strong")).to_have_text("0h")
    page.evaluate("document.querySelector('#gallery-hours').remove()")
    page.mouse.move(*at(page, "days", 0.5))
    expect(tip(page, "days")).not_to_be_empty()


def test_read_out_stays_inside_a_phone(page: Page, gallery: str) -> None:
    page.set_viewport_size(VIEWPORTS["phone"])
    page.goto(gallery)
    for share in (0, 0.3, 0.5, 0.7, 1):
        page.mouse.move(*at(page, "lines", share))
        box = tip(page, "lines").bounding_box()
        assert box
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= VIEWPORTS["phone"]["width"]


def test_without_script_the_chart_and_its_table_are_there(browser: Browser, gallery: str) -> None:
    context = browser.new_context(java_script_enabled=False, locale="pt-BR")
    page = context.new_page()
    page.goto(gallery)
    page.locator("#gallery-days summary").click()
    expect(page.locator("#gallery-days tbody tr")).to_have_count(30)
    expect(page.locator("#gallery-days .chart-lines path").first).to_be_visible()
    context.close()


def test_words_never_lie_on_each_other(page: Page, gallery: str) -> None:
    page.goto(gallery)
    for viewport in VIEWPORTS.values():
        page.set_viewport_size(viewport)
        assert (
            page.evaluate(
                """() => [...document.querySelectorAll('.chart-x')].flatMap((axis) => {
                const boxes = [...axis.querySelectorAll('text')].map((text) => text.getBoundingClientRect())
                    .filter((box) => box.width > 0);
                return boxes.slice(1).filter((box, index) => box.left < boxes[index].right + 2).map((box) => box.left);
            })"""
            )
            == []
        )
