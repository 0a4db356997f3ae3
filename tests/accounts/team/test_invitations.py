"""Invitations: sent, sent again, withdrawn, limited, and what they tell nobody."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.accounts.team.invitations import PER_ACCOUNT, PER_ADDRESS
from app.accounts.team.models import Invitation
from app.core.db import db
from app.core.ratelimit import limiter
from app.work import retention
from tests.people import Person, bearer, new_account

sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # what is tested is not in the database
NEW = {"email": "New@Example.com", "role": "manager"}


@sqlite
def test_an_invitation_is_listed_and_its_letter_waits(api: Any, boss: Person, letters: Any, audited: Any) -> None:
    answer = api("post", "/users", json=NEW)

    assert answer.status_code == 201
    told = answer.json
    assert (told["email"], told["role"], told["invitedBy"]) == ("new@example.com", "manager", "boss@example.com")
    assert "token" not in str(told).lower()
    assert [row["id"] for row in api("get", "/invitations").json["data"]] == [told["id"]]
    (letter,) = letters(boss.account_id)
    assert letter.to == "new@example.com"
    assert "/invitation/" in letter.text
    changes = {"role": [None, "manager"]}
    assert audited("invitation.") == [("invitation.created", "boss@example.com", "new@example.com", changes)]


def test_an_invitation_carries_no_link_but_ours(api: Any, boss: Person, letters: Any) -> None:
    api("put", "/auth/me", json={"name": "Win at https://evil.example/x"})
    api("put", "/account", json={"name": "www.evil.example"})
    api("post", "/users", json=NEW)
    (letter,) = letters(boss.account_id)
    said = f"{letter.subject} {letter.text}"
    assert ("evil.example" in said, said.count("://")) == (False, 1)


def test_sending_again_makes_a_new_link_and_withdrawing_ends_it(app: Flask, api: Any, token_of: Any) -> None:
    id_ = api("post", "/users", json=NEW).json["id"]
    first = token_of("new@example.com")
    assert api("post", f"/invitations/{id_}/resend").status_code == 200
    second = token_of("new@example.com")
    again = api("post", "/users", json={**NEW, "role": "viewer"}).json  # the same one, with another role
    third = token_of("new@example.com")

    pages = [app.test_client().get(f"/invitation/{token}").status_code for token in (first, second, third)]
    assert (again["id"], again["role"], pages) == (id_, "viewer", [404, 404, 200])
    assert api("delete", f"/invitations/{id_}").status_code == 204
    assert app.test_client().get(f"/invitation/{third}").status_code == 404
    assert api("delete", f"/invitations/{id_}").status_code == 404


def test_an_address_of_another_account_is_answered_alike_and_its_owner_told(
    app: Flask, api: Any, boss: Person, other_account: Person, letters: Any, token_of: Any
) -> None:
    free = api("post", "/users", json=NEW)
    taken = api("post", "/users", json={**NEW, "email": other_account.email})

    assert (free.status_code, taken.status_code) == (201, 201)
    assert list(free.json) == list(taken.json)
    assert [free.json[name] for name in ("role", "invitedBy")] == [taken.json[name] for name in ("role", "invitedBy")]
    ordinary = [one for one in letters(boss.account_id) if one.to == other_account.email]
    assert [one.purpose for one in ordinary] == ["invitation"]
    assert "/invitation/" in ordinary[0].text  # nothing in the inviter's own outbox tells, either
    (notice,) = letters(other_account.account_id)
    assert (notice.to, notice.purpose) == (other_account.email, "invited_elsewhere")
    assert "outra empresa" in notice.text
    accept = {"token": token_of(other_account.email), "name": "Eve", "password": "uma frase bem comprida"}
    refused = app.test_client().post("/api/auth/accept-invitation", json=accept)
    assert (refused.status_code, list(refused.json["fields"])) == (400, ["email"])


@sqlite
def test_who_is_in_the_team_is_not_invited(api: Any, boss: Person, letters: Any) -> None:
    answer = api("post", "/users", json={"email": " BOSS@example.com", "role": "viewer"})
    assert (answer.status_code, answer.json["fields"]) == (400, {"email": ["This person is already in the team."]})
    assert letters(boss.account_id) == []


@sqlite
def test_what_is_no_address_is_refused(api: Any) -> None:
    for email in ("", "no address", "a@b", "a@@example.com", f"{'a' * 250}@example.com", "a\u0000@b.com", None, 7):
        assert api("post", "/users", json={"email": email, "role": "viewer"}).status_code == 400


@sqlite
def test_invitations_of_another_account_are_not_there(
    app: Flask, api: Any, other_account: Person, make_user: Any
) -> None:
    id_ = api("post", "/users", json=NEW).json["id"]
    stranger = bearer(app, other_account)
    assert api("post", f"/invitations/{id_}/resend", token=stranger).status_code == 404
    assert api("delete", f"/invitations/{id_}", token=stranger).status_code == 404
    assert api("get", "/invitations", token=stranger).json["data"] == []
    third = bearer(app, make_user("admin", account_id=new_account(app, "Terceira")))
    assert api("post", "/users", token=third, json=NEW).status_code == 201  # invited by two is no conflict


@sqlite
def test_a_day_has_so_many_invitations_of_an_account_and_to_an_address(app: Flask, api: Any, boss: Person) -> None:
    answers = [api("post", "/users", json=NEW) for _ in range(PER_ADDRESS.amount + 1)]
    assert [answer.status_code for answer in answers] == [201] * PER_ADDRESS.amount + [429]
    assert int(answers[-1].headers["Retry-After"]) > 0
    assert answers[-1].headers["RateLimit-Policy"].startswith('"invitations-address";q=5;w=86400')
    with app.app_context():
        left = PER_ACCOUNT.amount - PER_ADDRESS.amount
        assert limiter().hit(PER_ACCOUNT, str(boss.account_id), cost=left) is None
    refused = api("post", "/users", json={**NEW, "email": "next@example.com"})
    assert (refused.status_code, refused.headers["RateLimit-Policy"][:21]) == (429, '"invitations-account"')


@sqlite
def test_who_may_invite_no_longer_leaves_no_open_door(app: Flask, api: Any, make_user: Any, token_of: Any) -> None:
    for number, (method, tail, body) in enumerate(
        [("put", "", {"role": "manager"}), ("post", "/disable", None), ("delete", "", None)]
    ):
        eve, email = make_user("admin"), f"door{number}@example.com"
        api("post", "/users", token=bearer(app, eve), json={"email": email, "role": "admin"})
        link = f"/invitation/{token_of(email)}"
        assert app.test_client().get(link).status_code == 200

        assert api(method, f"/users/{eve.id}{tail}", json=body).status_code in (200, 204)

        assert app.test_client().get(link).status_code == 404


@sqlite
def test_an_expired_one_stays_listed_for_a_month(app: Flask, api: Any, boss: Person, travel: Any) -> None:
    api("post", "/users", json=NEW)
    for days, left in ((36, 1), (2, 0)):
        travel(timedelta(days=days))
        retention.clean_up(app)
        with app.app_context():
            assert db.session.scalar(select(func.count()).select_from(Invitation)) == left
