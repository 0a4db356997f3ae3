"""/api/contacts: lists, one contact, who may, what two at once are told."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from app.contacts.models import Category, Contact
from app.core import clock
from app.core.access import Actor
from app.core.db import db, write
from app.core.ids import uuid7
from tests.people import Person, bearer, new_user

PATH = "/api/contacts"
SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
Make = Callable[..., UUID]
ANA = {"name": "Ana São João", "phoneNumber": "(11) 98765-4321", "email": "ana@example.com", "tags": ["VIP"]}
ODD = [
    "whatsappConsent=maybe", "has=fax", "owner=1", "segment=x", "category=' OR 1=1", "import=1",
    "createdFrom=yesterday", "createdFrom=2026-11-02&createdTo=2026-11-01", "q=%01",
    "sort=phone", "sort=-serial", "page=0", "limit=201",
    "after=bm9uZQ", "accountId=1", "q=a&q=b",
]  # fmt: skip


@pytest.fixture
def token(app: Flask) -> dict[str, str]:
    return bearer(app, new_user(app, "manager"))


def make_category(account_id: UUID, name: str = "Leads") -> UUID:
    now = clock.now()
    with write() as session:
        made = Category(
            account_id=account_id, name=name, folded_name=name.lower(), color="#112233", created_at=now, updated_at=now
        )
        session.add(made)
        session.flush()
        return made.id


def test_a_contact_lives_by_the_api(actor: Actor, client: FlaskClient, token: dict[str, str]) -> None:
    category = make_category(actor.account_id)
    made = client.post(PATH, json=ANA | {"categoryIds": [str(category)]}, headers=token)
    ana = made.get_json()
    assert (made.status_code, ana["phoneNumber"], ana["version"], ana["source"]) == (201, "+5511987654321", 1, "api")
    assert ana["categories"] == [{"id": str(category), "name": "Leads", "color": "#112233"}]
    url = f"{PATH}/{ana['id']}"
    assert client.get(url, headers=token).get_json() == ana

    changed = client.put(url, json={"company": "Loja", "tags": [], "email": "", "version": 1}, headers=token).get_json()
    assert (changed["company"], changed["tags"], changed["email"], changed["name"]) == ("Loja", [], None, ANA["name"])
    stale = client.put(url, json={"name": "Eva", "version": 1}, headers=token)
    assert (stale.status_code, stale.get_json()["current"]) == (409, changed)
    assert client.delete(f"{url}?version=1", headers=token).status_code == 409
    assert client.delete(f"{url}?version=2", headers=token).status_code == 204
    assert client.get(url, headers=token).status_code == 404
    assert client.post(f"{url}/restore", headers=token).get_json()["version"] == 4


def test_a_second_one_of_the_same_phone_is_shown_the_first(client: FlaskClient, token: dict[str, str]) -> None:
    first = client.post(PATH, json=ANA, headers=token).get_json()
    second = client.post(PATH, json={"phoneNumber": "11 8765-4321"}, headers=token)
    assert (second.status_code, second.get_json()["current"]) == (409, first)
    client.delete(f"{PATH}/{first['id']}", headers=token)
    other = client.post(PATH, json=ANA, headers=token).get_json()
    back = client.post(f"{PATH}/{first['id']}/restore", headers=token)
    assert (back.status_code, back.get_json()["current"]["id"]) == (409, other["id"])


def test_of_fifty_at_once_one_is_made_and_the_others_are_told(app: Flask, token: dict[str, str]) -> None:
    def create(_number: int) -> tuple[int, str]:
        answer = app.test_client().post(PATH, json=ANA, headers=token)
        body = answer.get_json()
        return answer.status_code, body.get("current", body)["id"]

    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(create, range(50)))
    assert sorted(status for status, _ in answers) == [201] + [409] * 49
    assert len({id_ for _, id_ in answers}) == 1
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(Contact)) == 1


def test_the_list_is_filtered_sorted_and_paged(
    actor: Actor, make_contact: Make, client: FlaskClient, token: dict[str, str]
) -> None:
    category = make_category(actor.account_id)
    make_contact(name="Carla", email="carla@example.com", tags=["vip"], categoryIds=[category])
    make_contact(name="Ana", phoneNumber="11987654321", ownerId=actor.user_id)
    make_contact(name="Bia", company="Loja da Ana")

    def names(query: str) -> list[str]:
        answer = client.get(f"{PATH}?{query}", headers=token)
        assert answer.status_code == 200, (query, answer.text)
        return [row["name"] for row in answer.get_json()["data"]]

    expected = {
        "": ["Bia", "Ana", "Carla"],
        "sort=name": ["Ana", "Bia", "Carla"],
        "sort=-updatedAt&limit=1": ["Bia"],
        "tag=VIP": ["Carla"],
        f"category={category}": ["Carla"],
        f"category={uuid7()}": [],
        f"owner={actor.user_id}": ["Ana"],
        "owner=none&sort=createdAt": ["Carla", "Bia"],
        "has=no_phone&sort=name": ["Bia", "Carla"],
        "whatsappConsent=granted": [],
        "emailConsent=unknown&has=email": ["Carla"],
        "createdFrom=2020-01-01&createdTo=2020-12-31": [],
        "q=98765": ["Ana"],
        "q=ana&sort=name": ["Ana", "Bia"],
        f"import={uuid7()}": [],
    }
    assert {query: names(query) for query in expected} == expected
    first = client.get(f"{PATH}?limit=2", headers=token).get_json()
    assert first["pagination"] == {
        "page": 1, "limit": 2, "total": 3, "pages": 2, "more": False, "next": first["pagination"]["next"]
    }  # fmt: skip
    assert names(f"limit=2&after={first['pagination']['next']}") == ["Carla"]


@SQLITE
def test_odd_queries_and_bodies_are_refused_in_words(client: FlaskClient, token: dict[str, str]) -> None:
    for query in ODD:
        answer = client.get(f"{PATH}?{query}", headers=token)
        assert (answer.status_code, bool(answer.get_json()["error"])) == (400, True), query
    assert client.get(f"{PATH}?segment={uuid7()}", headers=token).status_code == 404
    protected = ("id", "accountId", "version", "source", "createdAt", "userId", "whatsappConsent", "wa_id", "serial")
    for body in (
        {},
        {"phoneNumber": "1"},
        {"name": 7},
        {"customFields": {"nope": 1}},
        {"name": "a", "tags": ["x"] * 51},
        {"name": "a", "categoryIds": [str(uuid7())]},
        {"name": "a", "ownerId": str(uuid7())},
        *({"name": "a", name: "1"} for name in protected),
    ):
        answer = client.post(PATH, json=body, headers=token)
        assert (answer.status_code, bool(answer.get_json()["fields"])) == (400, True), body


def test_strangers_find_nothing_and_own_nothing_here(
    app: Flask, actor: Actor, make_contact: Make, client: FlaskClient, other_account: Person, token: dict[str, str]
) -> None:
    id_, stranger = make_contact(**ANA), bearer(app, other_account)
    foreign = make_category(other_account.account_id)
    for method, path in (("get", ""), ("put", ""), ("delete", ""), ("post", "/restore")):
        body = {"json": {"name": "x"}} if method == "put" else {}
        answer = getattr(client, method)(f"{PATH}/{id_}{path}", headers=stranger, **body)
        assert answer.status_code == 404, method
    assert client.get(f"{PATH}?q=ana", headers=stranger).get_json()["data"] == []
    assert client.put(f"{PATH}/{id_}", json={"categoryIds": [str(foreign)]}, headers=token).status_code == 400
    assert client.put(f"{PATH}/{id_}", json={"ownerId": str(other_account.id)}, headers=token).status_code == 400
    assert client.get(f"{PATH}/odd", headers=token).status_code == 404


def test_viewers_see_masks_and_cannot_ask_a_number_out(
    app: Flask, make_contact: Make, client: FlaskClient, viewer_token: dict[str, str]
) -> None:
    id_, operator = make_contact(**ANA), bearer(app, new_user(app, "operator"))
    row = client.get(f"{PATH}/{id_}", headers=viewer_token).get_json()
    assert (row["phoneNumber"], row["email"], row["name"]) == ("•••4321", "a•••@e•••.com", ANA["name"])
    for typed, found in (("98765", 0), ("ana@example", 0), ("4321", 0), ("joao", 1), ("ana", 1), ("11", 0)):
        answer = client.get(f"{PATH}?q={typed}", headers=viewer_token).get_json()
        assert (len(answer["data"]), answer["pagination"]["total"]) == (found, found), typed
    assert client.post(PATH, json=ANA, headers=viewer_token).status_code == 403
    assert client.delete(f"{PATH}/{id_}", headers=operator).status_code == 403


@SQLITE
def test_a_client_app_reaches_no_contact(app: Flask, client: FlaskClient, admin_token: dict[str, str]) -> None:
    body: dict[str, Any] = {"name": "app", "scopes": ["events:write", "stats:read"], "allPixels": True}
    made = client.post("/api/clients", json=body, headers=admin_token).get_json()
    answer = client.get(PATH, headers={"Authorization": f"Bearer {made['token']}"})
    assert answer.status_code == 403
