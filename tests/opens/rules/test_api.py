"""/api/open-rules: rules by token."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.people import bearer, new_account, new_user

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

SCANNER = {"kind": "agent", "pattern": "AcmeScan", "class": "bot", "note": "Gateway"}


def test_rules_are_listed_added_and_deleted(app: Flask, client: FlaskClient) -> None:
    token = bearer(app, new_user(app, "admin"))
    assert client.get("/api/open-rules", headers=token).get_json() == {"data": [], "version": "1.0"}
    created = client.post("/api/open-rules", json=SCANNER, headers=token)
    listed = client.get("/api/v1/open-rules", headers=token).get_json()

    assert created.status_code == 201
    assert {name: created.get_json()[name] for name in SCANNER} == SCANNER
    assert listed == {"data": [created.get_json()], "version": "1.1"}
    assert client.post("/api/open-rules", json=SCANNER, headers=token).status_code == 409
    url = f"/api/open-rules/{created.get_json()['id']}"
    stranger = bearer(app, new_user(app, "admin", new_account(app)))
    assert client.delete(url, headers=stranger).status_code == 404
    assert client.delete(url, headers=token).status_code == 204
    assert client.delete(url, headers=token).status_code == 404


REFUSED: list[dict[str, Any]] = [
    {"kind": "country"}, {"class": "angel"}, {"pattern": "ab"}, {"pattern": 5}, {"pattern": "mozilla"},
    {"pattern": None}, {"note": "x" * 201}, {"pattern": "x" * 201}, {"kind": "network"}, {"odd": 1},
    {"kind": "network", "pattern": "::/0"}, {"pattern": "a\u0000bcd"},
]  # fmt: skip


def test_a_rule_that_makes_no_sense_is_refused(app: Flask, client: FlaskClient) -> None:
    token = bearer(app, new_user(app, "admin"))
    for change in REFUSED:
        answer = client.post("/api/open-rules", json=SCANNER | change, headers=token)
        assert answer.status_code in (400, 422), change
    assert client.get("/api/open-rules", headers=token).get_json()["data"] == []


def test_reading_is_for_all_roles_and_changing_for_administrators(app: Flask, client: FlaskClient) -> None:
    assert client.get("/api/open-rules").status_code == 401
    for role in ("manager", "viewer"):
        token = bearer(app, new_user(app, role))
        assert client.get("/api/open-rules", headers=token).status_code == 200
        assert client.post("/api/open-rules", json=SCANNER, headers=token).status_code == 403
        assert client.delete("/api/open-rules/x", headers=token).status_code == 403
