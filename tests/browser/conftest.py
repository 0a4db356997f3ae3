"""A real browser for tests: system Chromium, a page that fails on anything in its console, axe, screenshots."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from typing import Any, Literal
from zlib import crc32

import pytest
from flask import Flask
from playwright.sync_api import Browser, ConsoleMessage, Page, ViewportSize, sync_playwright

from tests.browser.steps import come_in
from tests.page_app import served
from tests.people import Browser as Person

NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "chrome")  # the quickest first
CHROMIUM = next(filter(None, map(shutil.which, NAMES)), None)
ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    # Every context is a window of its own; the pages inside its address bar, unseen, cost a fifth of all time. The last
    # list given counts, so it begins with what Playwright leaves out.
    "--disable-features=AvoidUnnecessaryBeforeUnloadCheckSync,DestroyProfileOnBrowserClose,HttpsUpgrades,"
    "HttpsFirstBalancedModeAutoEnable,LensOverlay,MediaRouter,PaintHolding,ThirdPartyStoragePartitioning,"
    "AvoidCorsURLLoaderRestartOnRedirect,OptimizationHints,NetworkTimeServiceQuerying,AimEnabled,PreconnectToSearch,"
    "WebUIOmniboxPopup,WebUIOmniboxAimPopup,PreloadTopChromeWebUI",
]
AXE = Path(__file__).parent / "vendor" / "axe.min.js"
# What a page can break in one look and keep in another: colours, and what shows or hides at another width.
OF_A_LOOK = (
    "color-contrast", "target-size", "link-in-text-block", "scrollable-region-focusable", "aria-hidden-focus",
    "button-name", "link-name", "label",
)  # fmt: skip
AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
VIEWPORTS: dict[str, ViewportSize] = {
    "desktop": {"width": 1280, "height": 800},
    "phone": {"width": 360, "height": 740},
}
Theme = Literal["light", "dark"]
THEMES: tuple[Theme, Theme] = ("light", "dark")
ALL_LOOKS = list(product(VIEWPORTS, THEMES))
SCREENSHOTS = os.environ.get("SCREENSHOTS")
NO_SIDE_SCROLL = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
HERE = Path(__file__).parent


def is_left_out() -> bool:
    return os.environ.get("BROWSER") == "0"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Marks everything in this folder, leaves it out on BROWSER=0, and stops when there is nothing to run it with."""
    ours = [item for item in items if HERE in item.path.parents]
    for item in ours:
        item.add_marker("browser")
    if is_left_out():
        items[:] = [item for item in items if item not in ours]
        config.hook.pytest_deselected(items=ours)
    elif ours and CHROMIUM is None:
        pytest.exit("Browser tests need Chromium: `apt-get install chromium`, or leave them out with BROWSER=0.", 2)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    if is_left_out():
        terminalreporter.write_line("Browser tests were left out (BROWSER=0).", yellow=True)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield chromium
        chromium.close()


