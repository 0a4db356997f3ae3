"""/api/pixels: what it answers, whom it refuses, and that no answer holds a token."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.core.access import Actor
from app.core.db import write
from app.outbound import targets
from tests.people import Person, bearer
from tests.pixels.conftest import TOKEN

sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # what is tested is not in the database
Headers = dict[str, str]
NEW = {"platform": "facebook", "pixelId": "123456789012345", "accessToken": TOKEN}


def test_a_pixel_is_created_read_changed_and_deleted(client: FlaskClient, admin_token: Headers) -> None:
    created = client.post("/api/pixels", json={**NEW, "description": "Loja"}, headers=admin_token)
    assert created.status_code == 201
    url = f"/api/pixels/{created.json['id']}"
    shown = client.get(url, headers=admin_token)
    changed = client.put(url, json={"description": "Loja 2", "version": 1}, headers=admin_token)
    deleted = client.delete(url, headers=admin_token)

    assert shown.json == created.json
    assert (changed.status_code, changed.json["description"], changed.json["version"]) == (200, "Loja 2", 2)
    assert (deleted.status_code, deleted.data) == (204, b"")
    assert client.get(url, headers=admin_token).status_code == 404


@sqlite
def test_the_answer_has_the_documented_fields_and_not_the_token(client: FlaskClient, admin_token: Headers) -> None:
    answer = client.post("/api/v1/pixels", json={**NEW, "settings": {"graphVersion": "v25.0"}}, headers=admin_token)

    assert {name: value for name, value in answer.json.items() if name not in ("id", "createdAt", "updatedAt")} == {
        "platform": "facebook",
        "pixelId": "123456789012345",
        "tokenLast4": "9f3c",
        "description": None,
        "settings": {"graphVersion": "v25.0"},
        "active": True,
        "version": 1,
        "state": "active",
        "reason": None,
    }
    assert answer.json["createdAt"].endswith("Z")
    assert TOKEN not in answer.text


def test_a_list_is_filtered_sorted_and_paged(
    client: FlaskClient, admin_token: Headers, make_pixel: Callable[..., UUID]
) -> None:
    for number in range(3):
        make_pixel(pixelId=str(number))
    make_pixel(pixelId="9", platform="kwai")
    answer = client.get("/api/pixels?platform=meta&sort=-createdAt&page=2&limit=2", headers=admin_token).json

    assert [pixel["pixelId"] for pixel in answer["data"]] == ["0"]
    assert answer["pagination"]["total"] == 3
    assert answer["pagination"]["pages"] == 2


@sqlite
@pytest.mark.parametrize(
    "query", ["platform=orkut", "sort=sealedToken", "limit=201", "page=0", "active=maybe", "colour=red", "q=%00"]
)
def test_an_odd_query_is_a_400(client: FlaskClient, admin_token: Headers, query: str) -> None:
    assert client.get(f"/api/pixels?{query}", headers=admin_token).status_code == 400


@sqlite
@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "platform"),
        ({**NEW, "platform": "orkut"}, "platform"),
        ({**NEW, "platform": 7}, "platform"),
        ({**NEW, "pixelId": "abc"}, "pixelId"),
        ({**NEW, "pixelId": 123}, "pixelId"),
        ({**NEW, "accessToken": "two words"}, "accessToken"),
        ({**NEW, "accessToken": None}, "accessToken"),
        ({**NEW, "accessToken": "track123456"}, "accessToken"),
        ({**NEW, "description": "x" * 256}, "description"),
        ({**NEW, "active": "yes"}, "active"),
        ({**NEW, "settings": {"siteUrl": "ftp://x"}}, "settings.siteUrl"),
        ({**NEW, "settings": {"colour": "red"}}, "settings.colour"),
        ({**NEW, "settings": {"trackFlag": True}}, "settings.trackFlag"),
        ({**NEW, "settings": "none"}, "settings"),
        ({**NEW, "accountId": "x"}, "accountId"),
        ({**NEW, "tokenLast4": "aaaa"}, "tokenLast4"),
    ],
)
def test_a_wrong_body_is_a_400_that_names_the_field(
    client: FlaskClient, admin_token: Headers, body: dict[str, Any], field: str
) -> None:
    answer = client.post("/api/pixels", json=body, headers=admin_token)

    assert answer.status_code == 400
    assert field in answer.json["fields"]
    assert TOKEN not in answer.text
    assert client.get("/api/pixels", headers=admin_token).json["data"] == []


def test_the_same_pixel_twice_is_a_409(client: FlaskClient, admin_token: Headers) -> None:
    first = client.post("/api/pixels", json=NEW, headers=admin_token)
    again = client.post("/api/pixels", json={**NEW, "platform": "meta"}, headers=admin_token)
    assert (first.status_code, again.status_code) == (201, 409)
    assert again.json["error"] == "This account already has the pixel 123456789012345 on this platform."


@sqlite
@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_a_stale_version_is_a_409_with_the_current_pixel(
    client: FlaskClient, admin_token: Headers, make_pixel: Callable[..., UUID], method: str
) -> None:
    url = f"/api/pixels/{make_pixel()}"
    client.put(url, json={"description": "first"}, headers=admin_token)
    if method == "PUT":
        stale = client.put(url, json={"description": "second", "version": 1}, headers=admin_token)
    else:
        stale = client.delete(f"{url}?version=1", headers=admin_token)

    assert stale.status_code == 409
    assert (stale.json["current"]["description"], stale.json["current"]["version"]) == ("first", 2)
    assert TOKEN not in stale.text


def test_a_new_token_resumes_a_paused_pixel(
    app: Flask, client: FlaskClient, admin_token: Headers, make_pixel: Callable[..., UUID]
) -> None:
    id = make_pixel()
    with app.app_context(), write() as session:
        targets.pause(session.connection(), id, "Session has expired", "auth")
    url = f"/api/pixels/{id}"

    paused = client.get(url, headers=admin_token).json
    resumed = client.put(url, json={"accessToken": "another-token-77zz"}, headers=admin_token).json
    assert (paused["state"], paused["reason"]) == ("paused", "Session has expired")
    assert (resumed["state"], resumed["reason"], resumed["tokenLast4"]) == ("active", None, "77zz")


@sqlite
def test_moving_a_pixel_is_refused_and_repeating_its_id_is_not(
    client: FlaskClient, admin_token: Headers, make_pixel: Callable[..., UUID]
) -> None:
    url = f"/api/pixels/{make_pixel()}"
    same = {"platform": "meta", "pixelId": "123456789012345", "active": False}
    assert client.put(url, json=same, headers=admin_token).json["active"] is False
    moved = client.put(url, json={"platform": "kwai", "pixelId": "1"}, headers=admin_token)
    assert (moved.status_code, set(moved.json["fields"])) == (400, {"platform", "pixelId"})


def calls(client: FlaskClient, id: object, headers: Headers) -> list[int]:
    url = f"/api/pixels/{id}"
    return [
        client.get(url, headers=headers).status_code,
        client.put(url, json={"description": "mine"}, headers=headers).status_code,
        client.delete(url, headers=headers).status_code,
    ]


@sqlite
def test_the_pixel_of_another_account_is_a_404_for_every_verb(
    client: FlaskClient, admin_token: Headers, stranger: Actor, make_pixel: Callable[..., UUID]
) -> None:
    theirs = make_pixel(by=stranger)
    assert calls(client, theirs, admin_token) == [404, 404, 404]
    assert client.get("/api/pixels", headers=admin_token).json["data"] == []


@sqlite
@pytest.mark.parametrize("id", ["x", "1", "%00", "../clients", "0" * 32, "a" * 5000])
def test_an_odd_id_is_a_404(client: FlaskClient, admin_token: Headers, id: str) -> None:
    assert client.get(f"/api/pixels/{id}", headers=admin_token).status_code == 404


@sqlite
@pytest.mark.parametrize(
    ("role", "reads", "writes"), [("viewer", 403, 403), ("operator", 403, 403), ("manager", 200, 403)]
)
def test_roles_reach_what_they_may(
    app: Flask,
    client: FlaskClient,
    make_user: Callable[..., Person],
    make_pixel: Callable[..., UUID],
    role: str,
    reads: int,
    writes: int,
) -> None:
    headers = bearer(app, make_user(role))
    id = make_pixel()
    assert client.get("/api/pixels", headers=headers).status_code == reads
    assert client.post("/api/pixels", json=NEW, headers=headers).status_code == writes
    assert calls(client, id, headers) == [reads, writes, writes]


@sqlite
def test_nobody_gets_in_without_a_token_or_with_a_cookie(
    client: FlaskClient, admin: FlaskClient, make_pixel: Callable[..., UUID]
) -> None:
    id = make_pixel()
    assert calls(client, id, {}) == [401, 401, 401]
    assert calls(admin, id, {}) == [401, 401, 401]
