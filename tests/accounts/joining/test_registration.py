"""Opening an account by the API: a letter first, and nobody inside before its link was followed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.accounts.joining.limits import REGISTER_CALLER, REGISTER_EMAIL
from app.accounts.joining.models import Registration
from app.accounts.models import Account, AuditEntry, User
from app.accounts.setup import setup_link
from app.accounts.sign_in import first_account
from app.core.db import db
from tests.accounts.joining.calls import EMAIL, PASSWORD, WANTED, call, registered, rows, verify
from tests.accounts.joining.conftest import PUBLIC_URL
from tests.letters import last_letter, letters
from tests.people import new_browser

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_the_link_in_the_letter_opens_the_account(app: Flask, client: FlaskClient) -> None:
    answer = call(client, "register", {**WANTED, "email": " Ana@Loja-Azul.example "})
    assert (answer.status_code, list(answer.json or {})) == (202, ["message"])
    assert rows(app, User.id) == []
    letter = last_letter(app, EMAIL)
    assert letter.link.startswith(f"{PUBLIC_URL}/verify/")
    assert "Loja Azul" not in letter.text + letter.subject

    assert verify(client, letter.token).status_code == 204

    [(account_id, role, name)] = rows(app, User.account_id, User.role, User.name)
    assert (role, name) == ("admin", "Ana")
    assert (account_id, "Loja Azul", "America/Sao_Paulo") in rows(app, Account.id, Account.name, Account.timezone)
    assert letter.account_id == account_id
    trail = rows(app, AuditEntry.account_id, AuditEntry.action, AuditEntry.actor)
    assert [of[1:] for of in trail if of[0] == account_id] == [("account.created", EMAIL), ("user.created", EMAIL)]
    assert rows(app, Registration.id) == []
    assert call(client, "login", {"email": EMAIL, "password": PASSWORD}).status_code == 200


def test_nobody_joins_an_account_or_takes_a_role(app: Flask, client: FlaskClient, make_user: Any) -> None:
    boss = make_user()
    for more in ({"role": "viewer"}, {"accountId": str(boss.account_id)}, {"account_id": "1"}, {"id": "1"}):
        assert call(client, "register", {**WANTED, **more}).status_code == 400
    token = registered(app, client)
    verify(client, token)
    [account_id] = [of for of, email in rows(app, User.account_id, User.email) if email == EMAIL]
    assert account_id != boss.account_id


@pytest.mark.parametrize("registration", ["closed"])
def test_a_closed_service_says_so_and_keeps_nothing(app: Flask, client: FlaskClient) -> None:
    for path, body in (("register", WANTED), ("verify/resend", {"email": EMAIL})):
        answer = call(client, path, body)
        assert answer.status_code == 403
        assert "invitation" in (answer.json or {})["error"]
    assert letters(app) == rows(app, Registration.id) == rows(app, AuditEntry.id) == []


WRONG: dict[str, list[Any]] = {
    "email": [
        "ana",
        "ana@exam ple.com",
        "a" * 250 + "@example.com",
        "a@b.example\r\nBcc: c@d.example",
        ["a@b.example"],
    ],
    "password": ["curta", "a loja azul de sempre", "1234567890", "x" * 1025, "x" * 129, True],
    "name": [" ", 7, "Ana\u202e", "x" * 121],
    "accountName": [None, "", "x" * 121],
    "locale": ["tlh", ""],
}


def test_what_cannot_be_kept_is_named(app: Flask, client: FlaskClient) -> None:
    for field, values in WRONG.items():
        for value in values:
            answer = call(client, "register", {**WANTED, field: value})
            assert (answer.status_code, list((answer.json or {})["fields"])) == (400, [field]), (field, value)
    assert rows(app, Registration.id) == letters(app) == []


def test_a_wrong_field_costs_none_of_the_few_attempts(client: FlaskClient) -> None:
    weak = {**WANTED, "password": "curta"}
    assert {call(client, "register", weak).status_code for _ in range(REGISTER_CALLER.amount + 1)} == {400}
    assert call(client, "register", WANTED).status_code == 202


def test_a_company_that_comes_before_the_set_up_leaves_the_first_account_to_its_owner(
    app: Flask, client: FlaskClient
) -> None:
    verify(client, registered(app, client))
    link = setup_link(app)
    assert link is not None
    form = {"account_name": "Kalitrack", "name": "Boss", "email": "boss@example.com", "password": PASSWORD}
    assert new_browser(app).submit("/setup/" + link.rsplit("/", 1)[1], form).headers["Location"] == "/"
    accounts = dict(rows(app, User.email, User.account_id))
    with app.app_context():
        assert accounts["boss@example.com"] == first_account(db.session()).id != accounts[EMAIL]
    assert setup_link(app) is None


def test_a_second_registration_takes_the_place_of_the_first(app: Flask, client: FlaskClient) -> None:
    first = registered(app, client)
    call(client, "register", {**WANTED, "accountName": "Loja Verde", "locale": "en"})
    [(account_id, name, locale)] = rows(app, Registration.account_id, Registration.name, Registration.locale)
    assert (name, locale) == ("Ana", "en")
    assert (account_id, "Loja Verde") in rows(app, Account.id, Account.name)
    assert len(rows(app, Account.id)) == 2
    second = last_letter(app, EMAIL)
    assert second.subject == "Confirm your e-mail address"
    assert verify(client, first).status_code == 404
    assert verify(client, second.token).status_code == 204


def test_the_owner_of_a_known_address_is_told_in_their_own_account(
    app: Flask, client: FlaskClient, other_account: Any
) -> None:
    assert call(client, "register", {**WANTED, "email": other_account.email.upper()}).status_code == 202
    [letter] = letters(app)
    assert (letter.account_id, letter.to, letter.purpose) == (
        other_account.account_id,
        other_account.email,
        "registered",
    )
    assert letter.link == f"{PUBLIC_URL}/forgot"
    assert rows(app, Registration.id) == []


def test_a_link_of_yesterday_is_dead_and_another_letter_has_another(
    app: Flask, client: FlaskClient, travel: Callable[[timedelta], None]
) -> None:
    first = registered(app, client)
    travel(timedelta(hours=24))
    assert verify(client, first).status_code == 404
    known = call(client, "verify/resend", {"email": EMAIL})
    second = last_letter(app, EMAIL).token
    assert known.status_code == 202
    assert verify(client, first).status_code == 404
    assert verify(client, second).status_code == 204
    nobody = call(client, "verify/resend", {"email": "nobody@example.com"})
    assert (nobody.status_code, nobody.json) == (known.status_code, known.json)
    assert len(letters(app)) == 2


def test_an_address_taken_meanwhile_is_said_in_words(app: Flask, client: FlaskClient, make_user: Any) -> None:
    token = registered(app, client)
    make_user("viewer", email=EMAIL)
    answer = verify(client, token)
    assert (answer.status_code, "Meanwhile" in (answer.json or {})["error"]) == (409, True)
    assert rows(app, User.role) == [("viewer",)]


def test_a_caller_and_an_address_have_a_few_attempts(client: FlaskClient) -> None:
    for number in range(REGISTER_CALLER.amount):
        assert call(client, "register", {**WANTED, "email": f"p{number}@example.com"}).status_code == 202
    refused = call(client, "register", WANTED)
    assert (refused.status_code, refused.headers["RateLimit-Policy"]) == (429, '"register-caller";q=5;w=3600')
    assert int(refused.headers["Retry-After"]) > 60

    for number in range(REGISTER_EMAIL.amount):
        place = {"REMOTE_ADDR": f"192.0.2.{number}"}
        assert call(client, "register", WANTED, environ_base=place).status_code == 202
    refused = call(client, "register", WANTED, environ_base={"REMOTE_ADDR": "192.0.2.99"})
    assert (refused.status_code, refused.headers["RateLimit-Policy"]) == (429, '"register-email";q=5;w=86400')
