"""Strangers who look for addresses, for links and for ways to bend them."""

from __future__ import annotations

import logging
import re
import statistics
import threading
import time
from typing import Any

import pytest
import redis
from flask import Flask
from flask.testing import FlaskClient

from app.accounts.joining import asking
from app.accounts.joining.models import Registration
from app.accounts.models import User
from app.core import clock
from app.core.redaction import scrub
from tests.accounts.joining.calls import EMAIL, FORM, NEW, PASSWORD, WANTED, call, forgotten, registered, rows
from tests.accounts.joining.conftest import PUBLIC_URL
from tests.letters import last_letter, letters
from tests.people import new_browser, sign_in

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
KNOWN, NOBODY = "owner@example.com", "nobody@example.com"


def told(answer: Any) -> Any:
    """All that a stranger sees, but the name of the exchange and what the form's own cookie says."""
    hidden = {"X-Request-Id", "Date", "Set-Cookie"}
    return answer.status_code, answer.data, sorted(pair for pair in answer.headers if pair[0] not in hidden)


@on_sqlite
def test_the_api_says_the_same_of_known_and_unknown_addresses(app: Flask, make_user: Any) -> None:
    make_user(email=KNOWN)
    for path, body in (("register", WANTED), ("verify/resend", {}), ("forgot-password", {})):
        answers = [told(call(app.test_client(), path, {**body, "email": email})) for email in (KNOWN, NOBODY)]
        assert answers[0] == answers[1]
        assert answers[0][0] == 202


@on_sqlite
def test_the_pages_say_the_same_of_known_and_unknown_addresses(app: Flask, make_user: Any) -> None:
    make_user(email=KNOWN)
    for path, form in (("/register", FORM), ("/verify", {}), ("/forgot", {})):
        answers = []
        for email in (KNOWN, NOBODY):
            browser = new_browser(app)
            sent = told(browser.submit(path, {**form, "email": email}))
            page = told(browser.get(dict(sent[2])["Location"]))
            answers.append((sent, page[0], re.sub(r"[\w.-]{60,}", "a CSRF token", page[1].decode())))
        assert answers[0] == answers[1]
        assert answers[0][0][0] == 303


@on_sqlite
@pytest.mark.alone
@pytest.mark.parametrize("path", ["register", "forgot-password"])
def test_known_and_unknown_addresses_take_the_same_time(app: Flask, make_user: Any, valkey_url: str, path: str) -> None:
    app.config["PASSWORD_COST"] = (1, 8 * 1024, 1)
    make_user(email=KNOWN)
    body, client = WANTED if path == "register" else {}, app.test_client()
    took: dict[str, list[float]] = {KNOWN: [], NOBODY: []}
    for number in range(2 * 9):
        email = (KNOWN, NOBODY)[number % 2]
        place = {"REMOTE_ADDR": f"192.0.2.{number}"}
        began = time.perf_counter()
        call(client, path, {**body, "email": email}, environ_base=place)
        took[email].append(time.perf_counter() - began)
        with redis.Redis.from_url(valkey_url) as counts:
            counts.flushall()
    medians = [statistics.median(times) for times in took.values()]
    assert 0.6 < medians[0] / medians[1] < 1.67, medians


@on_sqlite
def test_what_a_stranger_says_bends_no_link_and_is_in_no_letter(
    app: Flask, client: FlaskClient, make_user: Any
) -> None:
    make_user(email=KNOWN)
    bait = {"name": "win at https://evil.example", "accountName": "https://evil.example"}
    for header in ("Host", "X-Forwarded-Host", "X-Original-Host"):
        for path, body in (("register", {**WANTED, **bait}), ("forgot-password", {"email": KNOWN})):
            assert call(client, path, body, headers={header: "evil.example"}).status_code == 202
    assert len(letters(app)) == 6
    assert all(letter.link.startswith(f"{PUBLIC_URL}/") for letter in letters(app))
    assert "evil" not in str([(letter.subject, letter.text) for letter in letters(app)])


