"""A newcomer's first hour in a real browser: from the printed link to a delivered event, and back to nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import requests
from flask import Flask
from playwright.sync_api import Page, expect

from app.simulator import Simulator
from tests.browser.conftest import Console
from tests.browser.live import database_url, deliveries, listener, live_url, settings, simulator
from tests.browser.steps import SUMMARY, fill, printed_link, submit
from tests.people import PASSWORD

__all__ = ["database_url", "deliveries", "listener", "live_url", "settings", "simulator"]

Check = Callable[[Page, str], None]
EMAIL, PIXEL, CLIENT = "ana@lojaboa.example", "123456789012345", "Loja Boa"
META_TOKEN = "EAAB-a-token-that-nobody-may-see-9f3c"


def test_from_the_printed_link_to_a_delivered_event_and_back(
    page: Page, live_url: str, app: Flask, simulator: Simulator, console: Console, holds_up: Check
) -> None:
    for status in ("404", "422"):  # what this test does wrong on purpose
        console.expect(status)
    link = printed_link(app)
    set_up(page, link)
    page.goto(link)
    expect(page.locator("main")).to_contain_text("Cada link funciona uma vez")
    sign_out_and_in(page, live_url)
    create_pixel(page, live_url)
    body, token = create_client(page, live_url, holds_up)
    post_event(page, live_url, body, token)
    assert simulator.arrivals.total() == 1
    see_event(page, live_url, holds_up)
    delete_pixel(page, live_url)
    revoke_client(page, live_url)
    answer = requests.post(f"{live_url}/api/tracking/events", json=body, headers=bearer(token), timeout=10)
    assert answer.status_code == 401


def set_up(page: Page, link: str) -> None:
    page.goto(link)
    fill(page, account_name="Loja Boa", name="Ana", email="ana", password="1234567890")
    submit(page)
    expect(page.locator(SUMMARY)).to_be_focused()
    expect(page.locator("#email-error")).to_contain_text("não é um endereço de e-mail")
    expect(page.locator("#name")).to_have_value("Ana")
    fill(page, email=EMAIL, password="1234567890")
    submit(page)
    expect(page.locator("#password-error")).to_contain_text("está entre as primeiras")
    fill(page, password=PASSWORD)
    submit(page)
    page.wait_for_url("**/")
    expect(page.locator(".viewer")).to_contain_text("Loja Boa")


def sign_out_and_in(page: Page, url: str) -> None:
    page.goto(url)
    page.get_by_role("button", name="Sair").click()
    page.wait_for_url("**/login")  # else its late answer takes the next form's cookie away
    page.goto(f"{url}/pixels")
    page.wait_for_url("**/login?next=/pixels")
    fill(page, email=EMAIL, password="not this one")
    submit(page)
    expect(page.locator(SUMMARY)).to_contain_text("E-mail ou senha incorretos")
    expect(page.locator("#email")).to_have_value(EMAIL)
    fill(page, password=PASSWORD)
    submit(page)
    expect(page.locator("h1")).to_have_text("Pixels")


def create_pixel(page: Page, url: str) -> None:
    page.goto(f"{url}/pixels/new?platform=facebook")
    fill(page, pixel_id="12ab", description="Loja Boa")
    submit(page)
    expect(page.locator(SUMMARY)).to_be_focused()
    expect(page.locator("#access_token-error")).to_contain_text("obrigatório")
    fill(page, access_token=META_TOKEN)
    submit(page)
    expect(page.locator("#pixel_id-error")).to_contain_text("só tem números")
    expect(page.locator("#description")).to_have_value("Loja Boa")
    fill(page, pixel_id=PIXEL, access_token=META_TOKEN)
    submit(page)
    expect(page.locator("h1")).to_have_text(f"Meta {PIXEL}")


def create_client(page: Page, url: str, holds_up: Check) -> tuple[dict[str, str], str]:
    """The body of the example that the page shows, and the token."""
    page.goto(f"{url}/clients/new")
    submit(page)
    expect(page.locator("#name-error")).to_contain_text("obrigatório")
    fill(page, name=CLIENT)
    submit(page)
    token = page.locator("#clients-token").inner_text()
    holds_up(page, "client-created")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.click("[data-copy='#clients-token']")
    expect(page.locator("#toasts")).to_contain_text("Copiado")
    assert page.evaluate("navigator.clipboard.readText()") == token
    page.get_by_role("tab", name="Laravel").click()
    expect(page.locator("#sample-laravel")).to_contain_text("Http::withToken")
    expect(page.locator("#sample-curl")).to_be_hidden()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#sample-python")).to_be_visible()
    page.keyboard.press("End")
    expect(page.locator("#sample-javascript")).to_be_visible()
    curl = page.locator("#sample-curl").text_content() or ""
    assert f"{url}/api/tracking/events" in curl
    shown = re.search(r"-d '(.*)'", curl, re.DOTALL)
    assert shown is not None
    return json.loads(shown[1]), token


def post_event(page: Page, url: str, body: dict[str, str], token: str) -> None:
    """The example of the page as it stands; the page says that it came."""
    expect(page.locator("#clients-first-event")).to_contain_text("Aguardando o primeiro evento")
    answer = requests.post(f"{url}/api/tracking/events", json=body, headers=bearer(token), timeout=10)
    assert answer.status_code == 200, answer.text
    expect(page.locator("#clients-first-event")).to_contain_text("O primeiro evento chegou")
    assert token in page.content()
    page.reload()
    assert token not in page.content()


def see_event(page: Page, url: str, holds_up: Check) -> None:
    page.goto(f"{url}/events")
    row = page.locator("#events-rows tbody tr")
    expect(row).to_contain_text("Entregue")
    holds_up(page, "events-one")
    row.get_by_role("link").click()
    expect(page.locator("#events-history")).to_contain_text("Tentativa 1: Aceito pela plataforma")
    expect(page.locator("main")).to_contain_text("E-mail")
    assert "ana@example.com" not in page.content()
    holds_up(page, "event-one")


def delete_pixel(page: Page, url: str) -> None:
    page.goto(f"{url}/pixels")
    page.get_by_role("button", name=f"Ações para {PIXEL}").click()
    choice = page.get_by_role("link", name="Excluir")
    expect(choice).to_be_in_viewport(ratio=1)  # not cut off by the table's own scrolling
    choice.click()
    fill(page, confirm_name="not it")
    page.get_by_role("button", name="Excluir pixel").click()
    expect(page.locator("#pixels-danger-error")).to_be_visible()
    fill(page, confirm_name=PIXEL)
    page.get_by_role("button", name="Excluir pixel").click()
    expect(page.locator("#pixels-rows")).to_contain_text("Ainda não há pixels")


def revoke_client(page: Page, url: str) -> None:
    page.goto(f"{url}/clients")
    page.get_by_role("link", name=CLIENT).click()
    page.get_by_role("link", name="Revogar").click()
    fill(page, confirm_name=CLIENT)
    page.get_by_role("button", name="Revogar cliente de API").click()
    expect(page.locator("#toasts")).to_contain_text("revogado")
    expect(page.locator("main")).to_contain_text("Revogado")


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}
