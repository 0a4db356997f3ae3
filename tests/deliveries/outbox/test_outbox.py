"""The outbox: shown to an administrator of this account who proved who they are, and forgotten when passed on."""

from __future__ import annotations

from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from cryptography.fernet import Fernet
from flask import Flask
from sqlalchemy import select

from app import create_app
from app.accounts.models import AuditEntry, UserSession
from app.attention.models import Finding
from app.attention.reconcile import Reconciler
from app.core import clock
from app.core.db import begin_write, db, write
from app.core.runtime import runtime
from app.outbound.mail import ledger as letters
from app.outbound.mail.models import MailMessage
from app.outbound.models import Delivery, Status, Target, TargetState
from tests.outbound.ledger import Ledger
from tests.outbound.mail.conftest import LINK, TO, TOKEN, Post, a_letter
from tests.people import Browser, new_account, new_user, sign_in

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def shown(browser: Browser) -> str:
    return unescape(browser.get("/outbox").get_data(as_text=True))


def test_an_administrator_reads_what_waits_of_their_own_account(app: Flask, admin: Browser, post: Post) -> None:
    other = new_account(app)
    with app.app_context():
        strange = a_letter(subject="Of the others")
    post()
    post(strange, account_id=other)
    post(to="late@example.com", expires_in=timedelta(seconds=-1))

    answer = admin.get("/outbox")
    page = unescape(answer.get_data(as_text=True))

    assert [word in page for word in (TO, LINK, "Choose a new password", "Nada envia e-mails")] == [True] * 4
    assert [word in page for word in ("Of the others", "late@example.com")] == [False] * 2
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "no-store" in answer.headers["Cache-Control"]
    with app.app_context():
        (entry,) = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "outbox.read"))
        assert entry.changes == {"number": [None, 1], "recipients": [None, ["m***@example.com"]]}


@pytest.mark.parametrize("role", ["manager", "operator", "viewer"])
def test_nobody_else_gets_in(app: Flask, post: Post, role: str) -> None:
    id_ = post()
    browser = sign_in(app, new_user(app, role))
    assert browser.get("/outbox").status_code == 403
    assert browser.submit(f"/outbox/{id_}/passed-on").status_code == 403
    assert "/outbox" not in browser.get("/attention").get_data(as_text=True)


def test_who_signed_in_long_ago_proves_it_again(app: Flask, admin: Browser, post: Post, message: Any) -> None:
    id_ = post()
    with app.app_context(), write() as store:
        for session in store.scalars(select(UserSession)):
            session.confirmed_at = clock.now() - timedelta(minutes=31)
    assert admin.get("/outbox").headers["Location"] == "/confirm?next=/outbox"
    assert admin.submit(f"/outbox/{id_}/passed-on").headers["Location"].startswith("/confirm?")
    assert message(id_).sealed is not None


def test_what_was_passed_on_is_forgotten_and_noted(app: Flask, admin: Browser, post: Post, message: Any) -> None:
    id_, others = post(), post(account_id=new_account(app))

    assert admin.submit(f"/outbox/{id_}/passed-on").headers["Location"] == "/outbox"
    assert admin.submit(f"/outbox/{others}/passed-on").status_code == 303  # not theirs: as if it were gone

    assert (message(id_).sealed, message(others).sealed is not None) == (None, True)
    assert TOKEN not in shown(admin)
    with app.app_context():
        (entry,) = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "outbox.passed_on"))
        assert (entry.subject, entry.subject_id) == ("m***@example.com", str(id_))


