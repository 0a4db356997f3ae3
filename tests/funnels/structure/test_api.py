"""/api/funnels: funnels made, listed, changed, deleted and brought back."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.people import bearer, new_account, new_user

VENDAS = {"name": "Vendas", "description": "Da loja", "pattern": "leads"}

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_a_funnel_is_made_listed_changed_deleted_and_brought_back(app: Flask, client: FlaskClient) -> None:
    person = new_user(app, "manager")
    token = bearer(app, person)
    made = client.post("/api/funnels", json=VENDAS, headers=token)
    one = made.get_json()
    url = f"/api/funnels/{one['id']}"
    expected = {"name": "Vendas", "description": "Da loja", "userId": str(person.id), "version": 1, "openCards": 0}
    assert (made.status_code, {name: one[name] for name in expected}) == (201, expected)
    assert [(stage["name"], stage["kind"], stage["position"]) for stage in one["stages"]] == [
        ("Novo", "open", 0), ("Em conversa", "open", 1), ("Qualificado", "open", 2), ("Ganho", "won", 3),
        ("Perdido", "lost", 4),
    ]  # fmt: skip

    same = client.post("/api/funnels", json={"name": " VÊNDAS "}, headers=token)
    assert (same.status_code, same.get_json()["current"]["id"]) == (409, one["id"])
    change = {"name": "Loja", "description": "", "reasons": ["Preço", " preco ", "", "Prazo"], "version": 1}
    changed = client.put(url, json=change, headers=token).get_json()
    assert [changed[name] for name in ("name", "description", "reasons", "version")] == [
        "Loja", None, ["Preço", "Prazo"], 2,
    ]  # fmt: skip
    stale = client.put(url, json={"name": "Outra", "version": 1}, headers=token)
    assert (stale.status_code, stale.get_json()["current"]["name"]) == (409, "Loja")
    listed = client.get("/api/v1/funnels?q=LOJA&sort=-updatedAt", headers=token).get_json()
    assert ([each["id"] for each in listed["data"]], listed["pagination"]["total"]) == ([one["id"]], 1)
    assert "stages" not in listed["data"][0]

    assert client.delete(f"{url}?version=1", headers=token).status_code == 409
    assert client.delete(url, headers=token).status_code == 204
    assert [client.get(url, headers=token).status_code, client.delete(url, headers=token).status_code] == [404] * 2
    assert client.post("/api/funnels", json={"name": "loja"}, headers=token).status_code == 201
    taken = client.post(f"{url}/restore", headers=token)
    assert (taken.status_code, taken.get_json()["current"]["name"]) == (409, "loja")
    client.put(f"/api/funnels/{taken.get_json()['current']['id']}", json={"name": "Outra"}, headers=token)
    back = client.post(f"{url}/restore", headers=token)
    assert (back.status_code, back.get_json()["stages"]) == (200, changed["stages"])
    assert client.post(f"{url}/restore", headers=token).status_code == 404


REFUSED: list[dict[str, Any]] = [
    {"name": ""}, {"name": 5}, {"name": "x" * 81}, {"name": None}, {"name": "\u3164"}, {"name": "a\u202eb"},
    {"description": "x" * 501}, {"pattern": "odd"}, {"reasons": ["x" * 121]}, {"reasons": [f"r{n}" for n in range(21)]},
    {"reasons": "Preço"}, {"reasons": [5]}, {"userId": "x"},
]  # fmt: skip


def test_bad_input_is_a_400_and_roles_and_accounts_are_kept_apart(app: Flask, client: FlaskClient) -> None:
    token = bearer(app, new_user(app, "admin"))
    for change in REFUSED:
        assert client.post("/api/funnels", json=VENDAS | change, headers=token).status_code == 400, change
    assert client.get("/api/funnels?sort=reasons", headers=token).status_code == 400
    url = f"/api/funnels/{client.post('/api/funnels', json=VENDAS, headers=token).get_json()['id']}"
    stranger = bearer(app, new_user(app, "admin", new_account(app)))
    for role in ("viewer", "operator"):
        person = bearer(app, new_user(app, role))
        assert client.get(url, headers=person).status_code == 200
        assert client.post("/api/funnels", json={"name": "x"}, headers=person).status_code == 403
        assert client.put(url, json={"name": "x"}, headers=person).status_code == 403
        assert client.delete(url, headers=person).status_code == 403
        assert client.post(f"{url}/restore", headers=person).status_code == 403
    client.delete(url, headers=token)
    for address in (url, f"{url}/restore", "/api/funnels/x"):
        answers = [client.get(address, headers=stranger), client.post(address, headers=stranger)]
        assert {answer.status_code for answer in answers} <= {404, 405}, address
