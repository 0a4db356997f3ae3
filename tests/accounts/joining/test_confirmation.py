"""A stranger who registers somebody else's address does not choose the password of the account that its owner opens."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.accounts.joining import confirmation
from app.accounts.joining.limits import VERIFY_CALLER, VERIFY_LINK
from app.accounts.joining.models import Registration
from app.accounts.models import Account, User, UserSession
from app.accounts.sign_in import Caller
from app.core.db import db, write
from app.core.errors import NotFound
from app.core.ratelimit import limiter
from tests.accounts.joining.calls import EMAIL, NEW, PASSWORD, WANTED, call, registered, rows, verify
from tests.letters import last_letter

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
STRANGERS = {**WANTED, "accountName": "Loja Falsa", "password": NEW}
NOBODY = Caller(None, None, None)


def test_the_owner_of_an_address_does_not_open_what_a_stranger_registered(app: Flask, client: FlaskClient) -> None:
    call(client, "register", STRANGERS)
    strangers = last_letter(app, EMAIL).token
    answer = verify(client, strangers)
    assert (answer.status_code, list((answer.json or {})["fields"])) == (400, ["password"])
    assert "register again yourself" in (answer.json or {})["fields"]["password"][0]
    assert rows(app, User.id) == []

    own = registered(app, client)

    assert [verify(client, token, NEW).status_code for token in (strangers, own)] == [404, 400]
    assert verify(client, own).status_code == 204
    [(company,)] = [row[1:] for row in rows(app, Account.id, Account.name) if row[:1] in rows(app, User.account_id)]
    assert company == "Loja Azul"
    assert rows(app, UserSession.id) == []
    assert [call(client, "login", {"email": EMAIL, "password": one}).status_code for one in (NEW, PASSWORD)] == [
        401,
        200,
    ]


@pytest.mark.parametrize("body", [{}, {"password": ""}, {"password": 7}, {"password": "x" * 1025}])
def test_a_link_alone_is_refused_and_costs_no_try(app: Flask, client: FlaskClient, body: dict[str, object]) -> None:
    token = registered(app, client)
    for _ in range(VERIFY_LINK.amount + 1):
        answer = call(client, "verify", {"token": token, **body})
        assert (answer.status_code, list((answer.json or {})["fields"])) == (400, ["password"])
    assert verify(client, token).status_code == 204


def test_a_password_that_was_replaced_since_it_was_proven_opens_nothing(app: Flask, client: FlaskClient) -> None:
    token = registered(app, client)
    with app.app_context():
        proven = confirmation.prove(db.session(), limiter(), token, PASSWORD, None)
        with write() as store:
            store.query(Registration).update({"password_hash": "another"})
        with pytest.raises(NotFound), write() as store:
            confirmation.complete(store, token, proven, NOBODY)
    assert rows(app, User.id) == []
    assert len(rows(app, Registration.id)) == 1


def test_a_link_and_a_caller_have_a_few_tries_and_right_ones_are_free(app: Flask, client: FlaskClient) -> None:
    token, other = registered(app, client), registered(app, client, "rui@example.com")
    for number in range(VERIFY_LINK.amount):
        place = {"REMOTE_ADDR": f"192.0.2.{number}"}
        assert verify(client, token, NEW, environ_base=place).status_code == 400
    refused = verify(client, token, environ_base={"REMOTE_ADDR": "192.0.2.99"})
    assert (refused.status_code, refused.headers["RateLimit-Policy"]) == (429, '"verify-link";q=10;w=3600')
    assert int(refused.headers["Retry-After"]) > 60

    assert verify(client, other).status_code == 204
    tokens = [registered(app, client, f"p{number}@example.com") for number in range(3)]
    for number in range(VERIFY_CALLER.amount):
        assert verify(client, tokens[number % 3], NEW).status_code == 400
    refused = verify(client, tokens[0])
    assert (refused.status_code, refused.headers["RateLimit-Policy"]) == (429, '"verify-caller";q=20;w=3600')
