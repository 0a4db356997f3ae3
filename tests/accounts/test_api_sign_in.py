"""Access tokens of people: what they open, and everything that makes one worthless."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import jwt
import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.accounts import people, tokens
from app.accounts.audit import system_actor
from app.accounts.models import User
from app.accounts.roles import Role
from app.core import clock
from app.core.db import write
from app.core.ids import uuid7
from app.core.runtime import runtime
from tests.people import PASSWORD, Person, bearer, sign_in

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

Travel = Callable[[timedelta], None]


def claims_of(header: dict[str, str]) -> dict[str, Any]:
    return jwt.decode(header["Authorization"].removeprefix("Bearer "), options={"verify_signature": False})


def status(client: FlaskClient, token: str) -> int:
    return client.get("/api/auth/me", headers={"Authorization": f"Bearer {token}"}).status_code


def test_signing_in_answers_a_token_that_opens_the_api(client: FlaskClient, make_user: Any) -> None:
    person = make_user("manager")

    answer = client.post("/api/auth/login", json={"email": person.email, "password": PASSWORD})

    assert answer.status_code == 200
    assert (answer.json["refreshToken"][:6], answer.json["expiresIn"]) == ("kt_rt_", 900)
    assert answer.json["user"]["role"] == "manager"
    assert "Set-Cookie" not in answer.headers
    assert answer.headers["Cache-Control"] == "no-store"
    me = client.get("/api/v1/auth/me", headers={"Authorization": f"Bearer {answer.json['accessToken']}"})
    assert me.json == answer.json["user"]
    assert (me.json["email"], me.json["accountId"]) == (person.email, str(person.account_id))


@pytest.mark.parametrize("wrong", [{"password": "wrong wrong wrong"}, {"email": "nobody@example.com"}])
def test_wrong_credentials_are_one_401(client: FlaskClient, make_user: Any, wrong: dict[str, str]) -> None:
    body = {"email": make_user().email, "password": PASSWORD, **wrong}
    answer = client.post("/api/auth/login", json=body)
    assert (answer.status_code, answer.json) == (401, {"error": "E-mail address or password is wrong."})


@pytest.mark.parametrize(
    "body",
    [{}, {"email": "a@example.com"}, {"email": 1, "password": "x"}, {"email": "a", "password": "x", "role": "admin"}],
)
def test_a_body_that_is_none_is_400(client: FlaskClient, body: dict[str, Any]) -> None:
    assert client.post("/api/auth/login", json=body).status_code == 400


def test_guessing_is_throttled_together_with_the_page(client: FlaskClient, make_user: Any) -> None:
    body = {"email": make_user().email, "password": "wrong wrong wrong"}
    statuses = [client.post("/api/auth/login", json=body).status_code for _ in range(11)]
    last = client.post("/api/auth/login", json={**body, "password": PASSWORD})
    assert statuses == [401] * 10 + [429]
    assert (last.status_code, int(last.headers["Retry-After"]) > 0) == (429, True)


def test_the_token_holds_no_personal_data_and_all_that_is_required(app: Flask, make_user: Any) -> None:
    person = make_user()
    claims = claims_of(bearer(app, person))
    assert set(claims) == set(tokens.REQUIRED)
    assert claims["exp"] - claims["iat"] == 900
    assert (claims["sub"], claims["typ"], claims["aud"]) == (str(person.id), "access", "kalitrack-api")


def forged(app: Flask, good: dict[str, Any], **changes: Any) -> str:
    key = changes.pop("key", tokens.signing_key(runtime(app).settings))
    algorithm = changes.pop("algorithm", "HS256")
    headers = changes.pop("headers", None)
    left_out = changes.pop("without", None)
    payload = {name: value for name, value in {**good, **changes}.items() if name != left_out}
    return jwt.encode(payload, key, algorithm, headers=headers)


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "somebody-else"},
        {"iss": "https://evil.example"},
        {"typ": "refresh"},
        {"exp": 1},
        {"iat": 1_700_000_000, "exp": 1_700_000_900},
        {"exp": 4_000_000_000},
        {"exp": "4000000000"},
        {"iat": 4_000_000_000},
        {"iat": True},
        {"sub": "1"},
        {"sub": str(uuid7())},
        {"sid": str(uuid7())},
        {"sid": "' OR 1=1"},
        {"key": b"another key of thirty-two bytes!"},
        {"algorithm": "HS384"},
        {"algorithm": "HS512"},
        {"algorithm": "none", "key": None},
        *({"without": name} for name in tokens.REQUIRED),
    ],
    ids=str,
)
def test_a_token_that_is_not_exactly_ours_is_refused(
    app: Flask, client: FlaskClient, make_user: Any, changes: dict[str, Any]
) -> None:
    good = claims_of(bearer(app, make_user()))
    assert status(client, forged(app, good)) == 200
    assert status(client, forged(app, good, **changes)) == 401


def test_the_session_secret_itself_signs_no_token(app: Flask, client: FlaskClient, make_user: Any) -> None:
    good = claims_of(bearer(app, make_user()))
    assert status(client, forged(app, good, key=runtime(app).settings.secret_key)) == 401


def unsigned(head: dict[str, Any], body: dict[str, Any], signature: str = "") -> str:
    parts = (base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in (head, body))
    return f"{'.'.join(parts)}.{signature}"


def test_a_header_that_names_a_key_or_nothing_is_not_obeyed(app: Flask, client: FlaskClient, make_user: Any) -> None:
    good = claims_of(bearer(app, make_user()))
    attackers: dict[str, Any] = {"headers": {}, "key": b"attacker's key of thirty-two bytes"}
    for evil in (
        {"jku": "https://evil.example/keys"},
        {"x5u": "https://evil.example/chain.pem"},
        {"jwk": {"kty": "oct", "k": "AAAA"}},
        {"kid": "../../dev/null"},
        {"kid": "0' UNION SELECT 'x"},
        {"crit": ["exp"]},
    ):
        assert status(client, forged(app, good, **{**attackers, "headers": evil})) == 401, evil
    for algorithm in ("none", "None", "nOnE", "RS256", "ES256", "", 5, None):
        assert status(client, unsigned({"alg": algorithm, "typ": "JWT"}, good)) == 401, algorithm
        assert status(client, unsigned({"alg": algorithm, "typ": "JWT"}, good, "c2lnbmVk")) == 401, algorithm
    assert {status(client, odd) for odd in ("a.b.c", "." * 5000, "..", "e30.e30.", "x" * 5000)} == {401}


def test_the_session_of_somebody_else_does_not_fit(app: Flask, client: FlaskClient, make_user: Any) -> None:
    mine, theirs = claims_of(bearer(app, make_user("viewer"))), claims_of(bearer(app, make_user("admin")))
    assert status(client, forged(app, mine, sid=theirs["sid"])) == 401
    assert status(client, forged(app, mine, sub=theirs["sub"])) == 401


def test_other_kinds_of_tokens_are_no_access_tokens(app: Flask, client: FlaskClient, make_user: Any) -> None:
    person = make_user()
    answer = client.post("/api/auth/login", json={"email": person.email, "password": PASSWORD})
    cookie = sign_in(app, person).session_cookie()
    assert [status(client, token or "") for token in (answer.json["refreshToken"], cookie)] == [401, 401]


def test_a_token_dies_after_fifteen_minutes(app: Flask, client: FlaskClient, make_user: Any, travel: Travel) -> None:
    header = bearer(app, make_user())
    travel(timedelta(minutes=14, seconds=50))
    assert client.get("/api/auth/me", headers=header).status_code == 200
    travel(timedelta(seconds=20))
    assert client.get("/api/auth/me", headers=header).status_code == 401


def test_a_disabled_person_loses_the_token_at_once(app: Flask, client: FlaskClient, make_user: Any) -> None:
    person = make_user()
    header = bearer(app, person)
    with app.app_context(), write() as store:
        store.get_one(User, person.id).disabled_at = clock.now()  # even if their sessions were still there
    assert client.get("/api/auth/me", headers=header).status_code == 401


def test_a_changed_role_ends_the_token(app: Flask, client: FlaskClient, make_user: Any) -> None:
    person = make_user()
    header = bearer(app, person)
    with app.app_context(), write() as store:
        user = store.get_one(User, person.id)
        people.set_role(store, user, Role.VIEWER, system_actor(person.account_id))
    assert client.get("/api/clients", headers=header).status_code == 401


def test_the_role_counts_as_it_is_now_not_as_it_was(app: Flask, client: FlaskClient, make_user: Any) -> None:
    person: Person = make_user()
    header = bearer(app, person)
    with app.app_context(), write() as store:
        store.get_one(User, person.id).role = "viewer"
    assert client.get("/api/clients", headers=header).status_code == 403


def test_signing_out_kills_the_token(app: Flask, client: FlaskClient, make_user: Any) -> None:
    header = bearer(app, make_user())
    assert client.post("/api/auth/logout", headers=header).status_code == 204
    assert client.get("/api/auth/me", headers=header).status_code == 401


def test_a_token_in_the_query_or_a_cookie_is_not_read(app: Flask, client: FlaskClient, make_user: Any) -> None:
    token = bearer(app, make_user())["Authorization"].removeprefix("Bearer ")
    client.set_cookie("kalitrack_session", token)
    assert client.get(f"/api/auth/me?access_token={token}").status_code == 401


def test_an_access_token_is_no_session_cookie(app: Flask, client: FlaskClient, make_user: Any) -> None:
    client.set_cookie("kalitrack_session", bearer(app, make_user())["Authorization"].removeprefix("Bearer "))
    assert client.get("/clients").status_code == 303
