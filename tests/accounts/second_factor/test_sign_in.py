"""Signing in with a second factor: the wait for the code, and what somebody who waits cannot reach."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.accounts import people, sessions, sign_in
from app.accounts.audit import system_actor
from app.accounts.models import AuditEntry, User, UserSession
from app.accounts.second_factor import service
from app.accounts.second_factor.accepting import PER_HOUR
from app.accounts.second_factor.models import PendingSignIn
from app.core import clock
from app.core.db import db, write
from app.core.ratelimit import limiter
from tests.accounts.second_factor.authenticator import half_signed_in, turn_on
from tests.people import Browser, new_browser

sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # what is tested is not in the database
Travel = Callable[[timedelta], None]
WAITING = "kalitrack_session_pending"


def count(app: Flask, table: Any) -> int:
    with app.app_context():
        return db.session.scalar(select(func.count()).select_from(table)) or 0


def is_signed_in(browser: Browser) -> bool:
    return browser.get("/login").status_code == 303


def test_a_right_password_waits_for_the_code_which_opens_the_session(
    app: Flask, anonymous: Browser, make_user: Any
) -> None:
    person = make_user("viewer")
    phone = turn_on(app, person)

    asked = anonymous.submit("/login", {"email": person.email, "password": person.password, "next": "/events?page=2"})

    assert asked.headers["Location"] == "/login/code?next=/events%3Fpage%3D2"
    cookie = next(value for value in asked.headers.getlist("Set-Cookie") if value.startswith(WAITING))
    assert all(part in cookie for part in ("HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=600"))
    assert (anonymous.session_cookie(), count(app, UserSession), count(app, PendingSignIn)) == (None, 0, 1)
    page = anonymous.get(asked.headers["Location"])
    assert 'value="/events?page=2"' in page.text

    answer = anonymous.submit(
        "/login/code", {"code": f" {phone.code()[:3]} {phone.code()[3:]}", "next": "/events?page=2"}
    )

    assert (answer.status_code, answer.headers["Location"]) == (303, "/events?page=2")
    assert anonymous.get_cookie(WAITING) is None
    assert (is_signed_in(anonymous), count(app, UserSession), count(app, PendingSignIn)) == (True, 1, 0)
    with app.app_context():
        assert db.session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()[-1] == "session.started"


@sqlite
def test_a_wrong_code_is_said_and_five_close_the_door(app: Flask, anonymous: Browser, make_user: Any) -> None:
    person = make_user("viewer")
    phone = turn_on(app, person)
    half_signed_in(anonymous, person)

    answers = [anonymous.submit("/login/code", {"code": phone.wrong_code()}, htmx=True) for _ in range(5)]
    last = anonymous.submit("/login/code", {"code": phone.code()})

    assert [answer.status_code for answer in answers] == [422] * 5
    assert answers[0].text.count("alert-danger") == 1
    assert (last.status_code, last.headers["RateLimit-Policy"]) == (429, '"second-factor";q=5;w=300')
    assert int(last.headers["Retry-After"]) <= 300
    elsewhere = half_signed_in(new_browser(app), person)  # another browser is the same person
    assert elsewhere.submit("/login/code", {"code": phone.code()}).status_code == 429
    assert count(app, UserSession) == 0
    with app.app_context():
        refused = select(func.count()).where(
            AuditEntry.action == "second_factor.refused", AuditEntry.user_id == person.id
        )
        assert db.session.scalar(refused) == 5


@sqlite
def test_twenty_tries_an_hour(app: Flask, anonymous: Browser, make_user: Any) -> None:
    person = make_user("viewer")
    phone = turn_on(app, person)
    half_signed_in(anonymous, person)
    for _ in range(PER_HOUR.amount):  # some minutes ago, as it were
        assert limiter(app).hit(PER_HOUR, str(person.id)) is None
    answer = anonymous.submit("/login/code", {"code": phone.code()})
    assert (answer.status_code, answer.headers["RateLimit-Policy"]) == (429, '"second-factor-hour";q=20;w=3600')


@sqlite
def test_right_codes_cost_nothing(app: Flask, make_user: Any, travel: Travel) -> None:
    person = make_user("viewer")
    phone = turn_on(app, person)
    for _ in range(6):
        browser = half_signed_in(new_browser(app), person)
        assert browser.submit("/login/code", {"code": phone.code()}).status_code == 303
        travel(timedelta(seconds=30))


@sqlite
def test_a_recovery_code_lets_in_once(app: Flask, make_user: Any) -> None:
    person = make_user("viewer")
    phone = turn_on(app, person)
    form = {"code": phone.recovery_codes[0].upper().replace("-", " ")}
    assert half_signed_in(new_browser(app), person).submit("/login/code", form).status_code == 303
    assert half_signed_in(new_browser(app), person).submit("/login/code", form).status_code == 422


def change_email(store: Any, user: User) -> None:
    user.email = "another@example.com"


ENDS: dict[str, Callable[[Any, User], object]] = {
    "disabled": lambda store, user: people.disable(store, user, system_actor(user.account_id)),
    "password": lambda store, user: setattr(user, "password_hash", "another"),
    "e-mail": change_email,
    "factor removed": lambda store, user: service.remove(store, system_actor(user.account_id), user),
}


@sqlite
@pytest.mark.parametrize("what", ENDS)
def test_what_changes_meanwhile_ends_the_wait(app: Flask, anonymous: Browser, make_user: Any, what: str) -> None:
    person = make_user("viewer")
    phone = turn_on(app, person)
    half_signed_in(anonymous, person)
    with app.app_context(), write() as store:
        ENDS[what](store, store.get_one(User, person.id))

    answer = anonymous.submit("/login/code", {"code": phone.code()})

    assert (answer.status_code, answer.headers["Location"]) == (303, "/login")
    assert anonymous.get_cookie(WAITING) is None
    assert count(app, UserSession) == 0


@sqlite
def test_the_wait_is_over_after_ten_minutes(app: Flask, anonymous: Browser, make_user: Any, travel: Travel) -> None:
    person = make_user("viewer")
    phone = turn_on(app, person)
    half_signed_in(anonymous, person)
    travel(timedelta(minutes=9, seconds=55))
    assert anonymous.get("/login/code").status_code == 200
    travel(timedelta(seconds=10))
    assert anonymous.get("/login/code").headers["Location"] == "/login"
    assert anonymous.submit("/login/code", {"code": phone.code()}).headers["Location"] == "/login"


@sqlite
def test_the_cookie_of_who_waits_opens_nothing_under_another_name(
    app: Flask, anonymous: Browser, make_user: Any
) -> None:
    """Nor as a token. That it opens no page under its own: tests/test_permissions.py, for every line."""
    person = make_user("admin")
    turn_on(app, person)
    half_signed_in(anonymous, person)
    cookie = anonymous.get_cookie(WAITING)
    assert cookie is not None
    anonymous.set_cookie("kalitrack_session", cookie.value)
    bearer = {"Authorization": f"Bearer {cookie.value}"}

    assert {anonymous.get(path).headers["Location"][:12] for path in ("/", "/profile", "/team")} == {"/login?next="}
    assert {anonymous.get(f"/api/{name}", headers=bearer).status_code for name in ("auth/me", "users")} == {401}


@sqlite
def test_a_session_before_goes_only_when_the_code_was_right(app: Flask, make_user: Any) -> None:
    first, second = make_user("viewer"), make_user("viewer")
    phone = turn_on(app, second)
    browser = new_browser(app)
    browser.submit("/login", {"email": first.email, "password": first.password})
    before = browser.session_cookie()
    half_signed_in(browser, second)
    assert is_signed_in(browser)
    browser.submit("/login/code", {"code": phone.code()})
    assert browser.session_cookie() != before
    with app.app_context():
        assert [found.user_id for found in db.session.scalars(select(UserSession))] == [second.id]
        assert sessions.find_by_token(db.session(), before or "") is None


def test_somebody_of_a_provider_waits_for_a_code_too(app: Flask, make_user: Any) -> None:
    person = make_user("viewer")
    turn_on(app, person)
    caller = sign_in.Caller("127.0.0.1", None, None)
    with app.app_context():
        with write() as store:
            store.get_one(User, person.id).password_hash = None
        with write() as store:
            outcome = sign_in.proceed(store, sign_in.Verified(person.id, None), caller)
        assert isinstance(outcome, sign_in.Pending)
        with write() as store:
            assert sign_in.finish(store, outcome.token, "000000", caller) == "wrong"
        with write() as store:
            store.get_one(User, person.id).disabled_at = clock.now()
        with pytest.raises(sign_in.WrongCredentials), write() as store:
            sign_in.proceed(store, sign_in.Verified(person.id, None), caller)
