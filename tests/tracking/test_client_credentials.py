"""`POST /api/oauth/token`: a client's token for another of an hour, which opens the same doors."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from app.accounts import audit
from app.accounts.clients import service as clients
from app.accounts.models import AuditEntry, ClientToken
from app.accounts.sign_in import first_account
from app.core import clock
from app.core.access import Actor
from app.core.db import db, write
from app.work import retention
from tests.people import Person
from tests.tracking_fixtures import ASYNC, KWAI_REGISTRATION, Sender

sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
PATH = "/api/oauth/token"
BOTH = ("events:write", "stats:read")
Ask = Callable[..., TestResponse]


@pytest.fixture
def ask(client: FlaskClient) -> Ask:
    """`ask(sender, scope=…)`: a request for a token with this client's credentials."""

    def one(sender: Sender, **given: str) -> TestResponse:
        form = {"grant_type": "client_credentials", "client_id": str(sender.id), "client_secret": sender.token, **given}
        return client.post(PATH, data=form)

    return one


@pytest.fixture
def both(make_sender: Callable[..., Sender], make_pixel: Callable[..., UUID]) -> Sender:
    make_pixel("kwai")
    return make_sender(scopes=BOTH)


def change(app: Flask, verb: Callable[[Actor], object]) -> None:
    with app.app_context(), write() as session:
        verb(audit.system_actor(first_account(session).id))


def told(answer: TestResponse) -> tuple[int, str]:
    assert answer.json is not None
    return answer.status_code, answer.json["error"]


def test_the_token_opens_what_the_clients_own_opens(app: Flask, client: FlaskClient, both: Sender, ask: Ask) -> None:
    answer = ask(both)

    given: Any = answer.json
    assert answer.status_code == 200
    assert given["access_token"].startswith("kt_at_")
    assert (given["token_type"], given["expires_in"], given["scope"]) == ("Bearer", 3600, "events:write stats:read")
    assert (answer.headers["Cache-Control"], answer.headers["Pragma"]) == ("no-store", "no-cache")
    issued = Sender(app, given["access_token"], both.id)
    accepted = issued.post(KWAI_REGISTRATION, **ASYNC)
    assert accepted.status_code == 202
    assert issued.status(accepted.get_json()["request_id"])["status"] == "pending"
    assert client.get("/api/stats", headers={"Authorization": f"Bearer {issued.token}"}).status_code == 200
    with app.app_context():
        assert issued.token not in str(db.session.execute(select(ClientToken)).all())


@sqlite
def test_basic_credentials_do_the_same_under_v1(client: FlaskClient, both: Sender) -> None:
    credentials = base64.b64encode(f"{both.id}:{both.token}".encode()).decode()
    answer = client.post(
        "/api/v1/oauth/token",
        data={"grant_type": "client_credentials"},
        headers={"Authorization": f"Basic {credentials}"},
    )
    assert answer.status_code == 200


@sqlite
def test_a_narrower_scope_is_all_that_the_token_has(app: Flask, client: FlaskClient, both: Sender, ask: Ask) -> None:
    given: Any = ask(both, scope="stats:read").json
    narrow = Sender(app, given["access_token"], both.id)
    assert given["scope"] == "stats:read"
    assert narrow.post(KWAI_REGISTRATION).status_code == 403
    assert narrow.get("/api/stats").status_code == 200
    change(app, lambda actor: clients.update(db.session(), actor, both.id, {"scopes": ["events:write"]}))
    assert narrow.get("/api/stats").status_code == 403  # what was taken from the client


@sqlite
def test_what_is_wrong_is_told_in_rfc_6749s_words(both: Sender, ask: Ask) -> None:
    cases: list[tuple[dict[str, str], tuple[int, str]]] = [
        ({"client_secret": "kt_live_wrong"}, (401, "invalid_client")),
        ({"client_id": "nonsense"}, (401, "invalid_client")),
        ({"client_id": "0193a7b2-5c1e-7d2a-9f40-3b6c8d1e2f00"}, (401, "invalid_client")),
        ({"grant_type": ""}, (400, "invalid_request")),
        ({"grant_type": "password"}, (400, "unsupported_grant_type")),
        ({"scope": "events:write users:write"}, (400, "invalid_scope")),
        ({"padding": "x" * 9000}, (413, "invalid_request")),
    ]
    for given, expected in cases:
        answer = ask(both, **given)
        assert told(answer) == expected
        assert (answer.json or {})["error_description"]
        assert answer.headers["Cache-Control"] == "no-store"
        assert ("Basic" in answer.headers.get("WWW-Authenticate", "")) is (expected[0] == 401)


