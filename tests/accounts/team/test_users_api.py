"""/api/users: who sees and changes whom, what a change ends, and what nobody can do."""

from __future__ import annotations

from datetime import timedelta
from threading import Barrier, Thread
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select, update

from app.accounts.audit import system_actor
from app.accounts.models import ApiClient, User, UserSession
from app.accounts.second_factor.models import SecondFactor
from app.accounts.team import service
from app.core import clock
from app.core.db import db, write
from app.core.errors import Conflict
from app.core.ids import uuid7
from app.core.runtime import runtime
from app.deliveries.outbox.service import waiting
from tests.people import Person, bearer, sign_in

sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # what is tested is not in the database
ACTIONS = ("disable", "enable", "end-sessions", "reset-second-factor")


def is_alive(app: Flask, browser: Any, token: dict[str, str]) -> tuple[bool, bool]:
    """Whether the browser and the access token of somebody still open something."""
    me = app.test_client().get("/api/auth/me", headers=token)
    return browser.get("/profile").status_code == 200, me.status_code == 200


def test_the_list_shows_who_they_are_and_finds_them(api: Any, boss: Person, make_user: Any, give_factor: Any) -> None:
    rui = make_user("viewer", email="rui@example.com", name="Rui Lima")
    make_user("manager", email="eva@example.com", name="Eva")
    give_factor(rui)

    found = api("get", "/users?sort=-email").json

    emails = [row["email"] for row in found["data"]]
    assert emails == ["rui@example.com", "eva@example.com", "boss@example.com"]
    first = found["data"][0]
    assert (first["name"], first["role"]) == ("Rui Lima", "viewer")
    assert (first["state"], first["secondFactor"]) == ("active", True)
    assert "password" not in str(found).lower()
    for query, expected in {
        "q=lima": ["Rui Lima"],
        "q=%25": [],
        "role=manager": ["Eva"],
        "secondFactor=true": ["Rui Lima"],
        "state=disabled": [],
    }.items():
        assert [row["name"] for row in api("get", f"/users?{query}").json["data"]] == expected, query
    assert api("get", "/users?sort=passwordHash").status_code == 400


@sqlite
def test_only_administrators_see_and_change_people(app: Flask, api: Any, boss: Person, make_user: Any) -> None:
    calls = [("get", "/users", None), ("get", f"/users/{boss.id}", None), ("get", "/invitations", None)]
    calls += [("put", f"/users/{boss.id}", {"role": "viewer"}), ("delete", f"/users/{boss.id}", None)]
    calls += [("post", "/users", {"email": "x@example.com", "role": "admin"})]
    calls += [("post", f"/users/{boss.id}/{action}", None) for action in ACTIONS]
    for token in (bearer(app, make_user(role)) for role in ("manager", "operator", "viewer")):
        assert {api(method, path, token=token, json=body).status_code for method, path, body in calls} == {403}


@sqlite
def test_nobody_of_another_account_is_there(api: Any, other_account: Person, person: Any) -> None:
    path = f"/users/{other_account.id}"
    calls = [("get", path, None), ("put", path, {"role": "viewer"}), ("delete", path, None)]
    calls += [("post", f"{path}/{action}", None) for action in ACTIONS]
    calls += [("get", "/users/odd", None), ("put", "/users/odd", {"role": "viewer"})]

    assert {api(method, where, json=body).status_code for method, where, body in calls} == {404}
    assert (person(other_account).role, person(other_account).version) == ("admin", 1)
    assert other_account.email not in str(api("get", "/users?limit=200").json)


@sqlite
def test_another_role_ends_their_sessions_and_is_recorded(
    app: Flask, api: Any, make_user: Any, person: Any, audited: Any
) -> None:
    rui = make_user("manager", email="rui@example.com")
    browser, token = sign_in(app, rui), bearer(app, rui)
    assert is_alive(app, browser, token) == (True, True)

    answer = api("put", f"/users/{rui.id}", json={"role": "viewer", "version": 1})

    assert (answer.status_code, answer.json["role"], answer.json["version"]) == (200, "viewer", 2)
    assert is_alive(app, browser, token) == (False, False)
    changes = {"role": ["manager", "viewer"]}
    assert audited("user.updated") == [("user.updated", "boss@example.com", "rui@example.com", changes)]
    stale = api("put", f"/users/{rui.id}", json={"role": "admin", "version": 1})
    assert (stale.status_code, stale.json["current"]["role"]) == (409, "viewer")
    assert api("put", f"/users/{rui.id}", json={"role": "viewer"}).json["version"] == 2  # nothing changed


