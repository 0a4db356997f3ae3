"""Another address to sign in with: confirmed by its mailbox, told to the present one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from app.accounts import people
from app.accounts.joining.limits import NEW_EMAIL_PERSON
from app.accounts.models import AuditEntry, User, UserSession
from app.core import clock
from app.core.access import CONFIRMED_FOR, Actor
from app.core.db import db, write
from tests.letters import last_letter, letters
from tests.people import PASSWORD, Browser, bearer, new_browser, sign_in

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
NEW = "viewer@elsewhere.example"


def email_of(app: Flask, browser: Browser) -> str:
    with app.app_context():
        return db.session.get_one(User, browser.person.id).email


def wanted(app: Flask, browser: Browser, email: str = NEW) -> str:
    """The path in the letter to the new address."""
    assert browser.submit("/profile/email", {"email": email}).status_code == 303
    return last_letter(app, email).path


def test_the_link_in_the_letter_changes_the_address(app: Flask, viewer: Browser) -> None:
    other, program = sign_in(app, viewer.person), bearer(app, viewer.person)
    path = wanted(app, viewer)
    assert [letter.to for letter in letters(app)] == [viewer.person.email, NEW]
    assert "http" not in letters(app, viewer.person.email)[0].text
    assert NEW in viewer.get("/profile").text
    assert NEW in new_browser(app).get(path).text
    assert email_of(app, viewer) == viewer.person.email

    answer = viewer.submit(path)

    assert (answer.headers["Location"], answer.headers["Referrer-Policy"]) == ("/profile", "no-referrer")
    assert email_of(app, viewer) == NEW
    assert viewer.get("/profile").status_code == 200
    assert other.get("/profile").status_code == 303
    assert new_browser(app).get("/api/auth/me", headers=program).status_code == 401
    assert viewer.submit(path).status_code == 404
    assert new_browser(app).submit("/login", {"email": NEW, "password": PASSWORD}).status_code == 303
    with app.app_context():
        [changes] = db.session.scalars(select(AuditEntry.changes).where(AuditEntry.action == "email.changed"))
    assert changes == {"email": [viewer.person.email, NEW]}


def test_the_link_works_where_nobody_is_signed_in_and_ends_every_session(app: Flask, viewer: Browser) -> None:
    path = wanted(app, viewer)
    stranger = new_browser(app)
    assert stranger.submit(path).headers["Location"] == "/profile"
    assert stranger.get("/profile").status_code == viewer.get("/profile").status_code == 303
    assert email_of(app, viewer) == NEW


def test_another_person_in_the_browser_keeps_their_own_session_and_address(
    app: Flask, viewer: Browser, manager: Browser
) -> None:
    path = wanted(app, viewer)
    manager.submit(path)
    assert (email_of(app, viewer), email_of(app, manager)) == (NEW, manager.person.email)
    assert (viewer.get("/profile").status_code, manager.get("/profile").status_code) == (303, 200)


def test_whether_somebody_has_the_address_is_not_told(app: Flask, viewer: Browser, other_account: Any) -> None:
    seen = []
    for email in (other_account.email, NEW):
        answer = viewer.submit("/profile/email", {"email": email})
        page = viewer.get("/profile").text
        seen.append(
            (answer.status_code, answer.headers["Location"], "Escrevemos para o novo endereço" in page, email in page)
        )
    assert seen == [(303, "/profile", True, True)] * 2
    [told] = letters(app, other_account.email)
    assert (told.purpose, told.account_id) == ("email_taken", other_account.account_id)


def test_an_address_taken_meanwhile_is_said_in_words(app: Flask, viewer: Browser, make_user: Any) -> None:
    path = wanted(app, viewer)
    make_user(email=NEW)
    answer = viewer.submit(path)
    assert (answer.status_code, "Enquanto isso" in answer.text) == (409, True)
    assert email_of(app, viewer) == viewer.person.email


def test_only_the_newest_link_works_for_a_day_and_a_new_password_ends_it(
    app: Flask, viewer: Browser, travel: Callable[[timedelta], None]
) -> None:
    first, second = wanted(app, viewer), wanted(app, viewer, "again@elsewhere.example")
    assert viewer.submit(first).status_code == 404
    with app.app_context(), write() as store:
        user = store.get_one(User, viewer.person.id)
        people.set_password(store, user, "another hash", Actor(user.account_id, None, "system"))
    assert viewer.submit(second).status_code == 404
    viewer = sign_in(app, viewer.person)
    third = wanted(app, viewer, "third@elsewhere.example")
    travel(timedelta(hours=24))
    assert new_browser(app).submit(third).status_code == 404


def test_who_signed_in_long_ago_says_again_who_they_are(app: Flask, viewer: Browser, client: FlaskClient) -> None:
    token = bearer(app, viewer.person)
    with app.app_context(), write() as store:
        store.execute(update(UserSession).values(confirmed_at=clock.now() - CONFIRMED_FOR))
    assert viewer.get("/profile/email").headers["Location"] == "/confirm?next=/profile/email"
    assert viewer.submit("/profile/email", {"email": NEW}).headers["Location"].startswith("/confirm")
    answer = client.post("/api/auth/email", json={"email": NEW}, headers=token)
    assert (answer.status_code, (answer.json or {})["confirmRequired"]) == (403, True)
    assert letters(app) == []


def test_wrong_addresses_and_too_many_are_refused(app: Flask, viewer: Browser) -> None:
    assert viewer.get("/profile/email").status_code == 200
    for email in ("", "ana", viewer.person.email.upper(), "x" * 255 + "@example.com"):
        answer = viewer.submit("/profile/email", {"email": email}, htmx=True)
        assert (answer.status_code, 'id="email-error"' in answer.text) == (422, True)
    statuses = [
        viewer.submit("/profile/email", {"email": f"p{number}@elsewhere.example"}).status_code
        for number in range(NEW_EMAIL_PERSON.amount + 1)
    ]
    assert statuses == [303] * NEW_EMAIL_PERSON.amount + [429]


def test_a_program_asks_and_confirms(app: Flask, viewer: Browser, client: FlaskClient) -> None:
    token = bearer(app, viewer.person)
    assert client.post("/api/auth/email", json={"email": NEW}).status_code == 401
    assert client.post("/api/auth/email", json={"email": NEW}, headers=token).status_code == 202
    followed = {"token": last_letter(app, NEW).token}
    statuses = [client.post("/api/auth/email/verify", json=followed).status_code for _ in range(2)]
    assert statuses == [204, 404]
    assert email_of(app, viewer) == NEW
    assert client.get("/api/auth/me", headers=token).status_code == 401
