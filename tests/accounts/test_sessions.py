"""One's own sessions, seen and ended by page and by API."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from app.accounts import sessions
from app.accounts.models import AuditEntry, User, UserSession
from app.accounts.signed_in.devices import device_of
from app.core import clock
from app.core.db import db, write
from tests.people import Browser, Person, bearer, new_user

sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 Version/18.5 Safari/604.1"
EDGE = "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0"


def open_for(app: Flask, person: Person, user_agent: str | None) -> UUID:
    with app.app_context(), write() as store:
        user = store.get_one(User, person.id)
        opened, _token = sessions.open_session(store, user, ip_address="203.0.113.9", user_agent=user_agent)
        return opened.id


def ids_of(app: Flask, person: Person) -> set[UUID]:
    with app.app_context():
        return set(db.session.scalars(select(UserSession.id).where(UserSession.user_id == person.id)))


@pytest.mark.parametrize(
    ("user_agent", "words"),
    [
        (FIREFOX, "Firefox on Windows"),
        (IPHONE, "Safari on iPhone"),
        (EDGE, "Edge on Windows"),
        ("curl/8.5.0", "curl"),
        ("python-requests/2.32", "python-requests"),
        ("Mozilla/5.0 (X11; Linux x86_64)", "Linux"),
        ("<script>alert(1)</script>", "Unknown"),
        ("", "Unknown"),
        (None, "Unknown"),
    ],
)
def test_a_user_agent_in_words(user_agent: str | None, words: str) -> None:
    assert str(device_of(user_agent)) == words


def test_the_list_by_api_marks_the_one_that_asks(app: Flask, client: FlaskClient) -> None:
    person = new_user(app, "viewer")
    open_for(app, person, FIREFOX)
    open_for(app, new_user(app, "viewer"), FIREFOX)
    headers = bearer(app, person)

    answer = client.get("/api/auth/sessions?sort=createdAt", headers=headers)

    assert answer.status_code == 200
    assert sorted(answer.json["data"][0]) == [
        "address", "createdAt", "current", "device", "expiresAt", "id", "kind", "seenAt",
    ]  # fmt: skip
    told = [(one["kind"], one["current"], one["device"], one["address"]) for one in answer.json["data"]]
    assert told == [("browser", False, "Firefox on Windows", "203.0.113.9"), ("program", True, "Unknown", None)]
    assert client.get("/api/auth/sessions?sort=address", headers=headers).status_code == 400


@sqlite
def test_idle_and_expired_sessions_are_not_listed(app: Flask, viewer: Browser) -> None:
    idle, over = open_for(app, viewer.person, FIREFOX), open_for(app, viewer.person, IPHONE)
    now = clock.now()
    with app.app_context(), write() as store:
        store.execute(update(UserSession).where(UserSession.id == idle).values(seen_at=now - sessions.IDLE))
        store.execute(update(UserSession).where(UserSession.id == over).values(expires_at=now - timedelta(seconds=1)))
    shown = viewer.get("/profile/sessions").text
    assert "Firefox" not in shown
    assert "Safari" not in shown


@sqlite
def test_ending_one_by_api_kills_its_token_and_nobody_elses(app: Flask, client: FlaskClient) -> None:
    person, stranger = new_user(app, "viewer"), new_user(app, "admin")
    mine, other = bearer(app, person), bearer(app, person)
    theirs = open_for(app, stranger, FIREFOX)
    (wanted,) = [one["id"] for one in client.get("/api/auth/sessions", headers=other).json["data"] if one["current"]]

    assert client.delete(f"/api/auth/sessions/{theirs}", headers=mine).status_code == 404
    assert client.delete("/api/auth/sessions/nonsense", headers=mine).status_code == 404
    assert client.delete(f"/api/v1/auth/sessions/{wanted}", headers=mine).status_code == 204
    assert client.delete(f"/api/auth/sessions/{wanted}", headers=mine).status_code == 404
    assert client.get("/api/auth/me", headers=other).status_code == 401
    assert client.get("/api/auth/me", headers=mine).status_code == 200
    assert theirs in ids_of(app, stranger)


def test_ending_all_others_keeps_the_one_that_asks(app: Flask, client: FlaskClient) -> None:
    person, stranger = new_user(app, "viewer"), new_user(app, "viewer")
    open_for(app, person, FIREFOX), open_for(app, stranger, FIREFOX)
    headers = bearer(app, person)
    assert client.delete("/api/auth/sessions", headers=headers).status_code == 204
    assert client.get("/api/auth/me", headers=headers).status_code == 200
    assert (len(ids_of(app, person)), len(ids_of(app, stranger))) == (1, 1)
    with app.app_context():
        found = db.session.scalars(select(AuditEntry)).one()
        assert (found.action, found.changes) == ("session.others_ended", {"sessions": [2, 1]})


@sqlite
def test_the_page_lists_ends_one_and_ends_all_others(app: Flask, viewer: Browser) -> None:
    alone = viewer.get("/profile/sessions").text
    assert "Você está conectado só aqui." in alone
    assert "end-others" not in alone
    wanted, _rest = open_for(app, viewer.person, FIREFOX), open_for(app, viewer.person, "Evil<b>/1.0 (iPhone<b>)")
    shown = viewer.get("/profile/sessions").text
    assert "<b>" not in shown
    assert shown.count('/end"') == 2
    assert viewer.submit(f"/profile/sessions/{wanted}/end").status_code == 303
    assert wanted not in ids_of(app, viewer.person)
    assert viewer.submit("/profile/sessions/end-others").status_code == 303
    (own,) = ids_of(app, viewer.person)
    assert viewer.get("/profile/sessions").status_code == 200
    viewer.submit(f"/profile/sessions/{own}/end")
    assert viewer.get("/profile/sessions").headers["Location"].startswith("/login")


@sqlite
def test_the_page_ends_nobody_elses(app: Flask, viewer: Browser, make_user: Any) -> None:
    stranger = make_user("viewer")
    theirs = open_for(app, stranger, FIREFOX)
    assert viewer.submit(f"/profile/sessions/{theirs}/end").status_code == 404
    assert viewer.submit("/profile/sessions/nonsense/end").status_code == 404
    assert viewer.post("/profile/sessions/end-others").status_code == 400  # no CSRF token
    assert theirs in ids_of(app, stranger)