def test_a_letter_that_is_owed_is_not_sent_any_more_and_one_in_hand_is_left(
    app: Flask, admin: Browser, post: Post, message: Any, ledger: Ledger
) -> None:
    held, in_hand = post(), post()
    account_id = message(held).account_id
    with begin_write(runtime(app).engine) as connection:
        letters.owe(connection, letters.undelivered(connection, clock.now()))
    ledger.change(Target, letters.target_id(account_id), state=TargetState.PAUSED, reason="535 no")
    ledger.change(Delivery, in_hand, status=Status.LEASED, next_at=clock.now() + timedelta(minutes=1))
    page = shown(admin)
    assert ("535 no" in page, "Espera pelo servidor de e-mail" in page) == (True, True)

    for id_ in (held, in_hand):
        admin.submit(f"/outbox/{id_}/passed-on")

    assert (ledger.delivery(held).status, message(held).sealed) == (Status.CANCELLED, None)
    assert (ledger.delivery(in_hand).status, message(in_hand).sealed is not None) == (Status.LEASED, True)
    assert "Ela está sendo enviada agora mesmo" in shown(admin)


@pytest.mark.parametrize(
    ("stand", "is_read"),
    [({}, False), ({"state": TargetState.PAUSED, "reason_code": "user"}, False),
     ({"state": TargetState.PAUSED, "reason_code": "auth"}, True)],
)  # fmt: skip
def test_what_is_on_its_way_is_read_by_nobody_but_its_recipient_and_the_operator(
    app: Flask, admin: Browser, post: Post, message: Any, ledger: Ledger, stand: dict[str, Any], is_read: bool
) -> None:
    """Else whoever looks quickly, or pauses the mail, confirms any address as theirs."""
    id_ = post()
    with begin_write(runtime(app).engine) as connection:
        letters.owe(connection, letters.undelivered(connection, clock.now()))
    if stand:
        ledger.change(Target, letters.target_id(message(id_).account_id), **stand)
    page = shown(admin)
    assert [word in page for word in (TOKEN, TO)] == [is_read] * 2
    assert "m***@example.com" in page or is_read
    assert TOKEN in app.test_cli_runner().invoke(args=["outbox"]).output


def test_a_letter_that_no_key_opens_says_so(app: Flask, admin: Browser, post: Post, ledger: Ledger) -> None:
    id_ = post()
    ledger.change(MailMessage, id_, sealed=Fernet(Fernet.generate_key()).encrypt(b"x").decode())
    page = shown(admin)
    assert ("Nenhuma chave de ENCRYPTION_KEYS" in page, "m***@example.com" in page) == (True, True)
    output = app.test_cli_runner().invoke(args=["outbox"]).output
    assert "No key of ENCRYPTION_KEYS opens it." in output


def test_an_empty_outbox_says_what_it_is_for(admin: Browser) -> None:
    assert "Nada espera" in shown(admin)


def test_the_command_prints_and_wipes_for_whoever_runs_the_server(app: Flask, post: Post, message: Any) -> None:
    id_, others = post(), post(to="joao@other.example", account_id=new_account(app))
    run = app.test_cli_runner().invoke
    output = run(args=["outbox"]).output
    assert [word in output for word in (str(id_), TO, "joao@other.example", LINK, "2 waiting")] == [True] * 5

    assert run(args=["outbox", "--wipe", str(others)]).output == "It is forgotten.\n"
    assert "No message" in run(args=["outbox", "--wipe", str(others)]).output
    assert (message(others).sealed, message(id_).sealed is not None) == (None, True)
    assert TOKEN not in run(args=["outbox", "--wipe", str(id_)]).output
    assert run(args=["outbox"]).output == "Nothing waits.\n"


def test_attention_tells_that_letters_wait_until_a_mail_server_is_set(app: Flask, admin: Browser, post: Post) -> None:
    post()
    Reconciler(runtime(app)).run_if_older(0)
    page = admin.get("/attention").get_data(as_text=True)
    assert ("1 e-mail espera" in page, 'href="/outbox"' in page) == (True, True)
    assert not [word for word in (TOKEN, TO, "m***") if word in page]

    other = create_app(runtime(app).settings.model_copy(update={"smtp_url": "smtp://127.0.0.1"}))
    Reconciler(runtime(other)).run_if_older(0)
    runtime(other).engine.dispose()
    with app.app_context():
        (finding,) = db.session.scalars(select(Finding))
        assert (finding.kind, finding.facts, finding.resolved_at is None) == ("mail_waits", {"number": 1}, False)
