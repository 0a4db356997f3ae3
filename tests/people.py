"""People for every test: of each role, signed in, in this account and in another."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from html import unescape
from typing import Any
from uuid import UUID

import pytest
from flask import Flask, session
from flask.testing import FlaskClient
from flask_wtf.csrf import generate_csrf
from werkzeug.test import TestResponse

from app.accounts import passwords, sessions, tokens
from app.accounts.models import Account, User
from app.accounts.sign_in import first_account
from app.accounts.tokens import Claims
from app.core import clock
from app.core.db import db, write
from app.core.ids import uuid7
from app.core.runtime import runtime

PASSWORD = "uma frase que ninguem adivinha"
HTMX = {"HX-Request": "true"}


@dataclass(frozen=True, slots=True)
class Person:
    id: UUID
    account_id: UUID
    email: str
    role: str
    password: str = PASSWORD


class Browser(FlaskClient):
    """A test client that can send forms as a page of ours would."""

    person: Person

    def submit(
        self, url: str, form: dict[str, Any] | None = None, *, htmx: bool = False, **options: Any
    ) -> TestResponse:
        """Posts a form with a valid CSRF token; with `htmx` the way htmx does."""
        headers = {**(HTMX if htmx else {}), **options.pop("headers", {})}
        return self.post(url, data={**(form or {}), "csrf_token": self.csrf_token()}, headers=headers, **options)

    def csrf_token(self) -> str:
        with self.application.test_request_context():
            token = str(generate_csrf())
            raw = session["csrf_token"]
        with self.session_transaction() as kept:
            kept["csrf_token"] = raw
        return token

    def session_cookie(self) -> str | None:
        found = self.get_cookie(sessions.cookie_name(runtime(self.application).settings))
        return found.value if found is not None else None


def new_browser(app: Flask) -> Browser:
    return Browser(app, app.response_class, use_cookies=True)


def new_account(app: Flask, name: str = "Outra Empresa") -> UUID:
    with app.app_context(), write() as store:
        account = Account(id=uuid7(), name=name, timezone="America/Sao_Paulo", created_at=clock.now())
        store.add(account)
        store.flush()
        return account.id


def new_user(app: Flask, role: str = "admin", account_id: UUID | None = None, **values: Any) -> Person:
    with app.app_context():
        password = values.pop("password", PASSWORD)
        password_hash = passwords.hash_password(password)
        with write() as store:
            id_ = uuid7()
            email = values.pop("email", f"{role}-{str(id_)[-6:]}@example.com")
            user = User(
                id=id_,
                account_id=account_id or first_account(store).id,
                email=email,
                role=role,
                password_hash=password_hash,
                created_at=clock.now(),
                **{"name": f"Test {role}", **values},
            )
            store.add(user)
            store.flush()
            return Person(user.id, user.account_id, email, role, password)


def sign_in(app: Flask, person: Person) -> Browser:
    """A browser with a session of this person, without the cost of the form."""
    browser = new_browser(app)
    with app.app_context(), write() as store:
        user = store.get_one(User, person.id)
        _opened, token = sessions.open_session(store, user, ip_address="127.0.0.1", user_agent="test")
    browser.set_cookie(sessions.cookie_name(runtime(app).settings), token)
    browser.person = person
    return browser


def bearer(app: Flask, person: Person) -> dict[str, str]:
    """The header of an access token of this person."""
    with app.app_context():
        with write() as store:
            user = store.get_one(User, person.id)
            opened, _token = sessions.open_session(
                store, user, ip_address=None, user_agent=None, kind=sessions.Kind.PROGRAM
            )
            claims = Claims(user.id, opened.id)
        token = tokens.issue(runtime(app).settings, claims, clock.now())
        db.session.remove()
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture
def make_user(app: Flask) -> Callable[..., Person]:
    """`make_user("viewer", account_id=…, email=…, password=…)`; by default an administrator of the first account."""
    return lambda role="admin", account_id=None, **values: new_user(app, role, account_id, **values)


@pytest.fixture
def anonymous(app: Flask) -> Browser:
    return new_browser(app)


@pytest.fixture
def admin(app: Flask) -> Browser:
    return sign_in(app, new_user(app, "admin"))


@pytest.fixture
def manager(app: Flask) -> Browser:
    return sign_in(app, new_user(app, "manager"))


@pytest.fixture
def operator(app: Flask) -> Browser:
    return sign_in(app, new_user(app, "operator"))


@pytest.fixture
def viewer(app: Flask) -> Browser:
    return sign_in(app, new_user(app, "viewer"))


@pytest.fixture
def admin_token(app: Flask) -> dict[str, str]:
    """The Authorization header of an administrator of the first account."""
    return bearer(app, new_user(app, "admin"))


@pytest.fixture
def viewer_token(app: Flask) -> dict[str, str]:
    return bearer(app, new_user(app, "viewer"))


@pytest.fixture
def other_account(app: Flask) -> Person:
    """The administrator of another account; `.account_id` is that account."""
    return new_user(app, "admin", new_account(app), email="stranger@example.org")


@pytest.fixture
def other_admin(app: Flask, other_account: Person) -> Browser:
    return sign_in(app, other_account)


def asking_again(page: str, url: str) -> dict[str, str]:
    """The headers with which the live fragment of `url` in a page asks for itself, the mark of what it shows among
    them."""
    found = re.search(rf"hx-get=\"{re.escape(url)}\"[^>]*? hx-headers=\"([^\"]+)\"", page)
    assert found is not None, f"nothing on this page asks for {url} again"
    return {**HTMX, **json.loads(unescape(found[1]))}
