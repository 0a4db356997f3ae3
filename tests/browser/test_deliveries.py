"""Deliveries in a real browser: all dead letters sent again with the number first, picking, live rows, every look."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from app.core import clock
from app.outbound.models import Breaker, Target
from tests.browser.conftest import Console
from tests.browser.steps import tab_to
from tests.deliveries.conftest import Owe, attempt, dead, ledger, owe, pause
from tests.jobs import run_jobs
from tests.outbound.ledger import Ledger
from tests.tracking_fixtures import make_pixel

__all__ = ["attempt", "dead", "ledger", "make_pixel", "owe", "pause"]
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
REFUSAL = "Invalid parameter: user_data.em must be a list of SHA-256 hashes of lower-cased addresses"
REFRESH = "document.querySelector('#deliveries-rows [data-refresh]').dispatchEvent(new Event('refresh'))"


@pytest.fixture
def pixel(make_pixel: Callable[..., UUID]) -> UUID:
    return make_pixel("facebook", description="Loja de Calçados São João")


def in_english(page: Page, site: str) -> None:
    page.context.add_cookies([{"name": "locale", "value": "en", "url": site}])


PORTUGUESE = (
    "Reenviar todas (600)",
    "600 entregas encontradas.",
    "Reenviar 600 entregas",
    "600 entregas serão reenviadas.",
)
ENGLISH = "Replay all (600)", "600 deliveries match.", "Send 600 deliveries again", "600 deliveries go out again."


@pytest.mark.parametrize("words", [PORTUGUESE, ENGLISH], ids=["pt_BR", "en"])
def test_all_dead_letters_are_sent_again_with_the_number_first(
    page: Page, site: str, app: Flask, pixel: UUID, dead: Owe, ledger: Ledger, words: tuple[str, ...]
) -> None:
    replay_all, count, go, done = words
    if words is ENGLISH:
        in_english(page, site)
    dead(pixel, 600)
    page.goto(f"{site}/deliveries/dead")
    page.get_by_role("link", name=replay_all).click()
    expect(page.locator("#deliveries-count")).to_have_text(count)
    tab_to(page, "#deliveries-go")
    expect(page.locator("#deliveries-go")).to_have_text(go)
    page.keyboard.press("Enter")

    page.wait_for_url("**/jobs/*")
    run_jobs(app)
    expect(page.locator("#jobs-progress")).to_contain_text(done)
    assert ledger.statuses() == {"pending": 600}


def test_picked_rows_survive_a_refresh_and_are_what_is_sent(
    page: Page, site: str, pixel: UUID, dead: Owe, ledger: Ledger
) -> None:
    dead(pixel, 3)
    page.goto(f"{site}/deliveries/dead")
    boxes = page.locator("[name=id]")
    boxes.nth(0).check()
    boxes.nth(1).check()
    expect(page.locator("[data-picked]")).to_have_text("selecionadas: 2")
    dead(pixel)
    page.evaluate(REFRESH)
    expect(boxes).to_have_count(3)
    page.get_by_role("button", name="Reenviar selecionadas").click()
    expect(page.locator("#deliveries-count")).to_have_text("2 entregas encontradas.")
    page.click("#deliveries-go")

    expect(page.locator("#toasts")).to_contain_text("2 entregas serão reenviadas.")
    expect(boxes).to_have_count(2)
    dead(pixel)
    page.evaluate(REFRESH)
    expect(boxes).to_have_count(3)
    page.get_by_label("Todas desta página").check()
    expect(page.locator("[data-picked]")).to_have_text("selecionadas: 3")
    assert ledger.statuses() == {"pending": 2, "dead": 3}


def test_a_cancel_is_undone_and_a_moved_number_is_said(
    page: Page, site: str, pixel: UUID, owe: Owe, dead: Owe, console: Console, ledger: Ledger
) -> None:
    console.expect("409")
    owe(pixel, 2)
    page.goto(f"{site}/deliveries?state=open")
    page.get_by_role("link", name="Cancelar todas (2)").click()
    owe(pixel)
    page.click("#deliveries-go")
    expect(page.locator(".alert")).to_contain_text("agora é 3")
    page.click("#deliveries-go")
    page.get_by_role("button", name="Desfazer: enviar todas as 3 mesmo assim").click()

    expect(page.locator("#toasts")).to_contain_text("3 entregas serão reenviadas.")
    assert ledger.statuses() == {"pending": 3}


def test_a_target_is_limited_paused_and_resumed(
    page: Page, site: str, pixel: UUID, console: Console, ledger: Ledger
) -> None:
    console.expect("422")
    page.goto(f"{site}/deliveries/targets/{pixel}")
    page.fill("#per_minute", "-1")
    page.click("#deliveries-limits-form [data-submit]")
    expect(page.locator("#per_minute-error")).to_be_visible()
    page.fill("#per_minute", "60")
    page.click("#deliveries-limits-form [data-submit]")
    expect(page.locator("#deliveries-limits")).to_contain_text("60 chamadas restantes")

    page.click("#deliveries-form [data-submit]")
    expect(page.locator("#reason-error")).to_be_visible()
    page.fill("#reason", "Estoque acabou")
    page.click("#deliveries-form [data-submit]")
    expect(page.locator("main")).to_contain_text("Estoque acabou")
    page.get_by_role("button", name="Retomar").click()
    expect(page.locator("#toasts")).to_contain_text("Retomado")
    assert ledger.target(pixel).state == "active"


@pytest.mark.parametrize("language", ["pt_BR"])  # English: test_month.py
def test_every_page_is_accessible_and_fits_in_every_look(
    page: Page,
    site: str,
    make_pixel: Callable[..., UUID],
    pixel: UUID,
    owe: Owe,
    dead: Owe,
    attempt: Callable[..., None],
    ledger: Ledger,
    holds_up: Callable[[Page, str], None],
    language: str,
) -> None:
    if language == "en":
        in_english(page, site)
    kwai, now = make_pixel("kwai"), clock.now()
    identity = {"em": ["f660ab912ec121d1b1e928a0bb4bc61b15f5ad44d5efdc4e1c92a25e99b8e44a"], "fbp": "fb.1.1.2"}
    (shown,) = dead(pixel, detail=REFUSAL, http_status=400, event={"identity": identity})
    attempt(shown, 1, outcome="retry", http_status=503, detail="HTTP 503")
    attempt(shown, 2, detail=REFUSAL, response='{"error": {"message": "Invalid parameter", "code": 100}}')
    dead(pixel, 2, detail=REFUSAL, event={"event_name": "EVENT_COMPLETE_REGISTRATION"})
    dead(kwai, 3, error="expired", detail="Too old to be sent", expires_at=now - timedelta(days=1))
    owe(kwai, 2, error="timeout", detail="Timeout", attempts=3, next_at=now + timedelta(minutes=5))
    owe(kwai, status="done", attempts=1)
    owe(pixel, status="cancelled", error="by_hand")
    ledger.change(
        Target, kwai, breaker=Breaker.OPEN, failures=5, breaker_until=now + timedelta(hours=1), last_error="Timeout"
    )
    ledger.change(Target, pixel, state="paused", reason="Error validating access token", reason_code="auth")
    pages = {
        "list": "/deliveries",
        "dead": "/deliveries/dead",
        "none": "/deliveries?state=paused",
        "wrong": "/deliveries?since=soon",
        "show": f"/deliveries/{shown}",
        "confirm": "/deliveries/replay?state=dead",
        "cancel": f"/deliveries/cancel?id={shown}",
        "target": f"/deliveries/targets/{kwai}",
        "paused": f"/deliveries/targets/{pixel}",
    }
    for name, path in pages.items():
        page.goto(site + path)
        for more in page.locator("details").all():
            more.evaluate("one => one.open = true")
        holds_up(page, f"deliveries-{name}-{language}")
