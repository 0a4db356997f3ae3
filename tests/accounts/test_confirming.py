"""Proving once more who one is: the page and the call, what they take, and what they open."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.accounts.models import AuditEntry, User
from app.core.api import operation_of
from app.core.db import db, write
from app.core.ids import uuid7
from tests.accounts.second_factor.authenticator import make_sessions_older, turn_on
from tests.people import PASSWORD, Browser, bearer, sign_in

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
Travel = Callable[[timedelta], None]
SENSITIVE = "/profile/two-factor"


def is_confirmed(browser: Browser) -> bool:
    return browser.get(SENSITIVE).status_code == 200


@pytest.fixture
def old(app: Flask, viewer: Browser, travel: Travel) -> Browser:
    """Signed in so long ago that what is sensitive is shut."""
    travel(timedelta(minutes=31))
    assert not is_confirmed(viewer)
    return viewer


def test_the_password_opens_what_is_sensitive_for_half_an_hour(app: Flask, old: Browser, travel: Travel) -> None:
    shown = old.get(old.get(f"{SENSITIVE}?a=b").headers["Location"])
    assert f'value="{SENSITIVE}?a=b"' in shown.text

    answer = old.submit("/confirm", {"password": PASSWORD, "next": f"{SENSITIVE}?a=b"})

    assert (answer.status_code, answer.headers["Location"]) == (303, f"{SENSITIVE}?a=b")
    assert is_confirmed(old)
    travel(timedelta(minutes=31))
    assert not is_confirmed(old)
    with app.app_context():
        assert db.session.scalars(select(AuditEntry.action)).all() == ["session.confirmed"]


def test_a_code_does_too_and_a_wrong_one_does_not(app: Flask, old: Browser) -> None:
    assert "one-time-code" not in old.get("/confirm").text
    phone = turn_on(app, old.person)
    assert "one-time-code" in old.get("/confirm").text
    assert old.submit("/confirm", {"code": phone.wrong_code(), "password": PASSWORD}).status_code == 422
    assert not is_confirmed(old)
    code = phone.code()
    assert old.submit("/confirm", {"code": code}).status_code == 303
    assert is_confirmed(old)
    assert old.submit("/confirm", {"code": code}).status_code == 422
    assert old.submit("/confirm", {"code": phone.recovery_codes[0]}).status_code == 303


def test_anything_else_is_refused(old: Browser) -> None:
    forms: list[dict[str, str]] = [{}, {"password": ""}, {"password": "wrong wrong wrong"}, {"code": "123456"}]
    for form in forms:
        answer = old.submit("/confirm", form, htmx=True)
        assert (answer.status_code, answer.text.count("alert-danger")) == (422, 1), form
    assert not is_confirmed(old)


def test_another_session_of_the_same_person_stays_as_it_was(app: Flask, old: Browser) -> None:
    other = sign_in(app, old.person)
    assert is_confirmed(other)
    assert not is_confirmed(old)


def test_ten_wrong_ones_a_day(old: Browser) -> None:
    statuses = [old.submit("/confirm", {"password": "wrong wrong wrong"}).status_code for _ in range(11)]
    assert statuses == [422] * 10 + [429]
    answer = old.submit("/confirm", {"password": PASSWORD})
    assert (answer.status_code, answer.headers["RateLimit-Policy"]) == (429, '"confirm";q=10;w=86400')


def test_the_way_back_never_leaves_this_site(viewer: Browser) -> None:
    for target in ("//evil.example", "https://evil.example/", "/\\evil.example", "javascript:alert(1)"):
        assert viewer.submit("/confirm", {"password": PASSWORD, "next": target}).headers["Location"] == "/", target


def test_somebody_of_a_provider_signs_in_with_it_again(app: Flask, old: Browser) -> None:
    with app.app_context(), write() as store:
        store.get_one(User, old.person.id).password_hash = None
    text = old.get("/confirm").text
    assert 'name="password"' not in text
    assert 'action="/logout"' in text
    assert old.submit("/confirm", {"password": PASSWORD}).status_code == 422
    phone = turn_on(app, old.person)
    assert old.submit("/confirm", {"code": phone.code()}).status_code == 303
    assert is_confirmed(old)


def test_a_program_confirms_by_the_api(app: Flask, client: FlaskClient, make_user: Any) -> None:
    person = make_user("viewer")
    phone = turn_on(app, person)
    header = bearer(app, person)
    make_sessions_older(app)
    start = "/api/auth/two-factor/start"
    assert client.post(start, headers=header).json["confirmRequired"] is True

    bodies: list[tuple[dict[str, Any], int]] = [
        ({}, 400),
        ({"password": PASSWORD, "code": phone.code()}, 400),
        ({"password": "wrong wrong wrong"}, 400),
        ({"code": phone.wrong_code()}, 400),
        ({"code": phone.code(1)}, 204),
        ({"code": phone.code(1)}, 400),
        ({"password": PASSWORD}, 204),
    ]
    for body, status in bodies:
        assert client.post("/api/auth/confirm", headers=header, json=body).status_code == status, body
    assert client.post(start, headers=header).status_code == 201
    assert client.post("/api/auth/confirm", json={"password": PASSWORD}).status_code == 401


def calls(app: Flask) -> Iterator[tuple[str, str, str]]:
    """(endpoint, method, URL) of all that is marked as sensitive."""
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        operation = operation_of(view)
        if operation.confirmed if operation else getattr(view, "confirmed", False):
            path = re.sub("<[^>]+>", str(uuid7()), re.sub(r"<any\((\w+)[^>]*>", r"\1", rule.rule))
            yield from ((rule.endpoint, method, path) for method in (rule.methods or set()) - {"HEAD", "OPTIONS"})


def test_all_that_is_sensitive_asks_before_anything_else(app: Flask, admin: Browser) -> None:
    header = bearer(app, admin.person)
    make_sessions_older(app)
    token = {"X-CSRFToken": admin.csrf_token()}
    names, wrong = set(), {}
    for name, method, url in calls(app):
        names.add(name)
        if url.startswith("/api/"):
            answer = admin.open(url, method=method, headers=header, json={})
            asked = answer.status_code == 403 and answer.json["confirmRequired"] is True
        else:
            answer = admin.open(url, method=method, headers=token)
            asked = answer.headers.get("Location", "").startswith("/confirm?next=")
        if not asked:
            wrong[f"{method} {url}"] = answer.status_code
    assert wrong == {}
    assert names >= {"open_rules.rotate", "second_factor.turn_off", "api_two_factor.start", "clients.create"}
