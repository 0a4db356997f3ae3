"""/tags: list, rename, merge and delete."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.contacts.models import Tag
from app.core.runtime import runtime
from tests.people import Browser, bearer, new_account, new_user, sign_in

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def ids_of(app: Flask) -> dict[str, Any]:
    with runtime(app).engine.connect() as connection:
        return {row.name: row.id for row in connection.execute(select(Tag.name, Tag.id))}


@pytest.fixture
def tagged(app: Flask, admin: Browser) -> dict[str, Any]:
    """The ids of VIP (on one contact) and Ouro (on two)."""
    token = bearer(app, admin.person)
    for name, names in (("Ana", ["VIP", "Ouro"]), ("Bia", ["Ouro"])):
        admin.post("/api/contacts", json={"name": name, "tags": names}, headers=token)
    return ids_of(app)


def test_a_tag_is_renamed_merged_and_deleted(app: Flask, admin: Browser, tagged: dict[str, Any]) -> None:
    listed = admin.get("/tags?q=víp&sort=-createdAt").text
    assert "VIP" in listed
    assert "Ouro" not in listed
    vip, ouro = tagged["VIP"], tagged["Ouro"]
    taken = admin.submit(f"/tags/{vip}/edit", {"name": "OURO", "version": "1"})
    assert (taken.status_code, "Já existe uma tag com este nome" in taken.text) == (422, True)
    assert admin.submit(f"/tags/{vip}/edit", {"name": "Vip 2026", "version": "1"}).status_code == 303
    assert ids_of(app) == {"Vip 2026": vip, "Ouro": ouro}

    assert '<option value="Ouro">' in admin.get(f"/tags/{vip}/merge").text
    for name, words in (("", "into-error"), ("Prata", "Não existe essa tag"), ("vip 2026", "É a mesma tag")):
        answer = admin.submit(f"/tags/{vip}/merge", {"into": name})
        assert (answer.status_code, words in answer.text) == (422, True)
    assert admin.submit(f"/tags/{vip}/merge", {"into": " ouro "}).status_code == 303
    assert "2 contatos saem dela" in admin.get(f"/tags/{ouro}/delete").text
    assert admin.submit(f"/tags/{ouro}/delete", {"confirm_name": "x"}).status_code == 422
    assert admin.submit(f"/tags/{ouro}/delete", {"confirm_name": "Ouro"}).status_code == 303
    assert ids_of(app) == {}


def test_viewers_read_and_strangers_find_nothing(app: Flask, viewer: Browser, tagged: dict[str, Any]) -> None:
    paths = [f"/tags/{tagged['VIP']}/{name}" for name in ("edit", "merge", "delete")]
    assert "VIP" in viewer.get("/tags").text
    assert [viewer.get(path).status_code for path in paths] == [403] * 3
    stranger = sign_in(app, new_user(app, "admin", new_account(app)))
    assert "VIP" not in stranger.get("/tags").text
    assert [stranger.get(path).status_code for path in paths] == [404] * 3
    assert [stranger.submit(path).status_code for path in paths] == [404] * 3
