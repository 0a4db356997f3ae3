"""`/api/auth/refresh`: one use each, a family that dies together, and tokens of other kinds."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app.accounts import people, sessions, tokens
from app.accounts.audit import system_actor
from app.accounts.models import AuditEntry, RefreshToken, User, UserSession
from app.accounts.refreshing import service
from app.accounts.refreshing.api import PER_ADDRESS
from app.accounts.roles import Role
from app.accounts.tokens import Claims
from app.core import clock
from app.core.db import db, write
from app.core.ratelimit import limiter
from app.core.runtime import runtime
from app.work import retention
from tests.people import Person

sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
Travel = Callable[[timedelta], None]
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)


class Program:
    """What a program holds after it signed in."""

    def __init__(self, app: Flask, person: Person) -> None:
        self.app = app
        self.client = app.test_client()
        with app.app_context():
            with write() as store:
                user = store.get_one(User, person.id)
                opened, _token = sessions.open_session(
                    store, user, ip_address=None, user_agent=None, kind=sessions.Kind.PROGRAM
                )
                self.session_id: UUID = opened.id
                self.refresh_token = service.issue(store, opened.id, clock.now())
            self.access_token = tokens.issue(runtime().settings, Claims(person.id, self.session_id), clock.now())

    def refresh(self, token: str | None = None) -> int:
        """Asks with a token, by default the newest; keeps what it gets."""
        answer = self.client.post("/api/auth/refresh", json={"refreshToken": token or self.refresh_token})
        if answer.status_code == 200:
            self.access_token, self.refresh_token = answer.json["accessToken"], answer.json["refreshToken"]
        return answer.status_code

    def is_signed_in(self) -> bool:
        headers = {"Authorization": f"Bearer {self.access_token}"}
        return self.client.get("/api/auth/me", headers=headers).status_code == 200


@pytest.fixture
def program(app: Flask, make_user: Any) -> Program:
    return Program(app, make_user("manager"))


def actions(app: Flask) -> list[str]:
    with app.app_context():
        return list(db.session.scalars(select(AuditEntry.action)))


@sqlite
def test_each_token_is_exchanged_for_the_next(app: Flask, program: Program) -> None:
    first = program.refresh_token
    answer = program.client.post("/api/v1/auth/refresh", json={"refreshToken": first})

    assert answer.status_code == 200
    assert sorted(answer.json) == ["accessToken", "expiresIn", "refreshToken", "user"]
    assert (answer.json["expiresIn"], answer.json["user"]["role"]) == (900, "manager")
    assert answer.json["refreshToken"].startswith("kt_rt_")
    assert len(answer.json["refreshToken"]) >= 6 + 43
    assert answer.json["refreshToken"] != first
    assert answer.headers["Cache-Control"] == "no-store"
    assert program.refresh(answer.json["refreshToken"]) == 200
    assert program.is_signed_in()
    with app.app_context():
        kept = set(db.session.scalars(select(RefreshToken.token_hash)))
    assert kept == {sessions.hashed(token) for token in (first, answer.json["refreshToken"], program.refresh_token)}


def test_a_used_token_that_comes_again_ends_the_family(app: Flask, program: Program, travel: Travel) -> None:
    stolen = program.refresh_token
    assert program.refresh() == 200
    travel(6 * SECOND)
    assert program.is_signed_in()

    assert program.refresh(stolen) == 401

    assert not program.is_signed_in()
    assert program.refresh() == 401
    assert actions(app) == ["session.reuse"]
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(RefreshToken)) == 0


@sqlite
def test_a_doubled_request_ends_nothing_until_the_client_went_on(program: Program) -> None:
    first = program.refresh_token
    assert program.refresh() == 200
    assert program.refresh(first) == 401  # at once: two tabs, or a retry
    assert program.is_signed_in()
    assert program.refresh() == 200
    assert program.refresh(first) == 401  # still at once, but somebody used the next one: two parties
    assert not program.is_signed_in()


def test_of_two_hundred_at_once_one_is_answered(app: Flask, program: Program) -> None:
    token = program.refresh_token

    def ask(_number: int) -> int:
        return app.test_client().post("/api/auth/refresh", json={"refreshToken": token}).status_code

    with ThreadPoolExecutor(16) as threads:
        statuses = sorted(threads.map(ask, range(200)))

    assert statuses == [200] + [401] * 199
    assert program.is_signed_in()
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(RefreshToken)) == 2


@sqlite
def test_a_token_slides_for_thirty_days_and_its_family_ends_after_ninety(
    app: Flask, program: Program, make_user: Any, travel: Travel
) -> None:
    unused = Program(app, make_user("viewer"))
    for _ in range(4):
        travel(22 * DAY)
        assert program.refresh() == 200
    assert unused.refresh() == 401
    travel(2 * DAY)
    assert program.refresh() == 401  # day 90
    assert not program.is_signed_in()


def disable_only(store: Session, user: User) -> None:
    user.disabled_at = clock.now()


ENDS: dict[str, Callable[[Session, User], object]] = {
    "signed out": lambda store, user: sessions.end_all(store, user.id),
    "disabled": disable_only,
    "role": lambda store, user: people.set_role(store, user, Role.VIEWER, system_actor(user.account_id)),
    "password": lambda store, user: people.set_password(store, user, "another hash", system_actor(user.account_id)),
    "a browser's": lambda store, user: store.execute(update(UserSession).values(kind="browser")),
}


@sqlite
def test_what_ends_a_session_ends_its_refresh_token(app: Flask, make_user: Any) -> None:
    for name, end in ENDS.items():
        program = Program(app, make_user("manager"))
        with app.app_context(), write() as store:
            end(store, store.get_one(UserSession, program.session_id).user)
        assert program.refresh() == 401, name


@sqlite
def test_a_made_up_token_is_401_and_odd_bodies_400(client: FlaskClient) -> None:
    for token in ("x", "kt_rt_" + "A" * 43, "kt_rt_" + "A" * 900, "kt_rt_é"):
        answer = client.post("/api/auth/refresh", json={"refreshToken": token})
        assert (answer.status_code, answer.json) == (401, {"error": "Invalid or expired refresh token"})
    for body in ({}, {"refreshToken": 1}, {"refreshToken": ""}, {"refreshToken": None}, {"refresh_token": "x"}):
        assert client.post("/api/auth/refresh", json=body).status_code == 400
    assert client.get("/api/auth/refresh?refreshToken=x").status_code == 405


@sqlite
def test_guessing_is_counted_by_address_and_good_tokens_are_not(app: Flask, program: Program) -> None:
    for _ in range(3):
        assert program.refresh() == 200
    with app.app_context():
        limiter().hit(PER_ADDRESS, "127.0.0.1", cost=PER_ADDRESS.amount - 1)
    assert program.refresh("kt_rt_guess") == 401
    answer = program.client.post("/api/auth/refresh", json={"refreshToken": "kt_rt_guess"})
    assert answer.status_code == 429
    assert answer.headers["RateLimit-Policy"] == '"refresh-address";q=300;w=300'


@sqlite
def test_expired_tokens_are_cleared_away(app: Flask, program: Program, travel: Travel) -> None:
    assert program.refresh() == 200
    assert retention.clean_up(app)["refresh_token"] == 0
    travel(31 * DAY)
    assert retention.clean_up(app)["refresh_token"] == 2
