"""The product for everybody: in two languages, dark, by keyboard, on a phone, without JavaScript."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import VIEWPORTS, Console
from tests.browser.live import database_url, deliveries, listener, live_url, settings, simulator
from tests.browser.steps import SUMMARY, come_in, fill, submit, tab_to
from tests.people import PASSWORD, Person
from tests.people import Browser as SignedIn

__all__ = ["database_url", "deliveries", "listener", "live_url", "settings", "simulator"]

Axe = Callable[[Page], None]


def test_language_and_theme_are_chosen_before_and_after_signing_in(
    page: Page, live_url: str, admin: SignedIn, axe: Axe
) -> None:
    page.goto(f"{live_url}/login")
    page.click("button[value=en]")
    expect(page.locator("h1")).to_have_text("Sign in")
    page.click("[data-theme-button][value=dark]")
    come_in(page, live_url, admin)
    page.goto(live_url)
    expect(page.locator("h1")).to_have_text("Overview")
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    axe(page)
    page.click("button[value=pt_BR]")
    expect(page.locator("h1")).to_have_text("Visão geral")


def test_language_and_theme_go_with_the_person_to_another_browser(page: Page, live_url: str, admin: SignedIn) -> None:
    come_in(page, live_url, admin)
    page.goto(live_url)
    page.click("button[value=en]")
    expect(page.locator("h1")).to_have_text("Overview")
    with page.expect_response("**/preferences"):
        page.click("[data-theme-button][value=dark]")
    page.context.clear_cookies()
    come_in(page, live_url, admin)
    page.goto(live_url)
    expect(page.locator("h1")).to_have_text("Overview")
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")


def test_an_api_client_is_created_with_the_keyboard_alone(page: Page, live_url: str, admin: SignedIn) -> None:
    come_in(page, live_url, admin)
    page.goto(f"{live_url}/clients/new")
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("Enter")
    tab_to(page, "#name")
    page.keyboard.type("Teclado")
    tab_to(page, "[name=scopes][value='stats:read']")
    page.keyboard.press("Space")
    tab_to(page, "[name=answer_mode]")
    page.keyboard.press("ArrowDown")
    tab_to(page, "[data-submit]")
    page.keyboard.press("Enter")
    expect(page.locator(f"#clients-created {SUMMARY}")).to_be_focused()
    tab_to(page, "#clients-created a.btn")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Teclado")
    expect(page.locator("main")).to_contain_text("Ler os números das imagens de e-mail")
    expect(page.locator("main")).to_contain_text("Na hora, quando aceitos")


def test_a_profile_is_changed_with_the_keyboard_alone(
    page: Page, live_url: str, admin: SignedIn, console: Console
) -> None:
    console.expect("422")
    come_in(page, live_url, admin)
    page.goto(f"{live_url}/profile")
    tab_to(page, "#timezone")
    page.keyboard.type("Marte")
    tab_to(page, "#accounts-profile [data-submit]")
    page.keyboard.press("Enter")
    expect(page.locator(f"#accounts-profile {SUMMARY}")).to_be_focused()
    tab_to(page, f"{SUMMARY} a")
    page.keyboard.press("Enter")
    expect(page.locator("#timezone")).to_be_focused()
    expect(page.locator("#timezone")).to_have_value("Marte")
    page.keyboard.press("Control+a")
    page.keyboard.type("america/manaus")
    tab_to(page, "input[name=theme][value=auto]")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(page.locator("input[name=theme][value=dark]")).to_be_checked()
    page.keyboard.press("Enter")
    expect(page.locator("#toasts")).to_contain_text("Perfil salvo.")
    expect(page.locator("#timezone")).to_have_value("America/Manaus")
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")


def test_a_password_is_changed_and_the_old_one_is_dead(
    page: Page, live_url: str, admin: SignedIn, console: Console
) -> None:
    console.expect("422")
    come_in(page, live_url, admin)
    page.goto(f"{live_url}/profile")
    form = page.locator("#accounts-password")
    values = {
        "current_password": PASSWORD + "?",
        "password": "uma nova frase longa",
        "repeated": "uma nova frase longa",
    }
    fill(page, **values)
    form.locator("[data-submit]").click()
    expect(page.locator("#current_password-error")).to_have_text("Esta não é a sua senha atual.")
    for name in values:
        expect(form.locator(f"[name={name}]")).to_have_value("")
    fill(page, **values | {"current_password": PASSWORD})
    form.locator("[data-submit]").click()
    expect(page.locator("#toasts")).to_contain_text("Senha alterada.")
    page.reload()
    expect(page.locator("h1")).to_have_text("Perfil")


@pytest.mark.parametrize(("language", "title"), [("pt_BR", "Perfil"), ("en", "Profile")])
def test_the_profile_holds_up_in_both_languages(
    page: Page,
    live_url: str,
    admin: SignedIn,
    console: Console,
    holds_up: Callable[[Page, str], None],
    language: str,
    title: str,
) -> None:
    console.expect("422")
    admin.submit("/preferences", {"locale": language})
    come_in(page, live_url, admin)
    page.goto(f"{live_url}/profile")
    expect(page.locator("h1")).to_have_text(title)
    holds_up(page, f"profile-{language}")
    page.locator("#accounts-password [data-submit]").click()
    page.locator(f"#accounts-password {SUMMARY}").wait_for()
    holds_up(page, f"profile-refused-{language}")


def test_a_phone_reaches_every_page_by_the_menu(page: Page, live_url: str, admin: SignedIn, axe: Axe) -> None:
    page.set_viewport_size(VIEWPORTS["phone"])
    come_in(page, live_url, admin)
    page.goto(live_url)
    for title in ("Pixels", "Clientes de API", "Eventos"):
        page.click(".navbar-toggler")
        expect(page.locator("#menu .viewer")).to_be_visible()
        axe(page)
        page.locator("#menu").get_by_role("link", name=title).click()
        expect(page.locator("h1")).to_have_text(title)
        expect(page.locator("#menu")).to_be_hidden()


def test_without_javascript_people_sign_in_and_create_a_pixel(
    browser: Browser, live_url: str, make_user: Callable[..., Person]
) -> None:
    context = browser.new_context(java_script_enabled=False, locale="pt-BR")
    page = context.new_page()
    page.goto(f"{live_url}/pixels/new?platform=facebook")
    fill(page, email=make_user().email, password="wrong")
    submit(page)
    expect(page.locator(SUMMARY)).to_contain_text("E-mail ou senha incorretos")
    fill(page, password=PASSWORD)
    submit(page)
    fill(page, pixel_id="12ab", access_token="made-up-token-9f3c")
    submit(page)
    expect(page.locator("#pixel_id-error")).to_be_visible()
    fill(page, pixel_id="123456789012345", access_token="made-up-token-9f3c")
    submit(page)
    expect(page.locator("h1")).to_have_text("Meta 123456789012345")
    expect(page.locator("#toasts")).to_contain_text("Pixel criado")
    page.goto(f"{live_url}/clients/new")
    fill(page, name="Loja Boa")
    submit(page)
    for language in ("curl", "php", "laravel", "javascript"):
        expect(page.locator(f"#sample-{language}")).to_be_visible()
    context.close()
