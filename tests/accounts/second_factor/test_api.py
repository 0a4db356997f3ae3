"""/api/auth/two-factor, and the code at /api/auth/login."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.accounts.second_factor.authenticator import Authenticator, make_sessions_older, require_of, turn_on
from tests.accounts.second_factor.test_codes import lose_key
from tests.people import PASSWORD, Person, bearer

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
AT = "/api/auth/two-factor"


def log_in(client: FlaskClient, person: Person, **more: str) -> Any:
    return client.post("/api/auth/login", json={"email": person.email, "password": PASSWORD, **more})


def test_it_is_set_up_looked_after_and_turned_off(app: Flask, client: FlaskClient, make_user: Any) -> None:
    person = make_user("viewer")
    header = bearer(app, person)
    off = {"enabled": False, "enabledAt": None, "recoveryCodesLeft": 0, "readable": True, "required": False}
    assert client.get(AT, headers=header).json == off
    assert client.post(f"{AT}/confirm", headers=header, json={"code": "123456"}).status_code == 409

    started = client.post(f"{AT}/start", headers=header)
    phone = Authenticator(started.json["secret"])
    url = urlsplit(started.json["otpauthUrl"])
    assert (started.status_code, url.scheme, url.netloc) == (201, "otpauth", "totp")
    assert parse_qs(url.query) == {"secret": [phone.secret], "issuer": ["Kalitrack"]}
    wrong = client.post(f"{AT}/confirm", headers=header, json={"code": phone.wrong_code()})
    assert (wrong.status_code, list(wrong.json["fields"])) == (400, ["code"])
    codes = client.post(f"{AT}/confirm", headers=header, json={"code": phone.code()}).json["recoveryCodes"]
    renewed = client.post(f"{AT}/recovery-codes", headers=header).json["recoveryCodes"]
    assert (len({*codes, *renewed}), client.get(AT, headers=header).json["recoveryCodesLeft"]) == (20, 10)
    assert log_in(client, person, code=codes[0]).status_code == 401
    assert log_in(client, person, code=renewed[0]).status_code == 200
    assert [client.delete(AT, headers=header).status_code for _ in range(2)] == [204, 409]
    assert log_in(client, person).status_code == 200


def test_an_old_session_confirms_first(app: Flask, client: FlaskClient, make_user: Any) -> None:
    header = bearer(app, make_user("viewer"))
    make_sessions_older(app)
    for method, path in (("POST", "/start"), ("POST", "/confirm"), ("POST", "/recovery-codes"), ("DELETE", "")):
        answer = client.open(AT + path, method=method, headers=header, json={"code": "123456"})
        assert (answer.status_code, answer.json.get("confirmRequired")) == (403, True), path
    assert client.get(AT, headers=header).status_code == 200


def test_a_login_needs_the_code_and_takes_it_once(app: Flask, client: FlaskClient, make_user: Any) -> None:
    person = make_user("viewer")
    phone = turn_on(app, person)
    without = log_in(client, person)
    assert (without.status_code, without.json["codeRequired"]) == (401, True)
    assert "Bearer" not in str(without.json)
    answers = [log_in(client, person, code=code) for code in (phone.code(), phone.code(), phone.recovery_codes[0])]
    assert [answer.status_code for answer in answers] == [200, 401, 200]
    assert answers[1].json["codeRequired"] is True
    assert set(answers[0].json) == {"accessToken", "refreshToken", "expiresIn", "user"}
    body = {"email": person.email, "password": "wrong wrong wrong", "code": phone.code(1)}
    wrong = client.post("/api/auth/login", json=body)
    assert (wrong.status_code, "codeRequired" in wrong.json) == (401, False)


def test_five_wrong_codes_close_the_door(app: Flask, client: FlaskClient, make_user: Any) -> None:
    person = make_user("viewer")
    phone = turn_on(app, person)
    statuses = [log_in(client, person, code=phone.wrong_code()).status_code for _ in range(6)]
    assert statuses == [401] * 5 + [429]
    assert log_in(client, person, code=phone.code()).status_code == 429


def test_a_lost_key_is_said_in_words(app: Flask, client: FlaskClient, make_user: Any) -> None:
    person = make_user("viewer")
    phone = turn_on(app, person)
    lose_key(app)
    answer = log_in(client, person, code=phone.code())
    assert (answer.status_code, answer.json["codeRequired"]) == (401, True)
    assert "recovery code" in answer.json["error"]
    assert log_in(client, person, code=phone.recovery_codes[0]).status_code == 200
    assert client.get(AT, headers=bearer(app, person)).json["readable"] is False


def test_a_role_that_needs_one_gets_nothing_without_it(app: Flask, client: FlaskClient, make_user: Any) -> None:
    person = make_user("admin")
    header = bearer(app, person)  # from before the rule
    require_of(app, person, "admin")
    answer = log_in(client, person)
    assert (answer.status_code, answer.json["secondFactorRequired"]) == (403, True)
    for path in ("/api/clients", "/api/v1/clients", "/api/pixels", "/api/stats"):
        refused = client.get(path, headers=header)
        assert (refused.status_code, refused.json.get("secondFactorRequired")) == (403, True), path
    assert [client.get(f"/api{v}/auth/me", headers=header).status_code for v in ("", "/v1")] == [200, 200]

    phone = Authenticator(client.post(f"{AT}/start", headers=header).json["secret"])
    assert client.post(f"{AT}/confirm", headers=header, json={"code": phone.code()}).status_code == 200
    assert client.get("/api/clients", headers=header).status_code == 200
    assert client.delete(AT, headers=header).status_code == 403