@on_sqlite
def test_looking_at_a_link_changes_nothing_and_tells_nobody(app: Flask, client: FlaskClient, make_user: Any) -> None:
    make_user(email=KNOWN)
    owner = sign_in(app, make_user("viewer", email="mover@example.com"))
    owner.submit("/profile/email", {"email": "moved@example.com"})
    registered(app, client)
    forgotten(app, client, KNOWN)
    for email in ("moved@example.com", EMAIL, KNOWN):
        for _ in range(2):
            page = new_browser(app).get(last_letter(app, email).path)
            assert (page.status_code, page.headers["Referrer-Policy"]) == (200, "no-referrer")
            assert page.headers["Cache-Control"] == "no-store"
    assert sorted(email for (email,) in rows(app, User.email)) == ["mover@example.com", KNOWN]


@on_sqlite
def test_no_token_is_in_a_log(
    app: Flask, client: FlaskClient, make_user: Any, caplog: pytest.LogCaptureFixture
) -> None:
    make_user(email=KNOWN)
    with caplog.at_level(logging.DEBUG):
        tokens = [registered(app, client), forgotten(app, client, KNOWN)]
        for path in (f"/verify/{tokens[0]}", f"/reset/{tokens[1]}"):
            new_browser(app).get(path)
        call(client, "reset-password", {"token": tokens[1], "password": NEW})
    assert not any(secret in caplog.text for secret in (*tokens, PASSWORD, NEW, EMAIL, KNOWN))
    for path in ("/verify/", "/reset/", "/profile/email/"):
        assert tokens[0] not in scrub(f'127.0.0.1 "POST {path}{tokens[0]} HTTP/1.1" 303')


@pytest.mark.parametrize("path", ["verify", "reset-password"])
def test_of_two_who_follow_the_same_link_one_gets_it(app: Flask, make_user: Any, path: str) -> None:
    make_user(email=KNOWN)
    is_new = path == "verify"
    token = registered(app, app.test_client()) if is_new else forgotten(app, app.test_client(), KNOWN)
    body = {"token": token, "password": PASSWORD if is_new else NEW}
    assert sorted(at_once(app, path, [body] * 4)) == [204, 404, 404, 404]
    assert len(rows(app, User.id)) == (2 if is_new else 1)


def test_of_two_companies_with_one_address_one_is_opened(app: Flask) -> None:
    at_once(app, "register", [{**WANTED, "accountName": f"Loja {number}"} for number in range(2)])
    tokens = {letter.token for letter in letters(app, EMAIL)}
    assert len(tokens) == 2
    statuses = at_once(app, "verify", [{"token": token, "password": PASSWORD} for token in tokens])
    assert statuses.count(204) == 1
    assert set(statuses) <= {204, 404, 409}
    assert len(rows(app, User.id)) == 1
    assert len(rows(app, Registration.id)) <= 1


def at_once(app: Flask, path: str, bodies: list[dict[str, Any]]) -> list[int]:
    """The statuses of calls made at the same moment."""
    gate, statuses = threading.Barrier(len(bodies)), []

    def send(body: dict[str, Any]) -> None:
        client = app.test_client()
        gate.wait(10)
        statuses.append(call(client, path, body).status_code)

    threads = [threading.Thread(target=send, args=(body,)) for body in bodies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return statuses


@on_sqlite
def test_an_answer_without_a_letter_takes_as_long_as_one_with(app: Flask) -> None:
    browser = new_browser(app)
    for path in ("/api/auth/forgot-password", "/api/auth/verify/resend", "/forgot", "/verify"):
        began = clock.monotonic()
        if path.startswith("/api"):
            assert browser.post(path, json={"email": NOBODY}).status_code == 202
        else:
            assert browser.submit(path, {"email": NOBODY}).status_code == 303
        assert clock.monotonic() - began >= asking.AT_LEAST_S
