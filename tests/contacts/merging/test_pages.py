"""The pages and the API of merging."""

from __future__ import annotations

import re
from collections.abc import Callable
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.contacts import service
from app.contacts.merging import finding
from app.contacts.merging.finding import By
from app.core.access import Actor
from app.core.db import db, write
from tests.contacts.made import made
from tests.people import Browser, Person, bearer, new_user

Make = Callable[..., UUID]


def pair(app: Flask, by: Person) -> tuple[UUID, UUID]:
    kept = made(app, by, name="Ana Souza", phoneNumber="11987654321", company="Loja")
    return kept, made(app, by, name="ana souza", email="ana@example.com", tags=["vip"])


def test_groups_are_found_part_by_part(actor: Actor, make_contact: Make) -> None:
    for number in range(30):
        for phone in range(2):
            make_contact(name=f"Ana {number % 15:02}", phoneNumber=f"1198{phone}654{number + 100}",
                         email=f"a{number:02}@example.com")  # fmt: skip
    make_contact(name="Bia", company="Loja")
    make_contact(name="Bia", company="Loja")
    make_contact(name="Bia")
    for part in (7, finding.PART):
        first = finding.find(db.session(), actor.account_id, By.EMAIL, part=part)
        assert (len(first.groups), first.is_cut, [one.total for one in first.groups[:2]]) == (20, False, [2, 2])
        assert "a19@example.com" not in (first.next or "")
        second = finding.find(db.session(), actor.account_id, By.EMAIL, first.next, part=part)
        assert (len(second.groups), second.next) == (10, None)
        names = finding.find(db.session(), actor.account_id, By.NAME, part=part)
        assert [(one.members[0].name, one.total) for one in names.groups][-2:] == [("Ana 14", 4), ("Bia", 2)]
    assert len(finding.find(db.session(), actor.account_id, By.EMAIL, "not ours").groups) == 20


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_two_contacts_are_merged_on_a_page(app: Flask, manager: Browser, operator: Browser) -> None:
    kept, other = pair(app, manager.person)
    by_name = manager.get("/contacts/duplicates?by=name").text
    assert (f"/contacts/{kept}/merge?with={other}" in by_name, "Telefone" in by_name) == (True, True)
    assert "o mesmo nome" in manager.get("/contacts/duplicates").text  # nobody has the same e-mail; names have a way
    assert str(other) in manager.get(f"/contacts/{kept}/merge").text  # looks alike
    assert str(other) in manager.get(f"/contacts/{kept}/merge?q=ana@example").text
    page = manager.get(f"/contacts/{kept}/merge?with={other}").text
    picked = dict(re.findall(r'name="side-(\w+)" value="(\w+)" checked', page))
    assert picked == {"name": "kept", "phoneNumber": "kept", "email": "other", "company": "kept"}
    form = {"other": str(other), "version": "1", "other_version": "1", "side-email": "other", "side-name": "kept"}
    with app.app_context(), write():
        service.update(Actor(manager.person.account_id, None, "eva"), other, {"company": "Outra"})
    stale = manager.submit(f"/contacts/{kept}/merge", form, htmx=True)
    assert stale.status_code == 422
    assert 'name="other_version" type="hidden" value="2"' in stale.text
    assert operator.submit(f"/contacts/{kept}/merge", form).status_code == 403
    done = manager.submit(f"/contacts/{kept}/merge", {**form, "other_version": "2"})
    assert done.headers["Location"] == f"/contacts/{kept}"
    with app.app_context():
        contact = service.get(manager.person.account_id, kept)
    assert (contact.name, contact.email, contact.company) == ("Ana Souza", "ana@example.com", "Loja")
    assert manager.get(f"/contacts/{other}").headers["Location"] == f"/contacts/{kept}"
    for wrong in (f"/contacts/{kept}/merge?with={kept}", f"/contacts/{kept}/merge?with=x", f"/contacts/{other}/merge"):
        assert manager.get(wrong).status_code == 404
    assert manager.submit(f"/contacts/{kept}/merge", {"other": str(other)}).status_code == 404


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_two_contacts_are_merged_by_the_api(app: Flask, client: FlaskClient) -> None:
    admin = new_user(app, "admin")
    (kept, other), admin_token = pair(app, admin), bearer(app, admin)
    path, body = f"/api/contacts/{kept}/merge", {"otherId": str(other), "take": ["email"], "version": 1}
    refused = client.post(path, json={**body, "otherVersion": 7}, headers=admin_token)
    assert (refused.status_code, refused.get_json()["current"]["id"]) == (409, str(other))
    for wrong in ({"otherId": "x"}, {"take": ["version"]}, {"take": "email"}, {"keep": 1}, {"otherId": str(kept)}):
        assert client.post(path, json={**body, **wrong}, headers=admin_token).status_code == 400
    done = client.post(path, json=body, headers=admin_token)
    assert done.status_code == 200
    assert (done.get_json()["email"], done.get_json()["tags"], done.get_json()["version"]) == (
        "ana@example.com",
        ["vip"],
        2,
    )
    assert client.get(f"/api/contacts/{other}", headers=admin_token).status_code == 404
