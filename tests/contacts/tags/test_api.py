"""/api/tags."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.people import bearer, new_account, new_user

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_tags_are_made_renamed_merged_and_deleted(app: Flask, client: FlaskClient) -> None:
    token = bearer(app, new_user(app, "manager"))
    made = client.post("/api/tags", json={"name": " VIP "}, headers=token)
    vip = made.get_json()
    ouro = client.post("/api/tags", json={"name": "Ouro"}, headers=token).get_json()
    assert (made.status_code, vip["name"], vip["contacts"], vip["version"]) == (201, "VIP", 0, 1)
    assert client.post("/api/tags", json={"name": "vip"}, headers=token).get_json()["current"] == vip
    client.post("/api/contacts", json={"name": "Ana", "tags": ["vip"]}, headers=token)
    url = f"/api/tags/{vip['id']}"

    assert client.put(url, json={"name": "Ouro"}, headers=token).status_code == 409
    assert client.put(url, json={"name": "VIPs", "version": 1}, headers=token).get_json()["version"] == 2
    assert client.put(url, json={"name": "VIP", "version": 1}, headers=token).get_json()["current"]["name"] == "VIPs"
    for into in ("x", vip["id"]):
        assert client.post(f"{url}/merge", json={"into": into}, headers=token).status_code == 400
    merged = client.post(f"{url}/merge", json={"into": ouro["id"]}, headers=token)
    assert (merged.status_code, merged.get_json()) == (200, {**ouro, "contacts": 1})
    assert client.get("/api/tags", headers=token).get_json()["data"] == [merged.get_json()]
    assert client.delete(f"/api/tags/{ouro['id']}", headers=token).status_code == 204


def test_bad_input_is_a_400_and_roles_and_accounts_are_kept_apart(app: Flask, client: FlaskClient) -> None:
    token = bearer(app, new_user(app, "admin"))
    for name in ("", "x" * 61, 5, None, "a\u202eb"):
        assert client.post("/api/tags", json={"name": name}, headers=token).status_code == 400, name
    mine = client.post("/api/tags", json={"name": "VIP"}, headers=token).get_json()["id"]
    viewer, other = bearer(app, new_user(app, "viewer")), bearer(app, new_user(app, "admin", new_account(app)))
    theirs = client.post("/api/tags", json={"name": "VIP"}, headers=other).get_json()["id"]
    assert client.get("/api/tags", headers=viewer).status_code == 200
    assert client.delete(f"/api/tags/{mine}", headers=viewer).status_code == 403
    assert client.post(f"/api/tags/{mine}/merge", json={"into": theirs}, headers=token).status_code == 400
    assert client.post(f"/api/tags/{theirs}/merge", json={"into": mine}, headers=token).status_code == 404
