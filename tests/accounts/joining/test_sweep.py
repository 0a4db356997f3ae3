"""What nobody confirmed goes in the night, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.accounts.joining import sweep
from app.accounts.joining.models import MailedLink, Registration
from app.accounts.models import Account, SetupLink, User
from app.attention.models import Finding
from app.core import clock
from app.core.db import write
from app.core.ids import uuid7
from app.core.runtime import runtime
from app.outbound.mail.models import MailMessage
from app.work import retention
from tests.accounts.joining.calls import EMAIL, call, forgotten, registered, rows, verify
from tests.letters import last_letter
from tests.people import new_account

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_an_account_that_nobody_joined_goes_with_its_letters(
    app: Flask, client: FlaskClient, make_user: Any, travel: Callable[[timedelta], None]
) -> None:
    make_user(email="owner@example.com")
    before = rows(app, Account.id)
    registered(app, client)
    forgotten(app, client, "owner@example.com")
    find_something(app)
    assert sweep.sweep(runtime(app).engine, clock.now()) == 0
    travel(timedelta(hours=24))
    assert [old.rows for old in retention.preview(app) if old.table in ("registration", "mailed_link")] == [1, 1]

    removed = retention.clean_up(app)

    assert (removed["registration"], removed["mailed_link"]) == (1, 1)
    assert rows(app, Account.id) == before
    assert rows(app, Registration.id) == rows(app, MailedLink.id) == rows(app, Finding.id) == []
    assert [of for (of,) in rows(app, MailMessage.account_id)] == [before[0][0]]
    assert retention.clean_up(app)["registration"] == 0


def find_something(app: Flask) -> None:
    [account_id] = [of for (of,) in rows(app, Registration.account_id)]
    times = {"raised_at": clock.now(), "changed_at": clock.now()}
    with app.app_context(), write() as store:
        store.add(Finding(id=uuid7(), account_id=account_id, kind="x", severity="danger", facts={}, **times))


@on_sqlite
def test_whoever_confirmed_or_asked_again_stays(
    app: Flask, client: FlaskClient, travel: Callable[[timedelta], None]
) -> None:
    verify(client, registered(app, client))
    late = "late@example.com"
    registered(app, client, late)
    travel(timedelta(hours=23))
    call(client, "verify/resend", {"email": late})
    travel(timedelta(hours=2))
    assert sweep.sweep(runtime(app).engine, clock.now()) == 0
    assert verify(client, last_letter(app, late).token).status_code == 204
    assert {email for (email,) in rows(app, User.email)} == {EMAIL, late}


@on_sqlite
def test_an_account_that_something_still_points_to_waits_for_another_night(
    app: Flask, client: FlaskClient, travel: Callable[[timedelta], None]
) -> None:
    registered(app, client)
    [(account_id,)] = rows(app, Registration.account_id)
    link = SetupLink(id=uuid7(), account_id=account_id, token_hash="x", created_at=clock.now())
    with app.app_context(), write() as store:
        store.add(link)
    travel(timedelta(days=2))
    assert sweep.sweep(runtime(app).engine, clock.now()) == 0
    assert len(rows(app, Registration.id)) == 1


@on_sqlite
def test_accounts_without_people_that_nobody_registered_stay(app: Flask) -> None:
    new_account(app)
    sweep.sweep(runtime(app).engine, clock.now() + timedelta(days=400))
    assert len(rows(app, Account.id)) == 2
