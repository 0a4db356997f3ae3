"""A token of one kind is good where that kind is asked for, and nowhere else (facts/security.md 16)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from app.accounts import audit, sessions, tokens
from app.accounts.clients import service as clients
from app.accounts.clients.token import token_hash
from app.accounts.joining.models import MailedLink, Purpose, Registration
from app.accounts.models import ClientToken, User
from app.accounts.one_time import new_token
from app.accounts.refreshing import service as refreshing
from app.accounts.second_factor import pending
from app.accounts.team.models import Invitation
from app.accounts.tokens import Claims
from app.core import clock
from app.core.db import write
from app.core.ids import uuid7
from app.core.runtime import runtime
from tests.people import Person, new_browser

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
HOUR = timedelta(hours=1)
STATS = "/api/stats?from=2026-11-01T00:00:00Z&to=2026-11-02T00:00:00Z"


def every_kind(app: Flask, person: Person) -> dict[str, str]:
    """A fresh token of each kind there is."""
    now = clock.now()
    with app.app_context(), write() as store:
        user = store.get_one(User, person.id)
        _browser, cookie = sessions.open_session(store, user, ip_address=None, user_agent=None)
        program, unshown = sessions.open_session(
            store, user, ip_address=None, user_agent=None, kind=sessions.Kind.PROGRAM
        )
        client, api_client = clients.create(
            store,
            audit.system_actor(user.account_id),
            clients.ClientValues(name="Shop", scopes=["events:write", "stats:read"]),
        )
        found = {"cookie": cookie, "a program's cookie": unshown, "client": api_client}
        found["refresh"] = refreshing.issue(store, program.id, now)
        found["pending"] = pending.begin(store, user, now)
        for kind in ("client's for an hour", "reset", "new address", "invitation", "registration"):
            found[kind], digest = new_token()
            store.add(
                row_of(kind, user, client.id, digest if kind != "client's for an hour" else token_hash(found[kind]))
            )
        found["access"] = tokens.issue(runtime().settings, Claims(user.id, program.id), now)
        return found


def row_of(kind: str, user: User, client_id: Any, digest: str) -> Any:
    now = clock.now()
    times = {"created_at": now, "expires_at": now + HOUR}
    account = {"account_id": user.account_id, "email": f"{kind.replace(' ', '')}@example.com"}
    if kind == "client's for an hour":
        return ClientToken(token_hash=digest, client_id=client_id, scopes=["events:write", "stats:read"], **times)
    if kind == "invitation":
        return Invitation(id=uuid7(), role="viewer", token_hash=digest, sent_at=now, **account, **times)
    if kind == "registration":
        names = {"name": "Ana", "password_hash": "x"}
        return Registration(id=uuid7(), token_hash=digest, **account, **names, **times)
    purpose = Purpose.RESET if kind == "reset" else Purpose.NEW_EMAIL
    return MailedLink(id=uuid7(), user_id=user.id, purpose=purpose, token_hash=digest, **times)


def bearer(path: str) -> Callable[[Flask, str], bool]:
    def is_good(app: Flask, token: str) -> bool:
        return app.test_client().get(path, headers={"Authorization": f"Bearer {token}"}).status_code == 200

    return is_good


def cookie(name: str, path: str) -> Callable[[Flask, str], bool]:
    def is_good(app: Flask, token: str) -> bool:
        browser = new_browser(app)
        browser.set_cookie(name, token)
        return browser.get(path).status_code == 200

    return is_good


def link(path: str) -> Callable[[Flask, str], bool]:
    return lambda app, token: app.test_client().get(f"{path}/{token}").status_code == 200


def query(name: str) -> Callable[[Flask, str], bool]:
    return lambda app, token: app.test_client().get("/api/auth/me", query_string={name: token}).status_code == 200


def refresh(app: Flask, token: str) -> bool:
    return app.test_client().post("/api/auth/refresh", json={"refreshToken": token}).status_code == 200


PLACES: dict[str, tuple[Callable[[Flask, str], bool], set[str]]] = {
    "a person's API": (bearer("/api/auth/me"), {"access"}),
    "what clients read": (bearer(STATS), {"access", "client", "client's for an hour"}),
    "refresh": (refresh, {"refresh"}),
    "the session cookie": (cookie("kalitrack_session", "/profile/sessions"), {"cookie"}),
    "the cookie of who waits": (cookie("kalitrack_session_pending", "/login/code"), {"pending"}),
    "a link to a new password": (link("/reset"), {"reset"}),
    "an invitation": (link("/invitation"), {"invitation"}),
    "a link that verifies": (link("/verify"), {"registration"}),
    "the query string": (query("access_token"), set()),
    "the query string by another name": (query("token"), set()),
}


def test_no_kind_of_token_passes_for_another(app: Flask, make_user: Any) -> None:
    kinds = every_kind(app, make_user("admin"))
    found = {
        place: {kind for kind, token in kinds.items() if is_good(app, token)} for place, (is_good, _) in PLACES.items()
    }
    assert found == {place: expected for place, (_, expected) in PLACES.items()}
