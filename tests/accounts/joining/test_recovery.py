"""A forgotten password: a link to its owner, and what a new one ends."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.accounts import passwords, people
from app.accounts.joining.limits import FORGOT_EMAIL
from app.accounts.joining.models import MailedLink
from app.accounts.models import AuditEntry, User, UserSession
from app.accounts.sessions import hashed
from app.core.access import Actor
from app.core.db import db, write
from tests.accounts.joining.calls import NEW, call, forgotten, registered, rows
from tests.accounts.joining.conftest import PUBLIC_URL
from tests.accounts.second_factor.authenticator import turn_on
from tests.letters import last_letter, letters
from tests.people import PASSWORD, Person, bearer, sign_in

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def ana(make_user: Any) -> Person:
    person: Person = make_user("viewer", email="ana@example.com", locale="en")
    return person


def test_a_new_password_ends_every_session_and_opens_none(app: Flask, client: FlaskClient, ana: Person) -> None:
    browser, program = sign_in(app, ana), bearer(app, ana)
    assert call(client, "forgot-password", {"email": " ANA@example.com"}).status_code == 202
    letter = last_letter(app, ana.email)
    assert (letter.subject, letter.account_id) == ("Choose a new password", ana.account_id)
    assert letter.link.startswith(f"{PUBLIC_URL}/reset/")
    assert (len(letter.token), rows(app, MailedLink.token_hash)) == (43, [(hashed(letter.token),)])

    answer = call(client, "reset-password", {"token": letter.token, "password": NEW})

    assert (answer.status_code, answer.data, "Set-Cookie" in answer.headers) == (204, b"", False)
    assert browser.get("/profile").status_code == 303
    assert client.get("/api/auth/me", headers=program).status_code == 401
    assert rows(app, UserSession.id) == []
    for password, status in ((PASSWORD, 401), (NEW, 200)):
        assert call(client, "login", {"email": ana.email, "password": password}).status_code == status
    actions = [action for (action,) in rows(app, AuditEntry.action)]
    assert actions[:2] == ["password.forgotten", "password.reset"]
    news = last_letter(app, ana.email)
    assert (news.subject, news.link) == ("Your password was changed", f"{PUBLIC_URL}/forgot")


def test_the_link_works_once_and_only_the_newest(app: Flask, client: FlaskClient, ana: Person) -> None:
    first, second = (forgotten(app, client, ana.email) for _ in range(2))
    tokens = [first, second, second, "", "x" * 128, "ü" * 40]
    statuses = [call(client, "reset-password", {"token": token, "password": NEW}).status_code for token in tokens]
    assert statuses == [404, 204, 404, 400, 404, 404]


def test_the_link_ends_after_an_hour(
    app: Flask, client: FlaskClient, ana: Person, travel: Callable[[timedelta], None]
) -> None:
    token = forgotten(app, client, ana.email)
    travel(timedelta(minutes=60))
    assert call(client, "reset-password", {"token": token, "password": NEW}).status_code == 404


def change_password(store: Any, user: User, actor: Actor) -> None:
    people.set_password(store, user, "another hash", actor)


def change_email(store: Any, user: User, actor: Actor) -> None:
    people.set_email(store, user, "ana@elsewhere.example", actor)


def disable(store: Any, user: User, actor: Actor) -> None:
    people.disable(store, user, actor)


def test_the_link_dies_with_what_it_was_for(app: Flask, client: FlaskClient, ana: Person) -> None:
    for changing in (change_password, change_email, disable):
        with app.app_context():
            email = db.session.get_one(User, ana.id).email
        token = forgotten(app, client, email)
        with app.app_context(), write() as store:
            changing(store, store.get_one(User, ana.id), Actor(ana.account_id, None, "system"))
        assert call(client, "reset-password", {"token": token, "password": NEW}).status_code == 404, changing


def test_a_link_of_another_kind_is_no_link_to_a_password(app: Flask, client: FlaskClient, ana: Person) -> None:
    verifying, resetting = registered(app, client), forgotten(app, client, ana.email)
    browser = sign_in(app, ana)
    browser.submit("/profile/email", {"email": "ana@elsewhere.example"})
    moving = last_letter(app, "ana@elsewhere.example").token
    for path, tokens in {
        "reset-password": (verifying, moving),
        "verify": (resetting, moving),
        "email/verify": (verifying, resetting),
    }.items():
        more = {} if path == "email/verify" else {"password": NEW}
        assert {call(client, path, {"token": token, **more}).status_code for token in tokens} == {404}
    assert call(client, "reset-password", {"token": resetting, "password": NEW}).status_code == 204


def test_a_weak_password_keeps_the_link(app: Flask, client: FlaskClient, ana: Person) -> None:
    token = forgotten(app, client, ana.email)
    for password in ("curta", "1234567890", "z" * 129, "the test viewer", "kalitrack 2026!"):
        answer = call(client, "reset-password", {"token": token, "password": password})
        assert (answer.status_code, list((answer.json or {})["fields"])) == (400, ["password"]), password
    assert call(client, "reset-password", {"token": token, "password": NEW}).status_code == 204


def test_who_has_no_password_yet_gets_one(app: Flask, client: FlaskClient, ana: Person) -> None:
    with app.app_context(), write() as store:
        store.get_one(User, ana.id).password_hash = None
    call(client, "reset-password", {"token": forgotten(app, client, ana.email), "password": NEW})
    assert call(client, "login", {"email": ana.email, "password": NEW}).status_code == 200


def test_the_second_factor_is_not_skipped(app: Flask, client: FlaskClient, ana: Person) -> None:
    phone = turn_on(app, ana)
    call(client, "reset-password", {"token": forgotten(app, client, ana.email), "password": NEW})
    half = call(client, "login", {"email": ana.email, "password": NEW})
    assert (half.status_code, (half.json or {})["codeRequired"]) == (401, True)
    whole = call(client, "login", {"email": ana.email, "password": NEW, "code": phone.code()})
    assert whole.status_code == 200


def test_a_disabled_person_gets_no_letter(app: Flask, client: FlaskClient, ana: Person) -> None:
    with app.app_context(), write() as store:
        people.disable(store, store.get_one(User, ana.id), Actor(ana.account_id, None, "system"))
    assert call(client, "forgot-password", {"email": ana.email}).status_code == 202
    assert letters(app) == rows(app, MailedLink.id) == []


def test_an_address_gets_five_letters_a_day(
    app: Flask, client: FlaskClient, ana: Person, travel: Callable[[timedelta], None]
) -> None:
    for email in (ana.email, "nobody@example.com"):
        statuses = [
            call(client, "forgot-password", {"email": email}).status_code for _ in range(FORGOT_EMAIL.amount + 1)
        ]
        assert statuses == [202] * FORGOT_EMAIL.amount + [429]
    assert len(letters(app)) == FORGOT_EMAIL.amount


def test_a_wrong_link_costs_no_hashing(app: Flask, client: FlaskClient) -> None:
    app.config["PASSWORD_COST"] = (200, 64 * 1024, 1)  # many seconds, were it paid
    assert passwords.weakness(NEW) is None
    assert call(client, "reset-password", {"token": "x" * 43, "password": NEW}).status_code == 404
