"""The first start: set-up link, administrator from the settings, and the commands."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app import create_app
from app.accounts.first_start import prepare
from app.accounts.models import Account, ApiClient, AuditEntry, SetupLink, User
from app.accounts.setup import setup_link
from app.core import runtime as runtimes
from app.core.db import db
from app.core.settings import SettingError, Settings
from tests.people import PASSWORD, Browser, new_browser, sign_in

sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # what is tested is not in the database
FORM = {"account_name": "Loja Azul", "name": "Ana", "email": "Ana@Example.com", "password": PASSWORD}


def path_of(app: Flask) -> str:
    link = setup_link(app)
    assert link is not None
    base = runtimes.runtime(app).settings.public_url
    assert link.startswith(f"{base}/setup/")
    return link.removeprefix(base)


def rows(app: Flask, *columns: Any) -> list[Any]:
    with app.app_context():
        return [tuple(row) for row in db.session.execute(select(*columns))]


def test_the_link_creates_the_administrator_and_signs_in(app: Flask, anonymous: Browser) -> None:
    path = path_of(app)
    page = anonymous.get(path)
    assert (page.status_code, page.headers["Referrer-Policy"]) == (200, "no-referrer")

    answer = anonymous.submit(path, FORM)

    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    assert rows(app, User.email, User.role, User.name) == [("ana@example.com", "admin", "Ana")]
    assert rows(app, Account.name) == [("Loja Azul",)]
    assert anonymous.get("/clients").status_code == 200
    assert ("account.set_up",) in rows(app, AuditEntry.action)


def test_the_link_works_once(app: Flask, anonymous: Browser) -> None:
    path = path_of(app)
    anonymous.submit(path, FORM)

    second = new_browser(app)
    assert second.get(path).status_code == 404
    assert second.submit(path, {**FORM, "email": "eve@example.com"}).status_code == 404
    assert len(rows(app, User.id)) == 1
    assert setup_link(app) is None


def test_a_newer_link_replaces_the_one_before_and_only_hashes_are_kept(app: Flask, anonymous: Browser) -> None:
    old, new = path_of(app), path_of(app)

    assert anonymous.get(old).status_code == 404
    assert anonymous.get(new).status_code == 200
    [(stored,)] = rows(app, SetupLink.token_hash)
    assert stored not in new
    assert len(stored) == 64


@sqlite
@pytest.mark.parametrize(
    "changes",
    [
        {"password": "curta"},
        {"password": "password1234"},
        {"password": "loja azul loja azul"},
        {"email": "not an address"},
        {"email": ""},
        {"name": "   "},
        {"account_name": "x" * 121},
    ],
)
def test_wrong_input_keeps_the_link_and_what_was_typed(app: Flask, anonymous: Browser, changes: dict[str, str]) -> None:
    path = path_of(app)

    answer = anonymous.submit(path, {**FORM, **changes})

    assert answer.status_code == 422
    assert rows(app, User.id) == []
    assert FORM["password"] not in answer.text
    assert anonymous.get(path).status_code == 200


@sqlite
def test_a_role_or_account_in_the_form_is_not_obeyed(app: Flask, anonymous: Browser) -> None:
    anonymous.submit(path_of(app), {**FORM, "role": "viewer", "account_id": "x", "id": "y"})
    assert rows(app, User.role) == [("admin",)]


@sqlite
def test_the_page_without_a_link_explains_and_then_gives_way(app: Flask, anonymous: Browser, make_user: Any) -> None:
    assert "flask setup-link" in anonymous.get("/setup").text
    make_user()
    assert anonymous.get("/setup").headers["Location"] == "/login"


@pytest.fixture
def started(make_settings: Callable[..., Settings], database_url: str, app: Flask) -> Any:
    """Starts the product once more on the same database with these settings; answers its set-up link."""

    def start(**overrides: Any) -> str | None:
        again = create_app(make_settings(database_url=database_url, **overrides))
        again.config["PASSWORD_COST"] = app.config["PASSWORD_COST"]
        try:
            return prepare(again)
        finally:
            runtimes.runtime(again).engine.dispose()

    return start


def test_every_start_prints_a_link_until_one_was_used(started: Any, app: Flask, make_user: Any) -> None:
    assert started() != started()
    make_user()
    assert started() is None


def test_the_settings_create_the_administrator_once(started: Any, app: Flask) -> None:
    boss = {"admin_email": "Boss@Example.com", "admin_password": PASSWORD}
    assert started(**boss) is None
    assert started(**boss, tracking_token=None) is None
    assert rows(app, User.email, User.role) == [("boss@example.com", "admin")]


@sqlite
@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"admin_email": "boss@example.com", "admin_password": "admin12345"}, "ADMIN_PASSWORD"),
        ({"admin_email": "boss@example.com", "admin_password": "short"}, "ADMIN_PASSWORD"),
        ({"admin_email": "the-boss@example.com", "admin_password": "the-boss is here 7"}, "ADMIN_PASSWORD"),
        ({"admin_email": "boss", "admin_password": PASSWORD}, "ADMIN_EMAIL"),
        ({"admin_email": "boss@example.com"}, "ADMIN_PASSWORD"),
    ],
)
def test_a_weak_administrator_stops_the_boot(started: Any, app: Flask, given: dict[str, str], named: str) -> None:
    with pytest.raises(SettingError, match=named) as refusal:
        started(**given)
    assert given.get("admin_password", "-") not in str(refusal.value)
    assert rows(app, User.id) == []


def test_the_administrators_settings_do_not_come_back_after_the_set_up(
    started: Any, app: Flask, make_user: Any
) -> None:
    make_user(email="first@example.com")
    started(admin_email="boss@example.com", admin_password="weak")
    assert rows(app, User.email) == [("first@example.com",)]


def test_the_tracking_token_makes_one_client_and_a_changed_value_rotates_it(started: Any, app: Flask) -> None:
    for token in ("first-token-0123456789abcdef", "first-token-0123456789abcdef", "other-token-0123456789abcdef"):
        started(tracking_token=token)

    [(scopes, last4, previous, revoked)] = rows(
        app, ApiClient.scopes, ApiClient.token_last4, ApiClient.previous_token_hash, ApiClient.revoked_at
    )
    assert scopes == ["events:write", "stats:read"]
    assert (last4, previous, revoked) == ("cdef", None, None)
    assert rows(app, AuditEntry.actor)[0] == ("system",)


def test_a_password_is_reset_on_the_command_line_and_ends_the_sessions(app: Flask, make_user: Any) -> None:
    person = make_user("viewer")
    browser = sign_in(app, person)
    new = "outra frase bem comprida"

    done = app.test_cli_runner().invoke(args=["reset-password", person.email.upper()], input=f"{new}\n{new}\n")

    assert done.exit_code == 0, done.output
    assert new not in done.output
    assert browser.get("/login").status_code == 200
    assert browser.submit("/login", {"email": person.email, "password": new}).status_code == 303


@sqlite
@pytest.mark.parametrize(("email", "password"), [("nobody@example.com", PASSWORD), ("ana@example.com", "short")])
def test_a_reset_that_cannot_be_says_so(app: Flask, make_user: Any, email: str, password: str) -> None:
    make_user(email="ana@example.com")
    done = app.test_cli_runner().invoke(args=["reset-password", email], input=f"{password}\n{password}\n")
    assert done.exit_code == 1
    assert "Error:" in done.output


def test_the_setup_link_is_printed_again(app: Flask, make_user: Any) -> None:
    first = app.test_cli_runner().invoke(args=["setup-link"])
    assert "/setup/" in first.output
    make_user()
    assert app.test_cli_runner().invoke(args=["setup-link"]).exit_code == 1
