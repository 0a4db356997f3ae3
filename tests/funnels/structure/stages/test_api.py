"""/api/funnels/{id}/stages: added, changed, put in order, deleted; positions without a gap."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.accounts.models import AuditEntry
from app.core.ids import uuid7
from app.core.runtime import runtime
from tests.people import bearer, new_account, new_user

PROPOSTA = {"name": "Proposta", "color": "#AE3EC9", "kind": "open", "chance": 60, "stalledAfter": 7}

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def names(client: FlaskClient, url: str, token: dict[str, str]) -> list[str]:
    """From left to right; places are always 0 to one less than their number."""
    found = client.get(f"{url}/stages", headers=token).get_json()["data"]
    assert [stage["position"] for stage in found] == list(range(len(found)))
    return [stage["name"] for stage in found]


def test_stages_are_added_changed_put_in_order_and_deleted(app: Flask, client: FlaskClient) -> None:
    token = bearer(app, new_user(app, "manager"))
    funnel = client.post("/api/funnels", json={"name": "Vendas", "pattern": "empty"}, headers=token).get_json()
    url = f"/api/funnels/{funnel['id']}"
    made = client.post(f"{url}/stages", json=PROPOSTA, headers=token)
    stage = made.get_json()
    expected = {**PROPOSTA, "color": "#ae3ec9", "position": 1, "cards": 0, "value": 0, "funnelId": funnel["id"]}
    assert (made.status_code, {name: stage[name] for name in expected}) == (201, expected)
    assert names(client, url, token) == ["Novo", "Proposta", "Ganho", "Perdido"]
    same = client.post(f"{url}/stages", json={"name": "PROPÓSTA"}, headers=token)
    assert (same.status_code, same.get_json()["current"]["id"]) == (409, stage["id"])

    one = f"{url}/stages/{stage['id']}"
    change = {"name": "Enviada", "kind": "won", "chance": 5, "position": 0, "version": 1}
    changed = client.put(one, json=change, headers=token).get_json()
    assert [changed[name] for name in ("name", "kind", "chance", "stalledAfter", "version")] == [
        "Enviada", "won", 100, None, 2,
    ]  # fmt: skip
    assert names(client, url, token) == ["Enviada", "Novo", "Ganho", "Perdido"]
    stale = client.put(one, json={"name": "x", "version": 1}, headers=token)
    assert (stale.status_code, stale.get_json()["current"]["name"]) == (409, "Enviada")

    ids = {each["name"]: each["id"] for each in client.get(f"{url}/stages", headers=token).get_json()["data"]}
    order = [ids[name] for name in ("Perdido", "Novo", "Enviada", "Ganho")]
    version = client.get(url, headers=token).get_json()["version"]
    put = client.put(f"{url}/stages/order", json={"stageIds": order, "version": version}, headers=token)
    assert ([each["id"] for each in put.get_json()["stages"]], put.get_json()["version"]) == (order, version + 1)
    second = client.put(f"{url}/stages/order", json={"stageIds": order[::-1], "version": version}, headers=token)
    assert (second.status_code, second.get_json()["current"]["version"]) == (409, version + 1)
    for odd in (order[:3], [*order, order[0]], [order[0]] * 4, [*order[:3], str(uuid7())]):
        assert client.put(f"{url}/stages/order", json={"stageIds": odd}, headers=token).status_code == 400, odd

    assert client.delete(f"{one}?version=1", headers=token).status_code == 409
    assert client.delete(one, headers=token).status_code == 204
    assert [client.put(one, json={}, headers=token).status_code, client.delete(one, headers=token).status_code] == [
        404, 404,
    ]  # fmt: skip
    assert names(client, url, token) == ["Perdido", "Novo", "Ganho"]
    assert client.post(f"{url}/stages", json={"name": "Enviada"}, headers=token).status_code == 201
    last = client.delete(f"{url}/stages/{ids['Novo']}", headers=token)
    assert last.status_code == 204
    only = next(each for each in client.get(url, headers=token).get_json()["stages"] if each["kind"] == "open")
    assert client.delete(f"{url}/stages/{only['id']}", headers=token).status_code == 409
    assert client.put(f"{url}/stages/{only['id']}", json={"kind": "lost"}, headers=token).status_code == 400
    with runtime(app).engine.connect() as connection:
        told = connection.scalars(select(AuditEntry.action).where(AuditEntry.action.like("stage%")))
        assert sorted(told) == sorted(
            ["stage.created"] * 2 + ["stage.updated", "stages.reordered"] + ["stage.deleted"] * 2
        )


REFUSED: list[dict[str, Any]] = [
    {"name": ""}, {"name": "x" * 61}, {"name": "\u3164"}, {"name": None}, {"name": 5}, {"color": "red"},
    {"kind": "odd"},
    {"chance": -1}, {"chance": 101}, {"chance": "5"}, {"chance": True}, {"stalledAfter": -1}, {"stalledAfter": 3651},
    {"stalledAfter": 1.5}, {"position": -1}, {"position": 10**9}, {"odd": 1}, {"name": "a\u202eb"},
]  # fmt: skip


def test_bad_input_is_a_400_there_are_at_most_thirty_and_others_find_nothing(app: Flask, client: FlaskClient) -> None:
    token = bearer(app, new_user(app, "admin"))
    funnel = client.post("/api/funnels", json={"name": "Vendas", "pattern": "empty"}, headers=token).get_json()
    other = client.post("/api/funnels", json={"name": "Outro"}, headers=token).get_json()
    url, first = f"/api/funnels/{funnel['id']}/stages", funnel["stages"][0]["id"]
    for change in REFUSED:
        assert client.post(url, json=PROPOSTA | change, headers=token).status_code == 400, change
    assert client.get(f"{url}?sort=color", headers=token).status_code == 400
    elsewhere = f"/api/funnels/{other['id']}/stages/{first}"
    assert client.put(elsewhere, json={"name": "x"}, headers=token).status_code == 404
    stranger = bearer(app, new_user(app, "admin", new_account(app)))
    for person, status in ((stranger, 404), (bearer(app, new_user(app, "operator")), 403)):
        answers = [
            client.post(url, json=PROPOSTA, headers=person),
            client.put(f"{url}/{first}", json={"name": "x"}, headers=person),
            client.put(f"{url}/order", json={"stageIds": []}, headers=person),
            client.delete(f"{url}/{first}", headers=person),
        ]
        assert [answer.status_code for answer in answers] == [status] * 4
    assert client.get(url, headers=stranger).status_code == 404
    for number in range(27):
        assert client.post(url, json={"name": f"Etapa {number}"}, headers=token).status_code == 201
    assert client.post(url, json={"name": "Etapa 27"}, headers=token).status_code == 409
