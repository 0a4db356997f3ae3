"""What people change about themselves by the API."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.accounts.models import AuditEntry
from app.core.db import db
from tests.letters import last_letter, letters
from tests.people import PASSWORD, Person, bearer, sign_in

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
NEW = "outra frase bem comprida"
MINE = {"name": "Ana Souza", "locale": "en", "timezone": "america/manaus", "theme": "dark"}


@pytest.fixture
def ana(make_user: Any) -> Person:
    person: Person = make_user("viewer", email="ana@example.com")
    return person


@pytest.fixture
def token(app: Flask, ana: Person) -> dict[str, str]:
    return bearer(app, ana)


def actions(app: Flask) -> list[str]:
    with app.app_context():
        return list(db.session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))


def test_what_is_given_is_replaced_and_the_rest_stays(app: Flask, client: FlaskClient, token: dict[str, str]) -> None:
    first = client.put("/api/auth/me", json=MINE, headers=token)
    assert first.status_code == 200
    assert first.json == client.get("/api/auth/me", headers=token).json
    shown = {name: (first.json or {})[name] for name in (*MINE, "version")}
    assert shown == {**MINE, "timezone": "America/Manaus", "version": 2}

    second = client.put("/api/auth/me", json={"timezone": ""}, headers=token)
    assert second.json == {**(first.json or {}), "timezone": None, "version": 3}
    client.put("/api/auth/me", json={"name": "Ana Souza"}, headers=token)
    assert actions(app) == ["user.updated", "user.updated"]


def test_a_stale_version_answers_with_the_present_one(client: FlaskClient, token: dict[str, str]) -> None:
    client.put("/api/auth/me", json={**MINE, "version": 1}, headers=token)
    answer = client.put("/api/auth/me", json={"name": "Eva", "version": 1}, headers=token)
    assert (answer.status_code, (answer.json or {})["current"]["name"]) == (409, "Ana Souza")


def test_what_nobody_may_change_or_cannot_be_kept_is_refused(client: FlaskClient, token: dict[str, str]) -> None:
    bodies: list[dict[str, Any]] = [
        {"role": "admin"}, {"email": "eva@example.com"}, {"accountId": "1"}, {"id": "1"}, {"permissions": []},
        {"name": ""}, {"name": "x" * 121}, {"name": "a\u202e"}, {"locale": "xx"}, {"theme": "pink"},
        {"timezone": "Mars/Olympus"}, {"timezone": "../../etc/passwd"}, {"version": "1"}, {"version": 2**63},
    ]  # fmt: skip
    for body in bodies:
        answer = client.put("/api/auth/me", json=body, headers=token)
        assert answer.status_code in (400, 409), body
    assert (client.get("/api/auth/me", headers=token).json or {})["version"] == 1
    assert client.put("/api/auth/me", json=MINE).status_code == 401


def test_a_new_password_ends_every_session_and_is_told_by_mail(
    app: Flask, client: FlaskClient, ana: Person, token: dict[str, str]
) -> None:
    browser = sign_in(app, ana)
    change = {"currentPassword": PASSWORD, "password": NEW}
    assert client.put("/api/auth/password", json=change, headers=token).status_code == 204
    assert client.get("/api/auth/me", headers=token).status_code == 401
    assert browser.get("/profile").status_code == 303
    assert last_letter(app, ana.email).purpose == "password_changed"
    assert actions(app) == ["password.changed"]
    signed_in = client.post("/api/auth/login", json={"email": ana.email, "password": NEW})
    assert signed_in.status_code == 200


def test_a_wrong_or_weak_password_changes_nothing(
    app: Flask, client: FlaskClient, ana: Person, token: dict[str, str]
) -> None:
    for change, field in (
        ({"currentPassword": "wrong wrong", "password": NEW}, "currentPassword"),
        ({"currentPassword": PASSWORD, "password": "curta"}, "password"),
        ({"currentPassword": PASSWORD, "password": PASSWORD}, "password"),
        ({"currentPassword": PASSWORD}, "password"),
        ({"currentPassword": PASSWORD, "password": NEW, "role": "admin"}, "role"),
    ):
        answer = client.put("/api/auth/password", json=change, headers=token)
        assert (answer.status_code, list((answer.json or {})["fields"])) == (400, [field])
    assert actions(app) == ["password.refused"]
    assert letters(app) == []
    assert client.get("/api/auth/me", headers=token).status_code == 200


def test_guessing_is_limited_as_signing_in_is(client: FlaskClient, token: dict[str, str]) -> None:
    wrong = {"currentPassword": "wrong wrong", "password": NEW}
    statuses = [client.put("/api/auth/password", json=wrong, headers=token).status_code for _ in range(11)]
    assert statuses == [400] * 10 + [429]


def test_the_profile_page_tells_of_a_new_password_too(app: Flask, ana: Person) -> None:
    change = {"current_password": PASSWORD, "password": NEW, "repeated": NEW}
    sign_in(app, ana).submit("/profile/password", change)
    assert [letter.purpose for letter in letters(app, ana.email)] == ["password_changed"]
