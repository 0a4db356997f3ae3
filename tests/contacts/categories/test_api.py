"""/api/categories as source 3 has it."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.people import bearer, new_account, new_user

CLIENTES = {"name": "Clientes", "description": "Já compraram", "color": "#2F9E44"}


def test_categories_are_made_listed_changed_and_deleted(app: Flask, client: FlaskClient) -> None:
    person = new_user(app, "manager")
    token = bearer(app, person)
    made = client.post("/api/categories", json=CLIENTES, headers=token)
    one = made.get_json()
    url = f"/api/categories/{one['id']}"
    expected = {**CLIENTES, "color": "#2f9e44", "userId": str(person.id), "version": 1, "contacts": 0}
    assert (made.status_code, {name: one[name] for name in expected}) == (201, expected)

    same = client.post("/api/categories", json={"name": "CLIENTÉS"}, headers=token)
    assert (same.status_code, same.get_json()["current"]["id"]) == (409, one["id"])
    contact = {"name": "Ana", "categoryIds": [one["id"]]}
    assert client.post("/api/contacts", json=contact, headers=token).status_code == 201
    changed = client.put(url, json={"name": "Fiéis", "description": "", "version": 1}, headers=token).get_json()
    assert (changed["name"], changed["description"], changed["version"], changed["contacts"]) == ("Fiéis", None, 2, 1)
    stale = client.put(url, json={"color": "#000000", "version": 1}, headers=token)
    assert (stale.status_code, stale.get_json()["current"]["name"]) == (409, "Fiéis")
    listed = client.get("/api/v1/categories?q=fieis&sort=-name", headers=token).get_json()
    assert (listed["data"], listed["pagination"]["total"]) == ([changed], 1)

    assert client.delete(f"{url}?version=1", headers=token).status_code == 409
    assert client.delete(url, headers=token).status_code == 204
    assert client.get(url, headers=token).status_code == 404


REFUSED: list[dict[str, Any]] = [
    {"name": ""}, {"name": 5}, {"name": "x" * 81}, {"name": None}, {"color": "red"}, {"color": "#12345g"},
    {"description": "x" * 501}, {"userId": "x"}, {"name": "a\u202eb"}, {"odd": 1},
]  # fmt: skip


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_bad_input_is_a_400_and_roles_and_accounts_are_kept_apart(app: Flask, client: FlaskClient) -> None:
    token = bearer(app, new_user(app, "admin"))
    for change in REFUSED:
        assert client.post("/api/categories", json=CLIENTES | change, headers=token).status_code == 400, change
    assert client.get("/api/categories?sort=color", headers=token).status_code == 400
    url = f"/api/categories/{client.post('/api/categories', json=CLIENTES, headers=token).get_json()['id']}"
    viewer, stranger = bearer(app, new_user(app, "viewer")), bearer(app, new_user(app, "admin", new_account(app)))
    assert client.get(url, headers=viewer).status_code == 200
    assert client.put(url, json={"name": "x"}, headers=viewer).status_code == 403
    assert [client.get(url, headers=stranger).status_code, client.delete(url, headers=stranger).status_code] == [
        404
    ] * 2
