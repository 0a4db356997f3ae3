"""The bell and the page of what needs a person, in a real browser: it comes, is acted upon, and goes by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from app.attention.checks import Found, Severity, register, unregister
from app.core import clock
from app.outbound.models import TargetState
from tests.attention.conftest import Desk
from tests.tracking_fixtures import make_pixel

__all__ = ["make_pixel"]
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
LONG = "Meta 123456789012345 (Uma loja com um nome que não acaba tão cedo & <b>mais</b>)"


@pytest.fixture
def desk(app: Flask) -> Desk:
    return Desk(app)


@pytest.fixture
def everything() -> Iterator[None]:
    """One of each kind of thing."""
    day = (clock.now() - timedelta(days=3)).isoformat()
    target = {"target": LONG, "kind": "conversion", "waiting": 1204, "reason": "HTTP 503: <i>Unavailable</i>"}
    end = {"version": "v20.0", "end": "2026-09-24", "ended": True, "own": False, "pixels": 3, "pixel": None}
    id_ = "01890000-0000-7000-8000-000000000000"
    facts = {
        "token_refused": (id_, Severity.DANGER, target),
        "paused_by_hand": (id_, Severity.WARNING, {**target, "since": day}),
        "receiver_gone": (id_, Severity.DANGER, target),
        "breaker_open": (id_, Severity.WARNING, target),
        "dead_letters": (id_, Severity.WARNING, {"target": LONG, "number": 40_000, "error": "refused"}),
        "queue_old": ("", Severity.WARNING, {"target": LONG, "since": day, "targets": 3}),
        "no_worker": ("", Severity.DANGER, {"missing": ["deliver", "ticker"]}),
        "version_expiring": ("v20.0", Severity.DANGER, end),
        "clock_off": ("one", Severity.WARNING, {"host": "one", "seconds": -42}),
        "disk_low": ("one", Severity.WARNING, {"host": "one", "free_mb": 900, "total_mb": 40_000}),
        "token_undecryptable": (id_, Severity.DANGER, {"target": LONG}),
    }
    found = [Found(None, kind, subject, severity, own) for kind, (subject, severity, own) in facts.items()]
    register("everything", facts, lambda _look: found)
    yield
    unregister("everything")


def test_it_comes_is_acted_upon_and_goes_by_itself(
    page: Page, site: str, desk: Desk, make_pixel: Callable[..., object]
) -> None:
    page.goto(f"{site}/attention")
    expect(page.locator("#attention-findings")).to_contain_text("Está tudo em ordem")
    pixel = make_pixel("facebook")
    desk.change(pixel, state=TargetState.PAUSED, reason_code="auth", reason="Session expired")  # type: ignore[arg-type]
    desk.look()
    page.locator("#attention-findings").dispatch_event("refresh")
    page.locator("#attention-bell").dispatch_event("refresh")
    expect(page.locator("#attention-findings")).to_contain_text("token recusado")
    expect(page.locator("#attention-link")).to_have_accessible_name(
        "Atenção: 1 aviso precisa de uma ação (1 é urgente)"
    )

    page.get_by_role("link", name="Substituir o token").click()
    page.get_by_text("Substituir").first.click()
    page.fill("#access_token", "EAAB-a-new-token-that-works-77aa")
    page.click("[data-submit]")
    expect(page.locator("#toasts")).to_contain_text("Pixel salvo")
    desk.look()
    page.locator("#attention-link").click()

    expect(page.locator("#attention-findings")).to_contain_text("Está tudo em ordem")
    expect(page.locator("#attention-findings table")).to_contain_text("token recusado")
    expect(page.locator("#attention-link")).to_have_accessible_name("Atenção: nenhum aviso")


@pytest.mark.usefixtures("everything")
def test_the_link_keeps_the_focus_when_the_list_changes(page: Page, site: str, desk: Desk) -> None:
    page.goto(f"{site}/attention")
    page.locator("#attention-link").focus()
    unregister("everything")
    for kind in ("deliver", "jobs", "ticker"):
        desk.beat(kind)
    desk.look()
    page.locator("#attention-bell").dispatch_event("refresh")

    expect(page.locator("#attention-bell .badge")).to_have_count(0)
    expect(page.locator("#attention-link")).to_be_focused()


@pytest.mark.usefixtures("everything")
@pytest.mark.parametrize("language", ["pt_BR", "en"])
def test_every_kind_holds_up(
    page: Page, site: str, holds_up: Callable[[Page, str], None], desk: Desk, language: str
) -> None:
    page.goto(f"{site}/attention")
    page.locator(f"button[name=locale][value={language}]").first.click()
    expect(page.locator("html")).to_have_attribute("lang", language.replace("_", "-"))
    assert page.locator(".finding").count() == 11

    holds_up(page, f"attention-{language}")


def test_order_holds_up(page: Page, site: str, holds_up: Callable[[Page, str], None]) -> None:
    page.goto(f"{site}/attention")
    holds_up(page, "attention-none")
