"""What a browser's request must pass before any view sees it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from app import create_app
from app.accounts.browser_guard import trusted_hosts
from app.core.runtime import runtime
from app.core.settings import Settings
from tests.people import Browser, new_browser, new_user, sign_in

sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # what is tested is not in the database


@sqlite
def test_a_form_without_its_token_changes_nothing_and_says_what_to_do(viewer: Browser) -> None:
    answer = viewer.post("/logout")
    assert answer.status_code == 400
    assert viewer.session_cookie() is not None
    assert "<html" in answer.text


@sqlite
def test_a_forged_token_is_refused(viewer: Browser) -> None:
    viewer.csrf_token()
    assert viewer.post("/logout", data={"csrf_token": "forged"}).status_code == 400


@sqlite
def test_a_token_of_another_browser_is_refused(app: Flask, viewer: Browser) -> None:
    stolen = new_browser(app).csrf_token()
    viewer.csrf_token()
    assert viewer.post("/logout", data={"csrf_token": stolen}).status_code == 400


@sqlite
def test_htmx_sends_the_token_as_a_header(viewer: Browser) -> None:
    headers = {"X-CSRFToken": viewer.csrf_token(), "HX-Request": "true"}
    answer = viewer.post("/logout", headers=headers)
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (204, "/login")


@sqlite
@pytest.mark.parametrize(
    ("site", "status"), [("cross-site", 403), ("same-site", 403), ("same-origin", 303), ("none", 303), (None, 303)]
)
def test_changes_from_another_site_are_refused_even_with_a_token(
    viewer: Browser, site: str | None, status: int
) -> None:
    headers = {} if site is None else {"Sec-Fetch-Site": site}
    assert viewer.submit("/logout", headers=headers).status_code == status


@sqlite
def test_links_from_another_site_still_open_pages(anonymous: Browser) -> None:
    assert anonymous.get("/login", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 200


@sqlite
@pytest.mark.parametrize(("url", "form"), [("/login?next=%00", None), ("/login", {"email": "a\0b", "password": "x"})])
def test_nul_is_refused_up_front(anonymous: Browser, url: str, form: dict[str, str] | None) -> None:
    answer = anonymous.submit(url, form) if form else anonymous.get(url)
    assert answer.status_code == 400


@sqlite
@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("kalitrack.example.com", 200),
        ("KALITRACK.example.com:443", 200),
        ("localhost", 200),
        ("127.0.0.1:5001", 200),
        ("[::1]:5001", 200),
        ("evil.example", 400),
        ("kalitrack.example.com.evil.example", 400),
        ("a b", 400),
        ("", 400),
    ],
)
def test_pages_answer_only_under_their_own_names(published: Flask, host: str, status: int) -> None:
    answer = new_browser(published).get("/login", headers={"Host": host})
    assert answer.status_code == status


@sqlite
def test_a_probe_may_call_by_any_address(published: Flask) -> None:
    assert new_browser(published).get("/health/live", headers={"Host": "10.0.0.7:5001"}).status_code == 200


@sqlite
def test_over_tls_the_cookie_is_bound_to_this_host(published: Flask) -> None:
    person = new_user(published, "viewer")
    form = {"email": person.email, "password": person.password}
    browser = new_browser(published)
    base = "https://kalitrack.example.com"

    token = browser.get("/login", base_url=base).text.split('name="csrf_token" type="hidden" value="')[1].split('"')[0]
    answer = browser.post("/login", data={**form, "csrf_token": token}, base_url=base)

    assert answer.status_code == 303
    cookies = answer.headers.getlist("Set-Cookie")
    assert any(cookie.startswith("__Host-kalitrack_session=") for cookie in cookies)
    assert all("Secure" in cookie and "HttpOnly" in cookie and "SameSite=Lax" in cookie for cookie in cookies)


@sqlite
def test_a_cookie_is_worth_nothing_under_the_api(admin: Browser) -> None:
    assert admin.get("/clients").status_code == 200
    assert admin.get("/api/clients").status_code == 401
    assert admin.get("/api/v1/auth/me").status_code == 401
    assert admin.submit("/api/clients", {"name": "x"}).status_code == 401


def test_an_unnamed_server_on_all_addresses_takes_any_host(make_settings: Callable[..., Settings]) -> None:
    assert trusted_hosts(make_settings(host="0.0.0.0")) is None  # noqa: S104
    assert "192.168.0.9" in (trusted_hosts(make_settings(host="192.168.0.9")) or ())


@pytest.fixture
def published(make_settings: Any, database_url: str, app: Flask) -> Any:
    """The product behind a TLS proxy, under a name."""
    served = create_app(make_settings(database_url=database_url, public_url="https://kalitrack.example.com"))
    served.config["PASSWORD_COST"] = app.config["PASSWORD_COST"]
    yield served
    runtime(served).engine.dispose()


@sqlite
def test_the_shell_names_the_person_and_the_account(app: Flask, admin: Browser) -> None:
    page = admin.get("/clients").text
    assert "Test admin" in page
    assert sign_in(app, new_user(app, "viewer", name="Bia <b>")).get("/nowhere").status_code == 404