@sqlite
def test_nothing_but_the_role_is_taken_from_a_body(
    api: Any, make_user: Any, person: Any, other_account: Person
) -> None:
    rui = make_user("viewer", email="rui@example.com")
    for extra in (
        {"email": "eve@example.com"},
        {"accountId": str(other_account.account_id)},
        {"name": "Eve"},
        {"passwordHash": "x"},
        {"id": str(uuid7())},
        {"disabledAt": "2026-01-01T00:00:00Z"},
    ):
        answer = api("put", f"/users/{rui.id}", json={"role": "manager", **extra})
        assert (answer.status_code, list(answer.json["fields"])) == (400, list(extra))
    invite = {"email": "new@example.com", "role": "viewer"}
    for name in ("accountId", "invitedBy", "expiresAt", "tokenHash", "id"):
        assert api("post", "/users", json={**invite, name: str(other_account.account_id)}).status_code == 400
    for role in ("root", "", "ADMIN", 1, None, ["admin"]):
        assert api("put", f"/users/{rui.id}", json={"role": role}).status_code == 400
    assert (person(rui).role, person(rui).account_id, person(rui).email) == ("viewer", rui.account_id, rui.email)


@sqlite
def test_nobody_does_it_to_themselves(api: Any, boss: Person, make_user: Any, person: Any) -> None:
    make_user("admin")
    calls: list[tuple[str, str, Any]] = [("put", f"/users/{boss.id}", {"role": "viewer"})]
    calls += [("put", f"/users/{boss.id}", {"role": "admin"}), ("delete", f"/users/{boss.id}", None)]
    calls += [("post", f"/users/{boss.id}/{action}", None) for action in ACTIONS]
    assert {api(method, path, json=body).status_code for method, path, body in calls} == {409}
    assert person(boss).role == "admin"


@sqlite
def test_a_disabled_person_is_out_at_once_and_may_come_back(app: Flask, api: Any, make_user: Any, audited: Any) -> None:
    rui = make_user("operator", email="rui@example.com")
    browser, token = sign_in(app, rui), bearer(app, rui)

    assert api("post", f"/users/{rui.id}/disable").json["state"] == "disabled"
    assert api("post", f"/users/{rui.id}/disable").json["version"] == 2  # twice changes nothing
    assert is_alive(app, browser, token) == (False, False)
    sign = {"email": rui.email, "password": rui.password}
    assert app.test_client().post("/api/auth/login", json=sign).status_code == 401
    assert api("post", f"/users/{rui.id}/enable").json["state"] == "active"
    assert app.test_client().post("/api/auth/login", json=sign).status_code == 200
    assert [entry[0] for entry in audited("user.")] == ["user.disabled", "user.enabled"]


@sqlite
def test_a_link_that_was_mailed_before_does_not_outlive_being_disabled(app: Flask, api: Any, make_user: Any) -> None:
    rui = make_user("operator", email="rui@example.com")
    app.test_client().post("/api/auth/forgot-password", json={"email": rui.email})
    with app.app_context():
        (letter,) = waiting(db.session(), runtime(app), rui.account_id)
    api("post", f"/users/{rui.id}/disable")
    api("post", f"/users/{rui.id}/enable")
    given = {"token": letter.text.partition("/reset/")[2].split()[0], "password": "quilt-zebra-lamp-77"}
    assert app.test_client().post("/api/auth/reset-password", json=given).status_code == 404


def test_a_removed_person_is_gone_with_all_that_opens_doors_and_what_they_made_stays(
    app: Flask, api: Any, make_user: Any, person: Any, audited: Any, give_factor: Any
) -> None:
    rui = make_user("admin", email="rui@example.com", name="Rui")
    browser = sign_in(app, rui)
    sign = app.test_client().post("/api/auth/login", json={"email": rui.email, "password": rui.password}).json
    token = {"Authorization": f"Bearer {sign['accessToken']}"}
    client = api("post", "/clients", token=token, json={"name": "Loja"}).json["id"]
    give_factor(rui)

    assert api("delete", f"/users/{rui.id}?version=7").status_code == 409
    assert api("delete", f"/users/{rui.id}").status_code == 204

    assert person(rui) is None
    assert is_alive(app, browser, token) == (False, False)
    refresh = app.test_client().post("/api/auth/refresh", json={"refreshToken": sign["refreshToken"]})
    assert refresh.status_code == 401
    with app.app_context():
        assert db.session.scalar(select(ApiClient.created_by).where(ApiClient.id == UUID(client))) is None
        assert db.session.get(SecondFactor, rui.id) is None
    changes = {"name": ["Rui", None], "role": ["admin", None]}
    assert audited("user.removed") == [("user.removed", "boss@example.com", "rui@example.com", changes)]
    assert api("delete", f"/users/{rui.id}").status_code == 404


