"""The link of an invitation: what it shows, that it works once, and who is in by it."""

from __future__ import annotations

import logging
from datetime import timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.accounts.models import Account, User, UserSession
from app.accounts.team.invitations import LIFETIME
from app.core.db import db, write
from app.core.redaction import scrub
from tests.people import Browser, Person

sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # what is tested is not in the database
GOOD = {"name": " Nina Alves ", "password": "uma frase bem comprida"}


@pytest.fixture
def token(api: Any, token_of: Any) -> str:
    api("post", "/users", json={"email": "nina@example.com", "role": "operator"})
    found: str = token_of("nina@example.com")
    return found


def accept(app: Flask, token: str, **changes: Any) -> Any:
    return app.test_client().post("/api/auth/accept-invitation", json={"token": token, **GOOD, **changes})


@sqlite
def test_the_page_says_who_invites_into_what_and_makes_the_person(
    app: Flask, token: str, anonymous: Browser, boss: Person, audited: Any
) -> None:
    path = f"/invitation/{token}"
    page = anonymous.get(path)
    assert (page.status_code, page.headers["Referrer-Policy"]) == (200, "no-referrer")
    assert all(text in page.text for text in ("Bia", "nina@example.com", "Operador"))

    answer = anonymous.submit(path, GOOD)

    assert (answer.status_code, answer.headers["Location"], answer.headers["Referrer-Policy"]) == (
        303,
        "/",
        "no-referrer",
    )
    with app.app_context():
        user = db.session.scalars(select(User).where(User.email == "nina@example.com")).one()
        assert (user.name, user.role, user.locale) == ("Nina Alves", "operator", "pt_BR")
        assert user.account_id == boss.account_id
        assert len(db.session.scalars(select(UserSession.id).where(UserSession.user_id == user.id)).all()) == 1
    assert "Você está na equipe de" in anonymous.get("/").text
    assert ("invitation.accepted", "nina@example.com", "nina@example.com", None) in audited("invitation.")


@sqlite
def test_looking_changes_nothing_and_a_wrong_form_keeps_the_link(app: Flask, token: str, anonymous: Browser) -> None:
    path = f"/invitation/{token}"
    for _ in range(3):
        assert anonymous.get(path).status_code == 200
    for wrong in ({"name": " "}, {"password": "curta"}, {"password": "nina@example.com"}, {"name": "x" * 121}):
        assert anonymous.submit(path, {**GOOD, **wrong}).status_code == 422
        assert accept(app, token, **wrong).status_code == 400
    assert anonymous.submit(path, GOOD).status_code == 303


@sqlite
def test_the_api_makes_the_person_and_takes_nothing_else(app: Flask, token: str) -> None:
    for extra in ({"role": "admin"}, {"email": "eve@example.com"}, {"accountId": "x"}, {"locale": "xx"}):
        assert accept(app, token, **extra).status_code == 400
    answer = accept(app, token, locale="en")
    assert (answer.status_code, answer.json["email"], answer.json["role"]) == (201, "nina@example.com", "operator")
    with app.app_context():
        assert (
            db.session.scalar(select(func.count()).select_from(UserSession).where(UserSession.kind == "browser")) == 0
        )


@sqlite
def test_who_has_to_have_a_second_factor_sets_one_up_first(
    app: Flask, token: str, anonymous: Browser, boss: Person
) -> None:
    with app.app_context(), write() as store:
        store.get_one(Account, boss.account_id).second_factor_roles = ["operator"]
    assert anonymous.submit(f"/invitation/{token}", GOOD).headers["Location"] == "/"
    assert anonymous.get("/").headers["Location"].startswith("/profile/two-factor")


@sqlite
def test_wrong_used_and_expired_links_all_say_the_same(app: Flask, token: str, anonymous: Browser, travel: Any) -> None:
    wrong = ["x" * 43, "x", "y" * 500, token + "x", "é" * 40]
    travel(LIFETIME + timedelta(seconds=1))
    pages = [anonymous.get(f"/invitation/{one}") for one in (token, *wrong)]
    assert {(one.status_code, "Este convite não vale mais" in one.text) for one in pages} == {(404, True)}
    travel(-LIFETIME)
    assert accept(app, token).status_code == 201
    refused = [accept(app, one) for one in (token, "x" * 43)]
    assert {one.status_code for one in refused} == {404}
    assert len({one.json["error"] for one in refused}) == 1
    assert anonymous.get(f"/invitation/{token}").status_code == 404
    assert anonymous.submit(f"/invitation/{token}", GOOD).status_code == 404


def test_of_twenty_who_follow_the_link_at_once_one_gets_in(app: Flask, token: str) -> None:
    together, answers = Barrier(20), []

    def follow() -> None:
        together.wait()
        answers.append(accept(app, token).status_code)

    threads = [Thread(target=follow) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(answers) == [201] + [404] * 19
    with app.app_context():
        assert db.session.scalar(select(func.count()).where(User.email == "nina@example.com")) == 1


@sqlite
def test_the_token_is_in_no_log(token: str, anonymous: Browser, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        anonymous.get(f"/invitation/{token}")
        anonymous.submit(f"/invitation/{token}", GOOD)
    assert token not in scrub(f"GET /invitation/{token} HTTP/1.1")
    assert token not in "".join(str(record.getMessage()) for record in caplog.records if record.name.startswith("app"))