@sqlite
def test_no_other_token_is_a_secret(
    app: Flask, make_sender: Callable[..., Sender], other_account: Person, both: Sender, ask: Ask
) -> None:
    other = make_sender("outra")
    stranger = Actor(other_account.account_id, None, "stranger")
    with app.app_context(), write() as session:
        theirs, token = clients.create(session, stranger, clients.ClientValues("Deles"))
        foreign = str(theirs.id)
    issued: Any = ask(both).json
    assert told(ask(both, client_secret=other.token)) == (401, "invalid_client")
    assert told(ask(both, client_secret=token)) == (401, "invalid_client")
    assert told(ask(both, client_id=foreign)) == (401, "invalid_client")
    assert told(ask(both, client_secret=issued["access_token"])) == (401, "invalid_client")


def test_revoking_and_rotating_without_overlap_end_the_tokens_in_every_process(
    app: Flask, other_app: Flask, make_sender: Callable[..., Sender], both: Sender, ask: Ask
) -> None:
    second = make_sender("outra")
    issued = [Sender(other_app, (ask(each).json or {})["access_token"], each.id) for each in (both, second)]
    for number, there in enumerate(issued):
        sent = {**KWAI_REGISTRATION, "event_id": f"a{number}"}
        assert there.post(sent, **ASYNC).status_code == 202  # known to the other process
    change(app, lambda actor: clients.revoke(db.session(), actor, both.id))
    assert issued[0].post({**KWAI_REGISTRATION, "event_id": "b0"}, **ASYNC).status_code == 401
    change(app, lambda actor: clients.rotate(db.session(), actor, second.id, overlap_h=0))
    assert issued[1].post({**KWAI_REGISTRATION, "event_id": "b1"}, **ASYNC).status_code == 401
    assert {there.get("/api/tracking/events/track_x").status_code for there in issued} == {401}
    assert told(ask(both)) == (401, "invalid_client")
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(ClientToken)) == 0


@sqlite
def test_a_token_ends_after_its_hour_and_goes_at_night(
    app: Flask, both: Sender, ask: Ask, travel: Callable[[timedelta], None]
) -> None:
    issued = Sender(app, (ask(both).json or {})["access_token"], both.id)
    assert issued.post({**KWAI_REGISTRATION, "event_id": "1"}, **ASYNC).status_code == 202
    travel(timedelta(hours=1))
    assert issued.post({**KWAI_REGISTRATION, "event_id": "2"}, **ASYNC).status_code == 401
    assert issued.get("/api/stats").status_code == 401
    assert both.post({**KWAI_REGISTRATION, "event_id": "3"}, **ASYNC).status_code == 202
    assert retention.clean_up(app)["client_token"] == 1


@sqlite
def test_a_token_outlives_neither_its_client_nor_the_token_it_came_from(
    app: Flask, both: Sender, make_sender: Callable[..., Sender], ask: Ask, travel: Callable[[timedelta], None]
) -> None:
    ending = make_sender("curto", expires_at=clock.now() + timedelta(minutes=10))
    assert 590 <= (ask(ending).json or {})["expires_in"] <= 600
    change(app, lambda actor: clients.rotate(db.session(), actor, both.id, overlap_h=1))
    travel(timedelta(minutes=50))
    assert 590 <= (ask(both).json or {})["expires_in"] <= 600
    assert told(ask(ending)) == (401, "invalid_client")


@sqlite
def test_guessing_is_held_up_and_noted(app: Flask, both: Sender, ask: Ask) -> None:
    answers = [ask(both, client_secret=f"kt_live_{number}").status_code for number in range(31)]
    assert answers == [401] * 30 + [429]
    held: Any = ask(both)
    assert (held.status_code, held.headers["RateLimit-Policy"]) == (429, '"token-address";q=30;w=300')
    assert int(held.headers["Retry-After"]) >= 1
    with app.app_context():
        found = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "client.token_refused")).all()
    assert len(found) == 30
    assert "kt_live_" not in str([entry.changes for entry in found])


@sqlite
def test_the_credentials_are_read_nowhere_else(client: FlaskClient, both: Sender) -> None:
    query = f"?grant_type=client_credentials&client_id={both.id}&client_secret={both.token}"
    assert told(client.post(PATH + query, data={"grant_type": "client_credentials"})) == (401, "invalid_client")
    json = {"grant_type": "client_credentials", "client_id": str(both.id), "client_secret": both.token}
    assert client.post(PATH, json=json).status_code == 415
    assert client.get(PATH).status_code == 405
