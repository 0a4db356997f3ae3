"""/api/segments: what it answers, whom it refuses, and that a viewer reads no part of an address."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.contacts.segments.conftest import ANAS
from tests.people import bearer, new_account, new_user

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
MAIL = {"any": [ANAS, {"field": "email", "op": "contains", "value": "ana.secret"}]}


@pytest.fixture
def token(app: Flask) -> dict[str, str]:
    return bearer(app, new_user(app, "manager"))


def test_a_segment_is_created_read_changed_counted_and_deleted(client: FlaskClient, token: dict[str, str]) -> None:
    for name in ("Ana", "Bia"):
        assert client.post("/api/contacts", json={"name": name}, headers=token).status_code == 201
    made = client.post("/api/segments", json={"name": "Anas", "rule": ANAS}, headers=token)
    url = f"/api/segments/{made.json['id']}"
    stale = client.put(url, json={"name": "X", "version": 9}, headers=token)
    changed = client.put(url, json={"rule": {"not": ANAS}, "version": 1}, headers=token)
    listed = client.get("/api/segments?q=ANA&sort=-updatedAt", headers=token)
    people = client.get(f"/api/contacts?segment={made.json['id']}", headers=token)
    counted = client.post("/api/segments/count", json={"rule": ANAS}, headers=token)

    assert (made.status_code, made.json["rule"], made.json["version"]) == (201, ANAS, 1)
    assert (stale.status_code, stale.json["current"]) == (409, made.json)
    assert (changed.json["version"], changed.json["rule"], listed.json["data"]) == (2, {"not": ANAS}, [changed.json])
    assert [one["name"] for one in people.json["data"]] == ["Bia"]
    assert (counted.status_code, counted.json) == (200, {"count": 1, "more": False})
    assert (client.delete(url, headers=token).status_code, client.get(url, headers=token).status_code) == (204, 404)


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"rule": ANAS}, "name"),
    ({"name": "X"}, "rule"),
    ({"name": "X", "rule": []}, "rule"),
    ({"name": "X", "rule": {"all": [{**ANAS, "field": "segment"}]}}, "rule.all.0.field"),
    ({"name": "X", "rule": {"field": "category", "op": "has", "value": "x"}}, "rule.value"),
    ({"name": "X", "rule": ANAS, "more": 1}, "more"),
]


def test_what_is_wrong_is_named(client: FlaskClient, token: dict[str, str]) -> None:
    for body, field in WRONG:
        answer = client.post("/api/segments", json=body, headers=token)
        assert (answer.status_code, list(answer.json["fields"])) == (400, [field])


def test_a_viewer_reads_masked_rules_and_asks_nothing(app: Flask, client: FlaskClient, token: dict[str, str]) -> None:
    made = client.post("/api/segments", json={"name": "Correio", "rule": MAIL}, headers=token).json
    viewer = bearer(app, new_user(app, "viewer"))
    shown = client.get(f"/api/segments/{made['id']}", headers=viewer)
    counted = client.post("/api/segments/count", json={"rule": MAIL}, headers=viewer)
    written = client.put(f"/api/segments/{made['id']}", json={"rule": ANAS}, headers=viewer)

    assert (shown.status_code, counted.status_code, written.status_code) == (200, 403, 403)
    assert "secret" not in shown.text
    assert made["rule"] == MAIL


def test_things_of_another_account_are_not_there(app: Flask, client: FlaskClient, token: dict[str, str]) -> None:
    stranger = bearer(app, new_user(app, "admin", new_account(app)))
    theirs = client.post("/api/categories", json={"name": "X", "color": "#ff0000"}, headers=stranger).json["id"]
    segment = client.post("/api/segments", json={"name": "X", "rule": ANAS}, headers=stranger).json["id"]
    named = {"field": "category", "op": "has", "value": theirs}

    assert client.get(f"/api/segments/{segment}", headers=token).status_code == 404
    assert client.delete(f"/api/segments/{segment}", headers=token).status_code == 404
    assert client.post("/api/segments", json={"name": "X", "rule": named}, headers=token).status_code == 400
