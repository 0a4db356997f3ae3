"""Every page of the desk over a small month of the demo: in every look, in both languages, by keyboard alone."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, ViewportSize
from sqlalchemy import select
from werkzeug.serving import make_server

from app import create_app
from app.accounts.models import User
from app.core import migrate
from app.core.runtime import runtime
from app.core.settings import Settings
from app.demo.fill import fill
from app.demo.pages import link
from app.outbound.models import Delivery
from app.simulator import Simulator
from app.tracking import ROOM
from app.tracking.models import TrackedEvent
from tests.browser.conftest import NO_SIDE_SCROLL, VIEWPORTS, Console
from tests.browser.steps import press_tab
from tests.conftest import SECRETS

Check = Callable[[Page, str], None]
EVENTS = 700
TABLET: ViewportSize = {"width": 1024, "height": 768}


class Month:
    """The demo, served: where it is, and addresses of single things in it."""

    def __init__(self, app: Flask) -> None:
        self.link = link(runtime(app).settings)
        self.url = runtime(app).settings.public_url
        with runtime(app).engine.connect() as connection:
            account_id = connection.scalar(select(User.account_id).where(User.name == "Ana Prado"))
            own = select(TrackedEvent.id, TrackedEvent.target_id).where(TrackedEvent.account_id == account_id)
            latest = own.order_by(TrackedEvent.created_at.desc())
            of = {
                status: connection.execute(
                    latest.join(Delivery, Delivery.ref_id == TrackedEvent.id).where(Delivery.status == status)
                ).first()
                for status in ("done", "dead", "pending")
            }
        found = {status: row for status, row in of.items() if row is not None}
        self.paths = {
            "overview": "/",
            "overview-28-days": "/?period=28d",
            "events": "/events",
            "events-none": "/events?q=nothing-like-it",
            **{f"event-{status}": f"/events/{row.id}" for status, row in found.items()},
            "event-correct": f"/events/{found['dead'].id}/correct",
            "deliveries": "/deliveries",
            "dead": "/deliveries?state=dead",
            "delivery": f"/deliveries/{found['dead'].id}",
            "target": f"/deliveries/targets/{found['pending'].target_id}",
            "pixels": "/pixels",
            "pixel": f"/pixels/{found['pending'].target_id}",
            "pixel-edit": f"/pixels/{found['done'].target_id}/edit",
            "pixel-test": f"/pixels/{found['done'].target_id}/test",
            "clients": "/clients",
            "attention": "/attention",
            "jobs": "/jobs",
            "profile": "/profile",
        }


@pytest.fixture(scope="module")
def month(tmp_path_factory: pytest.TempPathFactory, valkey_server_url: str) -> Iterator[Month]:
    folder = tmp_path_factory.mktemp("month")
    with Simulator() as simulator:
        server = make_server("127.0.0.1", 0, lambda *_: [], threaded=True)
        settings = Settings.load(
            {},
            data_dir=folder,
            port=server.server_port,
            redis_url=valkey_server_url,
            kwai_events_url=simulator.environment["KWAI_EVENTS_URL"],
            meta_graph_url=simulator.url,
            demo=True,
            allow_private_targets=True,
            web_threads=16,
            **SECRETS,
        )
        app = create_app(settings)
        migrate.upgrade(app)
        fill(app, EVENTS)
        server.app = app
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield Month(app)
        server.shutdown()
        app.extensions[ROOM].stop()
        runtime(app).engine.dispose()


@pytest.fixture
def desk(page: Page, month: Month) -> Page:
    """The page, signed in as the administrator of the larger company."""
    page.goto(month.link)
    page.click("button:has-text('Ana Prado')")
    page.wait_for_url(f"{month.url}/")
    return page


def test_every_page_holds_up_in_every_look(desk: Page, month: Month, holds_up: Check) -> None:
    for name, path in month.paths.items():
        desk.goto(month.url + path)
        holds_up(desk, f"month-{name}")


def test_every_page_speaks_english_on_a_phone_too(
    desk: Page, month: Month, screenshot: Check, axe: Callable[..., None]
) -> None:
    desk.click("button[value=en]")
    desk.set_viewport_size(VIEWPORTS["phone"])
    for name, path in month.paths.items():
        desk.goto(month.url + path)
        screenshot(desk, f"month-en-{name}")
        assert desk.get_attribute("html", "lang") == "en", name
        assert desk.evaluate(NO_SIDE_SCROLL), name
        axe(desk, "target-size")  # longer and shorter words move things; all other rules have judged these pages
        desk.set_viewport_size(TABLET)
        assert desk.evaluate(NO_SIDE_SCROLL), f"{name} on a tablet"
        desk.set_viewport_size(VIEWPORTS["phone"])


REACHABLE = """(root) => [...document.querySelector(root ?? "body").querySelectorAll(
    'a[href], button, input:not([type=hidden]), select, textarea, summary')]
  .filter(e => !e.disabled && e.tabIndex >= 0 && e.checkVisibility({visibilityProperty: true})
    && !e.closest('dialog:not([open])') && !(e.type === 'radio' && !e.checked))
  .map((e, i) => (e.dataset.reach = i)).length"""
WATCH = """() => { window.reached = {seen: new Set(), unseen: []};
  document.addEventListener('focusin', ({target}) => {
    const style = getComputedStyle(target), mark = target.dataset.reach;
    if (mark === undefined) return;
    window.reached.seen.add(mark);
    if (style.outlineStyle === 'none' && style.boxShadow === 'none') window.reached.unseen.push(target.outerHTML);
  }); }"""
MISSED = """() => [...document.querySelectorAll('[data-reach]')]
  .filter(e => !window.reached.seen.has(e.dataset.reach)).map(e => e.outerHTML.slice(0, 120))"""
AT_ONCE = 20  # presses of Tab between two looks at what they reached


def test_tab_reaches_everything_and_shows_where_it_is(desk: Page, month: Month) -> None:
    root = "body"  # of the first page; the frame around the others is the same
    for name, path in month.paths.items():
        desk.goto(month.url + path)
        wanted = desk.evaluate(REACHABLE, root)
        desk.evaluate(WATCH)
        if root == "main":
            desk.focus(root)
        for _ in range(0, wanted + 60, AT_ONCE):  # parts of date inputs take a Tab each
            press_tab(desk, AT_ONCE)
            if desk.evaluate("window.reached.seen.size") == wanted:
                break
        assert wanted > 0 or root == "main", name  # a page may have nothing of its own to press
        assert desk.evaluate(MISSED) == [], name
        assert desk.evaluate("window.reached.unseen") == [], f"{name}: focus cannot be seen"
        root = "main"


def test_a_viewer_sees_the_desk_without_what_only_others_may_do(
    page: Page, month: Month, console: Console, browser: Browser
) -> None:
    console.expect("403")
    page.goto(month.link)
    page.click("button:has-text('Diego Reis')")
    for name in ("overview", "events", "event-dead", "deliveries", "dead", "delivery", "attention", "jobs", "profile"):
        answer = page.goto(month.url + month.paths[name])
        assert answer is not None
        assert answer.status == 200, name
        forms = page.locator("main form[method=post]").evaluate_all("all => all.map(e => e.getAttribute('action'))")
        assert [action for action in forms if not re.match("/(profile|events/export)", action or "")] == [], name
    for name in ("event-correct", "pixels", "pixel-edit", "pixel-test", "clients"):
        answer = page.goto(month.url + month.paths[name])
        assert answer is not None
        assert answer.status == 403, name


def test_the_demo_needs_no_javascript_to_look_around(browser: Browser, month: Month) -> None:
    context = browser.new_context(java_script_enabled=False, locale="pt-BR")
    page = context.new_page()
    page.goto(month.link)
    page.click("button:has-text('Elisa Moraes')")
    for name in ("overview", "events", "deliveries", "attention", "pixels"):
        page.goto(month.url + month.paths[name])
        assert page.locator("main h1, main h2").count() > 0, name
    context.close()
