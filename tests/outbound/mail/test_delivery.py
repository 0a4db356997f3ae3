"""From the wish to the mail server: sent once, tried again, refused, and forgotten at each end."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import timedelta
from email.message import EmailMessage
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from app import create_app
from app.core import clock, events, smtp
from app.core.db import begin_write
from app.core.exchange import Mail
from app.core.runtime import runtime
from app.outbound import repair
from app.outbound.books import Books
from app.outbound.drain import Drain
from app.outbound.kinds import Kinds
from app.outbound.mail import ledger as letters
from app.outbound.mail.models import MailMessage
from app.outbound.mail.upkeep import at_start, sweep
from app.outbound.models import ErrorClass, Status, Target, TargetState
from app.outbound.sight import Claim
from app.work.ticker import Ticker
from tests.outbound.ledger import Ledger
from tests.outbound.mail.conftest import LINK, TO, TOKEN, Post, a_letter
from tests.outbound.true_figures import counted, kept
from tests.people import new_account
from tests.postbox import DROP, HANG, Postbox

SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
Message = Callable[[UUID], Any]
HEADERS = {"From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type"}


def test_a_letter_is_kept_sealed_sent_whole_and_then_forgotten(
    app: Flask, post: Post, message: Message, drain: Callable[..., None], postbox: Postbox, ledger: Ledger
) -> None:
    id_ = post()
    before = message(id_)
    assert (before.purpose, before.recipient, before.wiped_at) == ("reset", "m***@example.com", None)
    assert TOKEN not in before.sealed

    drain()

    (letter,) = postbox.letters
    assert (letter["To"], letter["From"]) == (TO, "Kalitrack <kalitrack@kalitrack.example>")
    assert (letter["Message-ID"], letter["Auto-Submitted"]) == (f"<{id_}@kalitrack.example>", "auto-generated")
    assert letter["Date"].datetime == before.created_at.replace(microsecond=0)
    assert LINK in said(letter, "plain")
    html = said(letter, "html")
    assert (f'href="{LINK}"' in html, "ação &amp; &lt;b&gt;" in html) == (True, True)
    assert (message(id_).sealed, message(id_).wiped_at is not None) == (None, True)
    delivery = ledger.delivery(id_)
    assert (delivery.status, delivery.attempts, delivery.http_status) == (Status.DONE, 1, None)
    assert counted(runtime(app).engine) == kept(runtime(app).engine)


def said(letter: EmailMessage, form: str) -> str:
    body = letter.get_body((form,))
    return str(body.get_content()) if body is not None else ""


@SQLITE
def test_each_gets_their_own_language(app: Flask, post: Post, drain: Callable[..., None], postbox: Postbox) -> None:
    with app.app_context():
        wanted = [a_letter(locale, note=None, subject=f"Olá {locale}") for locale in ("pt_BR", "en", None)]
    for each in wanted:
        post(each)
    drain()
    told = {letter["Subject"]: said(letter, "html") for letter in postbox.letters}
    languages = {subject: html.partition('lang="')[2].partition('"')[0] for subject, html in told.items()}
    assert languages == {"Olá pt_BR": "pt-BR", "Olá en": "en", "Olá None": "pt-BR"}


@SQLITE
@pytest.mark.parametrize(
    ("step", "answer", "error"),
    [
        ("rcpt", "451 4.7.1 come back", ErrorClass.SERVER),
        ("data", DROP, ErrorClass.CONNECTION),
    ],
)
def test_trouble_passes_and_the_letter_goes_out_then(
    post: Post, message: Message, drain: Callable[..., None], postbox: Postbox, ledger: Ledger,
    step: str, answer: str, error: ErrorClass,
) -> None:  # fmt: skip
    postbox.answers[step].append(answer)
    id_ = post()
    drain()
    assert (ledger.delivery(id_).status, ledger.delivery(id_).error) == (Status.PENDING, error)
    assert message(id_).sealed is not None

    ledger.hurry(id_)
    drain()

    assert (len(postbox.taken), ledger.delivery(id_).status, message(id_).sealed) == (1, Status.DONE, None)


@SQLITE
@pytest.mark.parametrize("outbound_timeout", [0.25])
def test_a_server_that_hangs_costs_one_attempt(
    outbound_timeout: float, post: Post, drain: Callable[..., None], postbox: Postbox, ledger: Ledger
) -> None:
    postbox.answers["data"].append(HANG)
    id_ = post()
    drain()
    late = ledger.delivery(id_)
    assert (late.status, late.error, late.detail, late.attempts) == (Status.PENDING, "timeout", "Timeout", 1)


@SQLITE
def test_what_the_server_refuses_is_dead_in_words_and_forgotten(
    post: Post, message: Message, drain: Callable[..., None], postbox: Postbox, ledger: Ledger
) -> None:
    postbox.answers["rcpt"].append(f"550 5.1.1 <{TO}> unknown")
    id_ = post()
    drain()
    dead = ledger.delivery(id_)
    assert (dead.status, dead.error, message(id_).sealed) == (Status.DEAD, ErrorClass.REFUSED, None)
    assert dead.detail == "The mail server refuses the recipient: 550 5.1.1 <[redacted]> unknown"


@SQLITE
def test_a_refused_sign_in_pauses_until_a_start_with_another_url(
    app: Flask, post: Post, message: Message, ledger: Ledger
) -> None:
    with Postbox(password="the-right-one") as strict:
        wrong, right = (
            _with(app, strict.url.replace("//", f"//me:{word}-one@")) for word in ("the-wrong", "the-right")
        )
        id_ = post(of=wrong)
        _drain(wrong)
        target = ledger.target(letters.target_id(message(id_).account_id))
        assert (target.state, target.reason_code) == (TargetState.PAUSED, "auth")
        assert target.reason.startswith("The mail server refuses the sign-in: 535")
        assert (ledger.delivery(id_).status, message(id_).sealed is not None) == (Status.PENDING, True)

        at_start(runtime(right))
        ledger.hurry(id_)
        _drain(right)
        assert (len(strict.taken), message(id_).sealed) == (1, None)


def _with(app: Flask, smtp_url: str | None) -> Flask:
    """The same product, as if it had been started with another mail server."""
    return create_app(runtime(app).settings.model_copy(update={"smtp_url": smtp_url}))


def _drain(app: Flask) -> None:
    engine = Drain(runtime(app), "other")
    deadline = clock.monotonic() + 5
    while clock.monotonic() < deadline:
        engine.run(0.05)
        if engine.is_idle:
            break
    engine.close(grace_s=0.2)
    runtime(app).engine.dispose()


@SQLITE
def test_without_a_mail_server_a_letter_waits_with_one_line_that_gives_nothing_away(
    app: Flask, post: Post, message: Message, ledger: Ledger, postbox: Postbox, caplog: pytest.LogCaptureFixture
) -> None:
    without = _with(app, None)
    with caplog.at_level(logging.INFO):
        id_ = post(of=without)
    (line,) = [record.getMessage() for record in caplog.records if "outbox" in record.getMessage()]
    assert "m***@example.com" in line
    assert not [word for word in (TO, "maria", TOKEN, "password", "/reset/") if word in caplog.text]
    assert (ledger.deliveries(), message(id_).sealed is not None) == ([], True)

    at_start(runtime(app))
    at_start(runtime(app))  # another host starts too
    _drain(app)

    assert (len(postbox.taken), len(ledger.deliveries()), message(id_).sealed) == (1, 1, None)
    assert counted(runtime(app).engine) == kept(runtime(app).engine)


@SQLITE
def test_what_is_owed_when_the_url_goes_waits_instead_of_being_cancelled(
    app: Flask, post: Post, message: Message, ledger: Ledger, postbox: Postbox
) -> None:
    id_ = post()
    without = _with(app, None)
    _drain(without)  # a worker with other settings than who wrote it
    target = letters.target_id(message(id_).account_id)
    assert (ledger.target(target).state, ledger.target(target).reason) == (TargetState.PAUSED, "SMTP_URL is not set")
    at_start(runtime(without))
    assert (ledger.delivery(id_).status, message(id_).sealed is not None) == (Status.PENDING, True)

    at_start(runtime(app))
    ledger.hurry(id_)
    _drain(app)
    assert len(postbox.taken) == 1


def test_each_end_forgets_and_a_forgotten_letter_is_gone(
    app: Flask, post: Post, message: Message, drain: Callable[..., None], postbox: Postbox, ledger: Ledger, travel: Any
) -> None:
    engine = runtime(app).engine
    cancelled, expired, paused = post(), post(expires_in=timedelta(minutes=1)), post(expires_in=timedelta(minutes=2))
    account_id = message(cancelled).account_id
    with begin_write(engine) as connection:
        repair.cancel(connection, account_id, [cancelled], clock.now())
    assert sweep(engine) == 1
    travel(timedelta(seconds=90))
    drain()
    assert (ledger.delivery(expired).status, ledger.delivery(expired).error) == (Status.DEAD, ErrorClass.EXPIRED)
    # `paused` went out above; one that a pause keeps back is ended by the sweep
    kept_back = post(expires_in=timedelta(minutes=1))
    ledger.change(Target, letters.target_id(account_id), state=TargetState.PAUSED)
    travel(timedelta(seconds=90))
    assert sweep(engine) == 1
    assert (ledger.delivery(kept_back).status, ledger.delivery(kept_back).error) == ("cancelled", "expired")
    assert [message(one).sealed for one in (cancelled, expired, paused, kept_back)] == [None] * 4
    assert (len(postbox.taken), sweep(engine)) == (1, 0)

    ledger.change(Target, letters.target_id(account_id), state=TargetState.ACTIVE)
    with begin_write(engine) as connection:
        assert repair.replay(connection, account_id, [cancelled], clock.now()) == [cancelled]
    drain()
    again = ledger.delivery(cancelled)
    assert (again.status, again.error, again.detail) == ("cancelled", "gone", "What was to be sent is gone")
    assert counted(engine) == kept(engine)


@SQLITE
def test_the_ticker_sweeps(app: Flask, post: Post, message: Message) -> None:
    id_ = post(expires_in=timedelta(seconds=-1))
    ticker = Ticker(app)
    ticker.tick()
    ticker.end()
    assert message(id_).sealed is None


@SQLITE
def test_a_letter_that_no_key_opens_and_an_odd_address_are_refused_in_words(
    app: Flask, post: Post, message: Message, drain: Callable[..., None], postbox: Postbox, ledger: Ledger
) -> None:
    unreadable, odd = post(), post(to="a@b.example, c@d.example")
    ledger.change(MailMessage, unreadable, sealed="gAAAAAB-not-ours")
    drain()
    found = [(ledger.delivery(one).status, ledger.delivery(one).detail) for one in (unreadable, odd)]
    assert found == [
        (Status.DEAD, "The stored letter cannot be read with ENCRYPTION_KEYS"),
        (Status.DEAD, "The address is none that mail can be sent to"),
    ]
    assert [message(one).sealed for one in (unreadable, odd)] == [None, None]
    assert postbox.taken == []


@SQLITE
def test_a_name_ends_no_header(app: Flask, post: Post, drain: Callable[..., None], postbox: Postbox) -> None:
    names = ["Ana\r\nBcc: e@evil.example", "Ana\n\n<script>", "A\x00B\u2028C", "=?utf-8?q?x?=", "ç" * 400]
    with app.app_context():
        wanted = [a_letter(subject=f"{name} invites you", paragraphs=[name]) for name in names]
    for each in wanted:
        post(each)
    drain()
    assert [taken.rcpt_tos for taken in postbox.taken] == [[TO]] * len(names)
    for letter in postbox.letters:
        assert set(letter.keys()) == HEADERS
        assert letter["Subject"].endswith("invites you")


@SQLITE
def test_a_shutdown_in_the_middle_gives_the_letter_back(
    app: Flask, post: Post, message: Message, start_drain: Callable[..., Drain], postbox: Postbox, ledger: Ledger,
    wait_for: Callable[..., float], drain: Callable[..., None],
) -> None:  # fmt: skip
    postbox.answers["data"].append(HANG)
    id_ = post()
    engine = start_drain()
    wait_for(lambda: not postbox.answers["data"])
    engine.stop()
    engine.close(grace_s=0.05)
    assert (ledger.delivery(id_).status, message(id_).sealed is not None) == (Status.PENDING, True)
    drain()
    assert (len(postbox.taken), message(id_).sealed) == (1, None)


@SQLITE
def test_a_killed_worker_may_send_twice_and_the_letter_is_the_same(
    app: Flask, post: Post, drain: Callable[..., None], postbox: Postbox, ledger: Ledger, travel: Any
) -> None:
    id_ = post()
    _send_and_die(app)
    assert (len(postbox.taken), ledger.delivery(id_).status) == (1, Status.LEASED)

    travel(timedelta(seconds=20))  # past the lease
    drain()

    assert ledger.delivery(id_).status == Status.DONE
    first, second = postbox.taken
    assert first.content == second.content
    assert {letter["Message-ID"] for letter in postbox.letters} == {f"<{id_}@kalitrack.example>"}


def _send_and_die(app: Flask) -> None:
    """What a worker does that is killed between the claim and the settling of what came back."""
    engine, known = runtime(app).engine, Kinds(runtime(app))
    books = Books(engine, known)
    sight = books.look()
    (take,) = books.turn([], [], [(target, 1) for target in sight.due.values()]).takes
    (parcel,), _results = books.load(Claim(take.rows, sight, clock.monotonic()))
    client = smtp.Client()
    letter = parcel.build()
    assert isinstance(letter, Mail)
    assert client.send(letter, timeout_s=2).ok


def test_two_first_letters_at_once_make_one_target(app: Flask, post: Post, ledger: Ledger) -> None:
    threads = [threading.Thread(target=post) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    deliveries = ledger.deliveries()
    assert (len(deliveries), len({each.target_id for each in deliveries})) == (4, 1)
    assert counted(runtime(app).engine) == kept(runtime(app).engine)


def test_a_discarded_account_takes_its_letters_along(
    app: Flask, post: Post, drain: Callable[..., None], postbox: Postbox, ledger: Ledger
) -> None:
    other = new_account(app)
    postbox.answers["rcpt"] += ["250 OK", "451 later"]
    post(account_id=other)
    post(account_id=other)
    own = post()
    drain()
    with begin_write(runtime(app).engine) as connection:
        events.emit(connection, "account.discarded", other, {})
        assert connection.scalars(select(MailMessage.id)).all() == [own]
        assert [row.account_id for row in connection.execute(select(Target.account_id))] != [other]
    assert [row.id for row in ledger.deliveries()] == [own]
    assert counted(runtime(app).engine) == kept(runtime(app).engine)
