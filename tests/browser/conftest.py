"""A real browser for tests: system Chromium, a page that fails on anything in its console, axe, screenshots."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, ConsoleMessage, Page, ViewportSize, sync_playwright

from tests.browser.steps import come_in
from tests.page_app import served
from tests.people import Browser as Person

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)
ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
]
AXE = Path(__file__).parent / "vendor" / "axe.min.js"
AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
VIEWPORTS: dict[str, ViewportSize] = {
    "desktop": {"width": 1280, "height": 800},
    "phone": {"width": 360, "height": 740},
}
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
    violations of the CSP, and on uncaught exceptions."""
    context = browser.new_context(
        viewport=VIEWPORTS["desktop"],
        locale="pt-BR",
        timezone_id="America/Sao_Paulo",
        reduced_motion="reduce",  # else colours are judged on their way from light to dark
    )
    page = context.new_page()
    page.set_default_timeout(10_000)
    page.on("console", console.heard)
    page.on("pageerror", lambda error: console.complaints.append(f"exception: {error}"))
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
    """`axe(page)`: no WCAG 2.2 A or AA rule is broken; `axe(page, only="color-contrast")`: this one rule is not."""

    def check(page: Page, only: str | None = None) -> None:
        if not page.evaluate("'axe' in window"):
            page.evaluate(
                AXE.read_text("utf-8")
            )  # over the debugging protocol: the page's CSP would refuse a script tag
        run_only = {"type": "rule", "values": [only]} if only else {"type": "tag", "values": AXE_TAGS}
        options = {"runOnly": run_only, "resultTypes": ["violations"]}
        found = page.evaluate("options => axe.run(options)", options)["violations"]
        broken = [
            f"{rule['id']}: {node['html'][:160]} {node['failureSummary']}" for rule in found for node in rule["nodes"]
        ]
        assert broken == [], "\n".join(broken)

    return check


@pytest.fixture
def in_every_look() -> Callable[[Page, Callable[[str], None]], None]:
    """`in_every_look(page, check)`: calls `check(name)` at desktop and phone width, light and dark."""

    def run(page: Page, check: Callable[[str], None]) -> None:
        for size, viewport in VIEWPORTS.items():
            page.set_viewport_size(viewport)
            for theme in ("light", "dark"):
                page.emulate_media(color_scheme=theme)
                check(f"{size}-{theme}")

    return run


@pytest.fixture
def screenshot() -> Callable[[Page, str], None]:
    """`screenshot(page, name)`: the whole page as PNG in the folder that SCREENSHOTS names; without it none."""
    folder = os.environ.get("SCREENSHOTS")

    def take(page: Page, name: str) -> None:
        if folder:
            page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)

    return take


@pytest.fixture
def holds_up(
    axe: Callable[..., None],
    in_every_look: Callable[[Page, Callable[[str], None]], None],
    screenshot: Callable[[Page, str], None],
) -> Callable[[Page, str], None]:
    """`holds_up(page, name)`: on desktop and phone, light and dark, axe finds nothing and nothing scrolls sideways."""

    def check(page: Page, name: str) -> None:
        def in_look(look: str) -> None:
            screenshot(page, f"{name}-{look}")
            axe(page, only="color-contrast" if look.endswith("dark") else None)  # all else is the same in the dark
            assert page.evaluate(NO_SIDE_SCROLL), f"{name} {look}"

        in_every_look(page, in_look)
        page.set_viewport_size(VIEWPORTS["desktop"])

    return check