class Console:
    """What a page complained about; `expect` names what a test provokes on purpose."""

    def __init__(self) -> None:
        self.complaints: list[str] = []
        self.expected: list[str] = []

    def expect(self, part: str) -> None:
        self.expected.append(part)

    def heard(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(f"{message.type}: {message.text}")

    def unexpected(self) -> list[str]:
        return [text for text in self.complaints if not any(part in text for part in self.expected)]


@pytest.fixture
def console() -> Console:
    return Console()


@pytest.fixture
def page(browser: Browser, console: Console) -> Iterator[Page]:
    """A fresh page (own cookies, pt-BR, 1280 px). The test fails on console errors and warnings, which include
    violations of the CSP, and on uncaught exceptions, of this page and of every other that the test opens beside it."""
    context = browser.new_context(
        viewport=VIEWPORTS["desktop"],
        locale="pt-BR",
        timezone_id="America/Sao_Paulo",
        reduced_motion="reduce",  # else colours are judged on their way from light to dark
    )
    page = context.new_page()
    page.set_default_timeout(10_000)
    context.on("console", console.heard)
    context.on("weberror", lambda told: console.complaints.append(f"exception: {told.error}"))
    yield page
    context.close()
    assert console.unexpected() == []


@pytest.fixture
def site(app: Flask, admin: Person, page: Page) -> Iterator[str]:
    """The product on a loopback port, with an administrator signed in; its address."""
    with served(app) as url:
        come_in(page, url, admin)
        yield url


@pytest.fixture
def axe() -> Callable[..., None]:
    """`axe(page)`: no WCAG 2.2 A or AA rule is broken; `axe(page, "color-contrast")`: these rules are not."""

    def check(page: Page, *only: str) -> None:
        if not page.evaluate("'axe' in window"):
            page.evaluate(
                AXE.read_text("utf-8")
            )  # over the debugging protocol: the page's CSP would refuse a script tag
        run_only = {"type": "rule", "values": list(only)} if only else {"type": "tag", "values": AXE_TAGS}
        options = {"runOnly": run_only, "resultTypes": ["violations"]}
        found = page.evaluate("options => axe.run(options)", options)["violations"]
        broken = [
            f"{rule['id']}: {node['html'][:160]} {node['failureSummary']}" for rule in found for node in rule["nodes"]
        ]
        assert broken == [], "\n".join(broken)

    return check


Look = tuple[str, Theme]


def looks_of(name: str) -> list[Look]:
    """Each width once and each theme once. Which belong together differs from page to page, so that the frame of all
    pages is seen in all four looks."""
    themes = THEMES if crc32(name.encode()) % 2 else reversed(THEMES)
    return list(zip(VIEWPORTS, themes, strict=True))


@pytest.fixture
def screenshot() -> Callable[[Page, str], None]:
    """`screenshot(page, name)`: the whole page as PNG in the folder that SCREENSHOTS names; without it none."""

    def take(page: Page, name: str) -> None:
        if SCREENSHOTS:
            page.screenshot(path=Path(SCREENSHOTS) / f"{name}.png", full_page=True)

    return take


@pytest.fixture
def looks_good(axe: Callable[..., None], screenshot: Callable[[Page, str], None]) -> Callable[..., None]:
    """`looks_good(page, name, looks)`: in these, axe finds nothing and nothing scrolls sideways. After the first
    look it judges what looks can differ in."""

    def check(page: Page, name: str, looks: list[Look]) -> None:
        for number, (size, theme) in enumerate(ALL_LOOKS if SCREENSHOTS else looks):
            page.set_viewport_size(VIEWPORTS[size])
            page.emulate_media(color_scheme=theme)
            screenshot(page, f"{name}-{size}-{theme}")
            axe(page, *(OF_A_LOOK if number else ()))
            assert page.evaluate(NO_SIDE_SCROLL), f"{name} {size} {theme}"
        page.set_viewport_size(VIEWPORTS["desktop"])

    return check


@pytest.fixture
def holds_up(looks_good: Callable[..., None]) -> Callable[..., None]:
    """`holds_up(page, name)`: on desktop and phone, light and dark, axe finds nothing and nothing scrolls sideways.
    Two looks have all of these (`looks_of`); `in_all_looks=True`, and whoever wants screenshots, gets all four."""

    def check(page: Page, name: str, *, in_all_looks: bool = False) -> None:
        looks_good(page, name, ALL_LOOKS if in_all_looks else looks_of(name))

    return check


@pytest.fixture
def glance(looks_good: Callable[..., None]) -> Callable[[Page, str], None]:
    """`glance(page, name)`: the same in one look of the four, for pages on the way of a story, which are made of parts
    that others hold up. Which look differs from page to page."""

    def check(page: Page, name: str) -> None:
        looks_good(page, name, [ALL_LOOKS[crc32(name.encode()) % len(ALL_LOOKS)]])

    return check
