"""POST /api/contacts/bulk: what it takes, whom it means, who may."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.accounts.models import AuditEntry
from app.core.access import Actor
from app.core.db import db
from app.core.ids import uuid7
from tests.contacts.bulk.conftest import kept, tagged
from tests.contacts.test_api import make_category
from tests.jobs import run_jobs
from tests.people import Person, bearer, new_user

PATH = "/api/contacts/bulk"
SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
ODD: list[tuple[dict[str, Any], int]] = [
    ({"filter": {}}, 400),
    ({"action": "addTags", "tags": ["x"]}, 400),
    ({"filter": {}, "ids": [], "action": "addTags", "tags": ["x"]}, 400),
    ({"filter": {"sort": "name"}, "action": "addTags", "tags": ["x"]}, 400),
    ({"filter": {"has": "fax"}, "action": "addTags", "tags": ["x"]}, 400),
    ({"filter": {"segment": str(uuid7())}, "action": "addTags", "tags": ["x"]}, 404),
    ({"filter": {}, "action": "rename"}, 400),
    ({"filter": {}, "action": "addTags"}, 400),
    ({"filter": {}, "action": "addTags", "tags": ["x" * 61]}, 400),
    ({"filter": {}, "action": "removeTags", "tags": ["unknown"]}, 400),
    ({"filter": {}, "action": "addCategories"}, 400),
    ({"filter": {}, "action": "addCategories", "categoryIds": ["odd"]}, 400),
    ({"ids": ["x"] * 1001, "action": "delete"}, 400),
    ({"ids": [], "action": "delete", "accountId": "x"}, 400),
]
Make = Callable[..., UUID]
Crowd = Callable[[int], list[UUID]]


def test_a_few_are_done_at_once_and_undone(make_contact: Make, client: FlaskClient, token: dict[str, str]) -> None:
    ana, eva = make_contact(name="Ana", tags=["old"]), make_contact(name="Eva")
    body = {"ids": [str(ana), str(eva), str(uuid7()), "odd"], "action": "addTags", "tags": ["New"], "confirmCount": 2}
    answer = client.post(PATH, json=body, headers=token)
    job = answer.get_json()
    assert (answer.status_code, answer.headers["Location"]) == (202, f"/api/jobs/{job['id']}")
    assert (job["state"], job["done"], tagged(ana, eva)) == ("done", 2, [["New", "old"], ["New"]])
    undone = client.post(f"{PATH}/undo", json={"job": job["id"]}, headers=token)
    assert (undone.status_code, undone.get_json()["done"], tagged(ana, eva)) == (202, 2, [["old"], []])
    again = client.post(f"{PATH}/undo", json={"job": job["id"]}, headers=token)
    assert (again.status_code, "undo" in again.get_json()["error"]) == (409, True)
    for odd in (undone.get_json()["id"], str(uuid7()), "odd"):
        assert client.post(f"{PATH}/undo", json={"job": odd}, headers=token).status_code == 404


def test_a_filter_is_changed_only_when_the_number_is_confirmed(
    app: Flask, actor: Actor, make_contact: Make, crowd: Crowd, client: FlaskClient, token: dict[str, str]
) -> None:
    category = make_category(actor.account_id)
    make_contact(name="Ana", tags=["vip"])
    crowd(210)

    def ask(count: int, **body: Any) -> Any:
        return client.post(PATH, json={"confirmCount": count, **body}, headers=token)

    moved = ask(5, filter={"tag": "VIP"}, action="addCategories", categoryIds=[str(category)])
    assert (moved.status_code, moved.get_json()["count"]) == (409, 1)
    done = ask(1, filter={"tag": "VIP"}, action="addCategories", categoryIds=[str(category)]).get_json()
    assert (done["state"], done["done"]) == ("done", 1)
    waits = ask(211, filter={}, action="delete").get_json()
    assert (waits["state"], waits["total"], kept()) == ("queued", 211, 211)
    assert client.post(f"{PATH}/undo", json={"job": waits["id"]}, headers=token).status_code == 409
    run_jobs(app)
    assert kept() == 0
    assert client.post(f"{PATH}/undo", json={"job": waits["id"]}, headers=token).get_json()["state"] == "queued"
    run_jobs(app)
    assert kept() == 211
    db.session.rollback()
    actions = db.session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
    assert actions == ["contacts.changed", "contacts.deleted", "contacts.change_undone"]


@SQLITE
def test_odd_wishes_are_refused_in_words(admin_token: dict[str, str], client: FlaskClient) -> None:
    for body, status in ODD:
        answer = client.post(PATH, json=body | {"confirmCount": 0}, headers=admin_token)
        assert (answer.status_code, bool(answer.get_json()["error"])) == (status, True), body


@SQLITE
def test_nobody_reaches_further_than_they_may(
    app: Flask, actor: Actor, make_contact: Make, client: FlaskClient, other_account: Person, token: dict[str, str]
) -> None:
    people = {role: bearer(app, new_user(app, role)) for role in ("viewer", "operator")}
    stranger, foreign = bearer(app, other_account), make_category(other_account.account_id)
    id_ = str(make_contact(name="Ana"))

    def ask(headers: dict[str, str], count: int, **body: Any) -> int:
        return client.post(PATH, json={"ids": [id_], "confirmCount": count, **body}, headers=headers).status_code

    assert ask(people["viewer"], 1, action="addTags", tags=["x"]) == 403
    assert ask(people["operator"], 1, action="delete") == 403
    assert ask(people["operator"], 1, action="addTags", tags=["x"]) == 202
    assert ask(stranger, 1, action="delete") == 409  # it is nobody there
    assert ask(token, 1, action="addCategories", categoryIds=[str(foreign)]) == 400
    deletion = client.post(PATH, json={"ids": [id_], "action": "delete", "confirmCount": 1}, headers=token).get_json()
    assert kept() == 0
    undo = {"json": {"job": deletion["id"]}}
    assert client.post(f"{PATH}/undo", headers=people["operator"], **undo).status_code == 403
    assert client.post(f"{PATH}/undo", headers=stranger, **undo).status_code == 404
