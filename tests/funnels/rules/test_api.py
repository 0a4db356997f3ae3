"""/api/funnels/<id>/rules."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.accounts.models import AuditEntry
from app.core import clock
from app.core.db import db
from app.funnels.cards import moving
from app.funnels.cards.placing import Place
from app.funnels.models import Funnel, Stage
from app.funnels.structure import reading
from app.funnels.structure import service as structure
from tests.funnels.cards.conftest import Deal
from tests.funnels.conftest import LEADS
from tests.people import bearer, new_account, new_user

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
EMIT = {"kind": "emit", "event": "lead.qualified"}


def body(at: UUID, **more: Any) -> dict[str, Any]:
    return {"name": "Proposta", "trigger": "entered", "stageId": str(at), "actions": [EMIT]} | more


def test_rules_are_made_read_changed_run_and_deleted(app: Flask, client: FlaskClient, deal: Deal) -> None:
    token = bearer(app, new_user(app, "manager"))
    at, url = deal.stages, f"/api/funnels/{deal.funnel}/rules"
    actions = [{"kind": "add_tag", "tag": "quente"}, EMIT]
    made = client.post(url, json=body(at["talking"], actions=actions), headers=token)
    rule = made.get_json()
    assert (made.status_code, rule["version"], rule["isActive"], rule["needsAttention"]) == (201, 1, True, False)
    assert [one["kind"] for one in rule["actions"]] == ["add_tag", "emit"]
    assert rule["actions"][0].keys() == {"kind", "tagId"}
    assert client.get(url, headers=token).get_json()["data"] == [rule]
    assert client.get(f"{url}/{rule['id']}", headers=token).get_json() == rule

    with deal.writing():
        moving.move(deal.doer, deal.id, Place(at["talking"]))
    ran = client.get(f"{url}/{rule['id']}/runs", headers=token).get_json()["data"]
    assert [(run["cardId"], run["outcome"], len(run["steps"])) for run in ran] == [(str(deal.id), "done", 2)]

    change = {"trigger": "stayed", "days": 3, "version": 1}
    changed = client.put(f"{url}/{rule['id']}", json=change, headers=token).get_json()
    assert (changed["trigger"], changed["days"], changed["stageId"], changed["version"]) == (
        "stayed",
        3,
        str(at["talking"]),
        2,
    )
    stale = client.put(f"{url}/{rule['id']}", json={"name": "X", "version": 1}, headers=token)
    assert (stale.status_code, stale.get_json()["current"]) == (409, changed)
    with deal.writing() as session:
        session.get_one(Stage, at["talking"]).deleted_at = clock.now()
    assert client.get(f"{url}/{rule['id']}", headers=token).get_json()["needsAttention"] is True
    assert client.delete(f"{url}/{rule['id']}?version=1", headers=token).status_code == 409
    assert client.delete(f"{url}/{rule['id']}", headers=token).status_code == 204
    assert client.get(f"{url}/{rule['id']}/runs", headers=token).status_code == 404
    audited = select(AuditEntry.action).where(AuditEntry.action.startswith("rule.")).order_by(AuditEntry.id)
    with app.app_context():
        assert db.session.scalars(audited).all() == ["rule.created", "rule.updated", "rule.deleted"]


def another_funnel(deal: Deal) -> tuple[UUID, dict[str, UUID]]:
    with deal.writing() as session:
        funnel = structure.create(deal.actor, {"name": "Outro", "pattern": "leads"})
        found = reading.stages_of(session, funnel.id)
        return funnel.id, {name: stage.id for name, stage in zip(LEADS, found, strict=True)}


def test_what_is_no_rule_is_refused_by_its_place(app: Flask, client: FlaskClient, deal: Deal) -> None:
    person, token = new_user(app, "operator", new_account(app)), bearer(app, new_user(app, "manager"))
    at, there, url = deal.stages, another_funnel(deal)[1], f"/api/funnels/{deal.funnel}/rules"
    stayed = {"trigger": "stayed", "days": 3}
    cases: list[tuple[dict[str, Any], str]] = [
        ({"name": ""}, "name"), ({"name": "x" * 81}, "name"), ({"name": "a\u202eb"}, "name"), ({"name": None}, "name"),
        ({"trigger": "left"}, "trigger"), ({"trigger": ["entered"]}, "trigger"), ({"isActive": "yes"}, "isActive"),
        ({"stageId": str(uuid4())}, "stageId"), ({"stageId": str(there["new"])}, "stageId"),
        ({"stageId": 5}, "stageId"),
        ({"trigger": "tagged"}, "tag"), ({"trigger": "tagged", "tag": "x" * 61}, "tag"),
        ({"trigger": "tagged", "tagId": str(uuid4())}, "tagId"), (stayed | {"stageId": str(at["won"])}, "stageId"),
        (stayed | {"days": 0}, "days"), (stayed | {"days": True}, "days"), (stayed | {"days": 10**9}, "days"),
        ({"trigger": "stayed"}, "days"), ({"extra": 1}, "extra"),
        ({"actions": []}, "actions"), ({"actions": [EMIT] * 11}, "actions"), ({"actions": {"kind": "emit"}}, "actions"),
        ({"actions": [[EMIT]]}, "actions.0"), ({"actions": [EMIT, {"kind": "shout"}]}, "actions.1.kind"),
        ({"actions": [{"kind": ["emit"]}]}, "actions.0.kind"), ({"actions": [EMIT | {"x": 1}]}, "actions.0"),
        ({"actions": [{"kind": "emit", "event": "deal.won"}]}, "actions.0.event"),
        ({"actions": [{"kind": "emit", "event": {}}]}, "actions.0.event"),
        ({"actions": [{"kind": "add_tag", "tag": {"a": 1}}]}, "actions.0.tag"),
        ({"actions": [{"kind": "add_tag", "tag": " "}]}, "actions.0.tag"),
        ({"actions": [{"kind": "add_tag", "tagId": str(uuid4())}]}, "actions.0.tagId"),
        ({"actions": [{"kind": "set_owner", "userId": str(person.id)}]}, "actions.0.userId"),
        ({"actions": [{"kind": "set_owner", "userId": [1]}]}, "actions.0.userId"),
        ({"actions": [{"kind": "notify", "to": "everybody"}]}, "actions.0.to"),
        ({"actions": [{"kind": "notify", "to": str(person.id)}]}, "actions.0.to"),
        ({"actions": [{"kind": "move", "stageId": str(there["won"])}]}, "actions.0.stageId"),
        ({"actions": [{"kind": "move", "stageId": str(at["lost"])}]}, "actions.0.reason"),
        ({"actions": [{"kind": "move", "stageId": str(at["lost"]), "reason": ["x"]}]}, "actions.0.reason"),
        ({"actions": [{"kind": "move", "stageId": str(at["lost"]), "reason": "x" * 121}]}, "actions.0.reason"),
        ({"actions": [{"kind": "move", "stageId": str(at["new"])}]}, "rule"),
    ]  # fmt: skip
    for wrong, place in cases:
        answer = client.post(url, json=body(at["new"], **wrong), headers=token)
        assert (answer.status_code, place) == (400, place), (wrong, answer.get_json())
        assert any(name.startswith(place) for name in answer.get_json()["fields"]), (wrong, answer.get_json())
    assert client.get(url, headers=token).get_json()["data"] == []


def test_roles_and_accounts_are_kept_apart(app: Flask, client: FlaskClient, deal: Deal) -> None:
    url, at, other = f"/api/funnels/{deal.funnel}/rules", deal.stages, another_funnel(deal)[0]
    manager, operator = bearer(app, new_user(app, "manager")), bearer(app, new_user(app, "operator"))
    viewer, stranger = bearer(app, new_user(app, "viewer")), bearer(app, new_user(app, "admin", new_account(app)))
    rule = client.post(url, json=body(at["new"]), headers=manager).get_json()["id"]
    for token in (operator, viewer):
        assert client.get(url, headers=token).status_code == 200
        assert client.get(f"{url}/{rule}/runs", headers=token).status_code == 200
        assert client.post(url, json=body(at["new"]), headers=token).status_code == 403
        assert client.put(f"{url}/{rule}", json={"name": "X"}, headers=token).status_code == 403
        assert client.delete(f"{url}/{rule}", headers=token).status_code == 403
    for base, token in (
        (url, stranger),
        (f"/api/funnels/{other}/rules", manager),
        ("/api/funnels/x/rules", manager),
    ):
        assert client.get(f"{base}/{rule}", headers=token).status_code == 404
        assert client.put(f"{base}/{rule}", json={"name": "X"}, headers=token).status_code == 404
        assert client.delete(f"{base}/{rule}", headers=token).status_code == 404
    assert client.post(url, json=body(at["new"]), headers=stranger).status_code == 404
    with deal.writing() as session:
        session.get_one(Funnel, deal.funnel).deleted_at = clock.now()
    assert client.get(f"{url}/{rule}", headers=manager).status_code == 404
