"""`/api/clients`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update
from werkzeug.test import TestResponse

from app.accounts.clients.pixel_choices import PixelChoice
from app.accounts.models import UserSession
from app.core import clock
from app.core.db import write
from tests.people import Person, bearer

sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # what is tested is not in the database
Header = dict[str, str]


@pytest.fixture
def create(client: FlaskClient, admin_token: Header) -> Callable[..., TestResponse]:
    return lambda **body: client.post("/api/clients", json={"name": "Loja", **body}, headers=admin_token)


def test_a_client_is_created_with_its_token_once(client: FlaskClient, admin_token: Header, create: Any) -> None:
    answer = create(scopes=["events:write", "stats:read"], perMinute=60, answerMode="acknowledge")

    assert answer.status_code == 201
    made = answer.json
    assert made["token"].startswith("kt_live_")
    assert made["tokenLast4"] == made["token"][-4:]
    assert (made["perMinute"], made["perHour"], made["pixelIds"], made["version"]) == (60, None, None, 1)
    shown = client.get(f"/api/v1/clients/{made['id']}", headers=admin_token)
    assert shown.json == {name: value for name, value in made.items() if name != "token"}
    assert made["token"] not in client.get("/api/clients", headers=admin_token).text


@sqlite
@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 121}, "name"),
        ({"name": 5}, "name"),
        ({"scopes": ["users:write"]}, "scopes.0"),
        ({"scopes": "events:write"}, "scopes"),
        ({"answerMode": "maybe"}, "answerMode"),
        ({"perMinute": True}, "perMinute"),
        ({"perMinute": -1}, "perMinute"),
        ({"pixelIds": [str(uuid4())]}, "pixelIds"),
        ({"pixelIds": ["nonsense"]}, "pixelIds.0"),
    ],
)
def test_wrong_fields_are_named(create: Any, body: dict[str, Any], field: str) -> None:
    answer = create(**body)
    assert answer.status_code == 400
    assert field in answer.json["fields"]


@sqlite
@pytest.mark.parametrize(
    "extra",
    [{"accountId": str(uuid4())}, {"id": str(uuid4())}, {"tokenHash": "0" * 64}, {"version": 7}, {"fromSettings": True},
     {"createdBy": str(uuid4())}, {"lastUsedAt": "2026-01-01T00:00:00Z"}],
    ids=str,
)  # fmt: skip
def test_what_nobody_may_set_is_refused(create: Any, extra: dict[str, Any]) -> None:
    assert create(**extra).status_code == 400


def test_an_update_changes_what_is_given(client: FlaskClient, admin_token: Header, create: Any) -> None:
    made = create(perMinute=60, perDay=1000).json
    url = f"/api/clients/{made['id']}"

    changed = client.put(url, json={"name": "Blog", "perMinute": 0, "version": 1}, headers=admin_token)

    assert changed.status_code == 200
    assert {key: changed.json[key] for key in ("name", "perMinute", "perDay", "scopes", "version")} == {
        "name": "Blog", "perMinute": None, "perDay": 1000, "scopes": ["events:write"], "version": 2,
    }  # fmt: skip


def test_a_stale_version_is_a_conflict_with_the_current_client(
    client: FlaskClient, admin_token: Header, create: Any
) -> None:
    url = f"/api/clients/{create().json['id']}"
    client.put(url, json={"name": "Blog", "version": 1}, headers=admin_token)

    answer = client.put(url, json={"name": "Site", "version": 1}, headers=admin_token)

    assert answer.status_code == 409
    assert answer.json["current"] == client.get(url, headers=admin_token).json
    assert answer.json["current"]["name"] == "Blog"
    assert client.delete(f"{url}?version=1", headers=admin_token).status_code == 409
    assert client.post(f"{url}/rotate", json={"version": 1}, headers=admin_token).status_code == 409


def test_pixels_are_limited_and_freed(
    client: FlaskClient, actor: Any, pixel: PixelChoice, admin_token: Header, create: Any
) -> None:
    made = create(pixelIds=[pixel.id]).json
    assert made["pixelIds"] == [pixel.id]
    url = f"/api/clients/{made['id']}"
    assert client.put(url, json={"pixelIds": []}, headers=admin_token).status_code == 400
    assert client.put(url, json={"allPixels": True}, headers=admin_token).json["pixelIds"] is None


def test_a_rotation_answers_the_new_token_once(client: FlaskClient, admin_token: Header, create: Any) -> None:
    made = create().json
    url = f"/api/clients/{made['id']}"

    answer = client.post(f"{url}/rotate", json={"overlapHours": 48}, headers=admin_token)

    assert answer.status_code == 200
    assert answer.json["token"] != made["token"]
    assert (answer.json["previousLast4"], answer.json["version"]) == (made["tokenLast4"], 2)
    for hours in (-1, 169, "24", 1.5):
        assert client.post(f"{url}/rotate", json={"overlapHours": hours}, headers=admin_token).status_code == 400


def test_a_deleted_client_is_revoked_and_stays_listed(client: FlaskClient, admin_token: Header, create: Any) -> None:
    made = create().json
    url = f"/api/clients/{made['id']}"

    assert client.delete(url, headers=admin_token).status_code == 204

    assert client.get(url, headers=admin_token).json["revokedAt"] is not None
    assert client.put(url, json={"name": "x"}, headers=admin_token).status_code == 409
    own = {"Authorization": f"Bearer {made['token']}"}
    assert client.get("/api/clients", headers=own).status_code == 401


@sqlite
def test_a_client_reaches_nothing_of_people(client: FlaskClient, create: Any) -> None:
    own = {"Authorization": f"Bearer {create(scopes=['events:write', 'stats:read']).json['token']}"}
    for path in ("/api/clients", "/api/auth/me", "/api/pixels"):
        assert client.get(path, headers=own).status_code == 403
    assert client.get("/clients", headers=own).status_code == 303


@sqlite
@pytest.mark.parametrize("role", ["manager", "operator", "viewer"])
def test_only_administrators_see_and_change_clients(app: Any, client: FlaskClient, make_user: Any, role: str) -> None:
    header = bearer(app, make_user(role))
    assert client.get("/api/clients", headers=header).status_code == 403
    assert client.post("/api/clients", json={"nonsense": 1}, headers=header).status_code == 403


def test_a_client_of_another_account_is_404_for_every_verb(
    app: Any, client: FlaskClient, create: Any, other_account: Person
) -> None:
    url = f"/api/clients/{create().json['id']}"
    header = bearer(app, other_account)
    answers = [
        client.get(url, headers=header),
        client.put(url, json={"name": "mine"}, headers=header),
        client.post(f"{url}/rotate", json={}, headers=header),
        client.delete(url, headers=header),
        client.get("/api/clients/nonsense", headers=header),
        client.get(f"/api/clients/{uuid4()}", headers=header),
    ]
    assert {answer.status_code for answer in answers} == {404}
    assert client.get("/api/clients", headers=header).json["data"] == []


def test_lists_are_paged_sorted_and_filtered(client: FlaskClient, admin_token: Header, create: Any) -> None:
    for name in ("b", "A", "c"):
        create(name=name)

    def names(query: str) -> list[str]:
        return [row["name"] for row in client.get(f"/api/clients?{query}", headers=admin_token).json["data"]]

    assert names("") == ["c", "A", "b"]
    assert names("sort=name") == ["A", "b", "c"]
    assert names("sort=-name&limit=1&page=2") == ["b"]
    assert names("q=A") == ["A"]
    assert client.get("/api/clients?sort=tokenHash", headers=admin_token).status_code == 400
    assert client.get("/api/clients?state=odd", headers=admin_token).status_code == 400


def test_places_limits_and_expiry_come_and_go(
    client: FlaskClient, admin_token: Header, create: Any, pixel: PixelChoice
) -> None:
    made = create(
        addresses=["10.1.2.3/8", "::ffff:203.0.113.7"],
        origins=["HTTPS://Loja.example:443"],
        pixelLimits={pixel.id: {"perMinute": 5, "perHour": 0}},
        expiresAt="2099-01-01T00:00:00-03:00",
    ).json
    assert (made["addresses"], made["origins"]) == (["10.0.0.0/8", "203.0.113.7"], ["https://loja.example"])
    assert made["pixelLimits"] == {pixel.id: {"perMinute": 5, "perHour": None, "perDay": None}}
    assert made["expiresAt"] == "2099-01-01T03:00:00.000Z"
    url = f"/api/clients/{made['id']}"
    assert client.put(url, json={"name": "Blog"}, headers=admin_token).json["addresses"] == made["addresses"]
    lifted = {"addresses": [], "origins": [], "pixelLimits": {}, "neverExpires": True}
    after = client.put(url, json=lifted, headers=admin_token).json
    assert [after[name] for name in ("addresses", "origins", "pixelLimits", "expiresAt")] == [None] * 4


@sqlite
def test_a_secret_and_a_change_want_to_know_who_it_is_again(
    app: Flask, client: FlaskClient, admin_token: Header, create: Any
) -> None:
    url = f"/api/clients/{create().json['id']}"
    with app.app_context(), write() as session:
        session.execute(update(UserSession).values(confirmed_at=clock.now() - timedelta(minutes=31)))
    late = [
        create(),
        client.put(url, json={}, headers=admin_token),
        client.post(f"{url}/rotate", json={}, headers=admin_token),
    ]
    assert [(each.status_code, each.json["confirmRequired"]) for each in late] == [(403, True)] * 3
    assert client.get(url, headers=admin_token).status_code == 200


@sqlite
def test_wrong_places_limits_and_times_are_named(create: Any) -> None:
    wrong: tuple[tuple[dict[str, Any], str], ...] = (
        ({"pixelLimits": {str(uuid4()): {"perMinute": 5}}}, "pixelLimits"),
        ({"pixelLimits": {"nonsense": {"perMinute": 5}}}, "pixelLimits.nonsense"),
        ({"addresses": ["10.0.0.0/8", "example.com"]}, "addresses"),
        ({"addresses": [f"10.0.0.{number}" for number in range(51)]}, "addresses"),
        ({"origins": ["https://loja.example/page"]}, "origins"),
        ({"expiresAt": "2020-01-01T00:00:00Z"}, "expiresAt"),
        ({"expiresAt": "9999-12-31T23:59:59-12:00"}, "expiresAt"),
        ({"expiresAt": "2027-01-01T00:00:00"}, "expiresAt"),
    )
    for body, field in wrong:
        answer = create(**body)
        assert (answer.status_code, field in answer.json["fields"]) == (400, True), body