@sqlite
def test_an_administrator_ends_the_sessions_of_anybody(app: Flask, api: Any, make_user: Any, audited: Any) -> None:
    rui = make_user("viewer", email="rui@example.com")
    browser, token = sign_in(app, rui), bearer(app, rui)
    assert api("post", f"/users/{rui.id}/end-sessions").json == {"ended": 2}
    assert is_alive(app, browser, token) == (False, False)
    assert audited("user.sessions_ended")[0][3] == {"sessions": [2, 0]}


@sqlite
def test_a_lost_second_factor_is_taken_away_and_its_owner_told(
    app: Flask, api: Any, make_user: Any, audited: Any, give_factor: Any, letters: Any
) -> None:
    rui = make_user("viewer", email="rui@example.com", locale="en")
    assert api("post", f"/users/{rui.id}/reset-second-factor").status_code == 409
    give_factor(rui)
    token = bearer(app, rui)

    answer = api("post", f"/users/{rui.id}/reset-second-factor")

    assert (answer.status_code, answer.json["secondFactor"]) == (200, False)
    assert app.test_client().get("/api/auth/me", headers=token).status_code == 401
    (letter,) = letters(rui.account_id)
    assert (letter.to, letter.subject) == ("rui@example.com", "Your second factor was taken away")
    assert "Bia took the second factor" in letter.text
    assert [entry[1:3] for entry in audited("second_factor.removed")] == [("boss@example.com", "rui@example.com")]


@sqlite
def test_changes_ask_who_it_is_again_after_half_an_hour(app: Flask, api: Any, make_user: Any, person: Any) -> None:
    rui = make_user("viewer")
    with app.app_context(), write() as store:
        store.execute(update(UserSession).values(confirmed_at=clock.now() - timedelta(minutes=31)))
    calls: list[tuple[str, str, Any]] = [("put", f"/users/{rui.id}", {"role": "admin"})]
    calls += [("delete", f"/users/{rui.id}", None), ("post", "/users", {"email": "x@example.com", "role": "admin"})]
    calls += [("post", f"/users/{rui.id}/{action}", None) for action in ACTIONS]
    calls += [("post", f"/invitations/{rui.id}/resend", None), ("delete", f"/invitations/{rui.id}", None)]
    answers = [api(method, path, json=body) for method, path, body in calls]
    assert {(answer.status_code, answer.json["confirmRequired"]) for answer in answers} == {(403, True)}
    assert api("get", f"/users/{rui.id}").json["role"] == "viewer"


def test_the_last_active_administrator_stays(app: Flask, boss: Person, make_user: Any, person: Any) -> None:
    disabled = make_user("admin")
    system = system_actor(boss.account_id)
    with app.app_context():
        with write() as store:
            service.disable(store, system, disabled.id)
        for verb in (
            lambda store: service.change_role(store, system, boss.id, "manager"),
            lambda store: service.disable(store, system, boss.id),
            lambda store: service.remove(store, system, boss.id),
        ):
            with pytest.raises(Conflict, match="last active administrator"), write() as store:
                verb(store)
        with write() as store:
            service.remove(store, system, disabled.id)  # was none any more
    assert (person(boss).role, person(boss).is_active) == ("admin", True)


def test_of_two_administrators_who_demote_each_other_one_wins(app: Flask, boss: Person, make_user: Any) -> None:
    pair = [boss, make_user("admin")]
    tokens = [bearer(app, one) for one in pair]
    together, answers = Barrier(2), []

    def demote(number: int) -> None:
        together.wait()
        path = f"/api/users/{pair[1 - number].id}"
        answers.append(app.test_client().put(path, headers=tokens[number], json={"role": "viewer"}).status_code)

    threads = [Thread(target=demote, args=(number,)) for number in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(answers) in ([200, 401], [200, 403])  # the other's session ended, or they may no longer
    with app.app_context():
        roles = db.session.scalars(select(User.role).where(User.account_id == boss.account_id))
        assert sorted(roles) == ["admin", "viewer"]
