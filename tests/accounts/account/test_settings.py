"""The settings of the account, by page and API: who, what, and what cannot be set."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.accounts.models import Account, AuditEntry
from app.accounts.second_factor.models import SecondFactor
from app.core import clock
from app.core.config_version import current
from app.core.db import db, write
from app.core.runtime import runtime
from tests.people import Browser, Person, bearer

sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # what is tested is not in the database
CHANGES = {
    "name": "Loja Azul",
    "timezone": "america/manaus",
    "countryCode": "351",
    "retentionDays": 90,
    "masksPeople": False,
    "secondFactorRoles": ["viewer", "manager", "manager"],
}
FORM = {
    "name": "Loja Azul", "timezone": "America/Manaus", "country_code": "+351", "retention_days": "90",
    "second_factor_roles": ["viewer"], "version": "1",
}  # fmt: skip


@pytest.fixture
def put(app: Flask, admin_token: dict[str, str]) -> Any:
    """`put(token=…, **changes)`: PUT /api/account as an administrator."""
    client = app.test_client()
    return lambda token=admin_token, **changes: client.put("/api/account", headers=token, json=changes)


def account(app: Flask, id_: Any = None) -> Account:
    with app.app_context():
        found = db.session.get(Account, id_) if id_ else db.session.scalars(select(Account)).first()
        assert found is not None
        return found


def test_what_is_given_is_replaced_and_recorded(app: Flask, put: Any, admin_token: dict[str, str]) -> None:
    with runtime(app).engine.connect() as connection:
        version = current(connection)

    answer = put(**CHANGES, version=1)

    assert answer.status_code == 200, answer.json
    told = {name: answer.json[name] for name in CHANGES}
    expected = {"timezone": "America/Manaus", "secondFactorRoles": ["manager", "viewer"]}
    assert told == CHANGES | expected
    assert (answer.json["version"], answer.json["installationRetentionDays"]) == (2, 365)
    assert app.test_client().get("/api/account", headers=admin_token).json == answer.json
    with app.app_context():
        changes = db.session.scalars(select(AuditEntry.changes).where(AuditEntry.action == "account.updated")).one()
    assert changes["retention_days"] == [None, 90]
    assert changes["masks_people"] == [True, False]
    with runtime(app).engine.connect() as connection:
        assert current(connection) > version  # intake forgets the calling code it knew
    assert put(retentionDays=0).json["retentionDays"] is None
    stale = put(name="Outra", version=1)
    assert (stale.status_code, stale.json["current"]["version"]) == (409, 3)
    assert put(name="Loja Azul").json["version"] == 3  # nothing changed


@sqlite
def test_wrong_values_are_named_and_nothing_is_kept(app: Flask, put: Any, other_account: Person) -> None:
    wrong: list[dict[str, Any]] = [
        {"name": " "}, {"name": "x" * 121}, {"timezone": "Mars/Base"}, {"countryCode": "0"}, {"countryCode": "999"},
        {"countryCode": "+55"}, {"retentionDays": 29}, {"retentionDays": 366}, {"retentionDays": -1},
        {"masksPeople": "yes"}, {"secondFactorRoles": "admin"},
        {"id": str(other_account.account_id)}, {"accountId": str(other_account.account_id)}, {"version": "1"},
        {"createdAt": "2026-01-01T00:00:00Z"}, {"installationRetentionDays": 9999},
    ]  # fmt: skip
    for body in wrong:
        answer = put(**body)
        assert (answer.status_code, list(answer.json["fields"])) == (400, list(body)), body
    assert account(app).version == 1
    assert account(app, other_account.account_id).name == "Outra Empresa"


@sqlite
def test_administrators_need_a_second_factor_once_who_says_so_has_one(app: Flask, make_user: Any, put: Any) -> None:
    boss = make_user("admin")
    token = bearer(app, boss)
    refused = put(token, secondFactorRoles=["admin"])
    assert (refused.status_code, list(refused.json["fields"])) == (400, ["secondFactorRoles"])
    assert "your own first" in refused.json["error"]

    now = clock.now()
    with app.app_context(), write() as store:
        store.add(SecondFactor(user_id=boss.id, sealed_secret="sealed", created_at=now, confirmed_at=now))

    assert put(token, secondFactorRoles=["admin"]).json["secondFactorRoles"] == ["admin"]


@sqlite
def test_only_administrators_see_and_change_settings(app: Flask, make_user: Any, put: Any) -> None:
    for token in (bearer(app, make_user(role)) for role in ("manager", "operator", "viewer")):
        assert put(token, masksPeople=False).status_code == 403
        assert app.test_client().get("/api/account", headers=token).status_code == 403


@sqlite
def test_the_page_shows_and_changes_them(app: Flask, admin: Browser) -> None:
    assert "America/Sao_Paulo" in admin.get("/account").text
    assert "365 dias" in admin.get("/account").text
    assert 'id="account-form"' in admin.get("/account/edit").text

    answer = admin.submit("/account/edit", FORM)

    assert (answer.status_code, answer.headers["Location"]) == (303, "/account")
    kept = account(app)
    assert (kept.name, kept.country_code, kept.retention_days, kept.masks_people) == ("Loja Azul", "351", 90, False)
    assert kept.second_factor_roles == ["viewer"]
    assert "90 dias" in admin.get("/account").text
    stale = admin.submit("/account/edit", {**FORM, "name": "Outra"})
    assert (stale.status_code, "Outra pessoa alterou" in stale.text) == (422, True)
    for name, value in {"retention_days": "7", "timezone": "Mars", "country_code": "x", "name": ""}.items():
        assert admin.submit("/account/edit", {**FORM, "version": "2", name: value}).status_code == 422


@sqlite
def test_the_page_of_settings_asks_who_it_is_again_and_others_are_refused(
    app: Flask, admin: Browser, manager: Browser, travel: Any
) -> None:
    assert manager.get("/account").status_code == 403
    assert manager.submit("/account/edit", FORM).status_code == 403
    travel(timedelta(minutes=31))
    assert admin.get("/account").status_code == 200
    assert admin.get("/account/edit").headers["Location"] == "/confirm?next=/account/edit"
    assert admin.submit("/account/edit", FORM).headers["Location"].startswith("/confirm?")
    assert account(app).version == 1
