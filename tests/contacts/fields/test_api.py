"""/api/contact-fields."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.contacts.fields.service import MAX_FIELDS
from tests.people import bearer, new_account, new_user

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
URL = "/api/contact-fields"
PLANO = {"label": "Plano", "key": "plano", "kind": "choice", "options": ["Ouro", "Prata"]}


def test_fields_are_made_listed_changed_and_deleted(app: Flask, client: FlaskClient) -> None:
    token = bearer(app, new_user(app, "manager"))
    made = client.post(URL, json=PLANO, headers=token)
    plano = made.get_json()
    assert (made.status_code, {name: plano[name] for name in PLANO}) == (201, PLANO)
    loja = client.post(URL, json={"label": "2ª loja", "kind": "text"}, headers=token).get_json()
    assert (loja["key"], loja["position"]) == ("field_2a_loja", 1)
    assert client.post(URL, json={"label": "LOJA 2", "kind": "date", "key": "plano"}, headers=token).status_code == 400
    same = client.post(URL, json={"label": "PLANO", "kind": "date"}, headers=token)
    assert (same.status_code, same.get_json()["current"]["id"]) == (409, plano["id"])

    one = f"{URL}/{plano['id']}"
    changed = client.put(one, json={"label": "Plano atual", "position": 5, "version": 1}, headers=token).get_json()
    assert (changed["label"], changed["position"], changed["version"]) == ("Plano atual", 1, 2)
    assert client.put(one, json={"label": "Plano", "version": 1}, headers=token).get_json()["current"] == changed
    assert client.put(one, json={"key": "outra"}, headers=token).get_json()["fields"].keys() == {"key"}
    assert [field["key"] for field in client.get(URL, headers=token).get_json()["data"]] == ["field_2a_loja", "plano"]
    assert client.delete(f"{one}?version=1", headers=token).status_code == 409
    started = client.delete(one, headers=token)
    assert (started.status_code, started.get_json()["kind"]) == (202, "delete_contact_field")


REFUSED: list[dict[str, Any]] = [
    {"label": ""}, {"label": "x" * 61}, {"key": "Plano"}, {"key": "a" * 41}, {"key": "a-b"}, {"kind": "money"},
    {"kind": None}, {"options": None}, {"options": "Ouro"}, {"options": [5]}, {"kind": "text"}, {"odd": 1},
    {"options": ["x"] * 1001}, {"label": "a\u202eb"}, {"position": 1},
]  # fmt: skip


def test_bad_input_is_a_400_and_roles_and_accounts_are_kept_apart(app: Flask, client: FlaskClient) -> None:
    token = bearer(app, new_user(app, "admin"))
    for change in REFUSED:
        assert client.post(URL, json=PLANO | change, headers=token).status_code == 400, change
    one = f"{URL}/{client.post(URL, json=PLANO, headers=token).get_json()['id']}"
    viewer, stranger = bearer(app, new_user(app, "viewer")), bearer(app, new_user(app, "admin", new_account(app)))
    assert client.get(one, headers=viewer).status_code == 200
    assert client.delete(one, headers=viewer).status_code == 403
    assert [client.get(one, headers=stranger).status_code, client.delete(one, headers=stranger).status_code] == [
        404
    ] * 2
    assert client.post(URL, json=PLANO, headers=stranger).status_code == 201


def test_an_account_has_at_most_fifty(app: Flask, client: FlaskClient) -> None:
    token = bearer(app, new_user(app, "admin"))
    answers = [
        client.post(URL, json={"label": f"Campo {number}", "kind": "text"}, headers=token).status_code
        for number in range(MAX_FIELDS + 1)
    ]
    assert answers == [201] * MAX_FIELDS + [409]
