"""One's own second factor in the browser: set up, look after, turn off; and who has to have one."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.accounts.models import AuditEntry
from app.accounts.second_factor import service
from app.core.db import db
from tests.accounts.second_factor.authenticator import Authenticator, half_signed_in, require_of, turn_on
from tests.accounts.second_factor.test_codes import lose_key, tried
from tests.letters import letters
from tests.people import HTMX, Browser, new_browser, sign_in

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
Travel = Callable[[timedelta], None]
AT = "/profile/two-factor"


def shown_secret(text: str) -> str:
    found = re.search(r'id="second_factor-secret"[^>]*>([A-Z2-7 ]+)<', text)
    assert found is not None
    return found[1].replace(" ", "")


def shown_codes(text: str) -> list[str]:
    return re.findall(r"\b[0-9a-z]{4}-[0-9a-z]{4}-[0-9a-z]{4}\b", text)


def test_an_app_is_set_up_by_its_first_code(app: Flask, viewer: Browser) -> None:
    elsewhere = sign_in(app, viewer.person)
    assert viewer.submit(AT).headers["Location"] == f"{AT}/app"
    page = viewer.get(f"{AT}/app")
    phone = Authenticator(shown_secret(page.text))
    assert page.headers["Cache-Control"] == "no-store"
    assert page.text.count("data:image/svg+xml") == 1
    wrong = viewer.submit(f"{AT}/app", {"code": phone.wrong_code()}, htmx=True)
    assert (wrong.status_code, shown_secret(wrong.text)) == (422, phone.secret)
    with app.app_context():
        assert not service.is_on(db.session(), viewer.person.id)

    answer = viewer.submit(f"{AT}/app", {"code": phone.code()})

    codes = shown_codes(answer.text)
    assert (answer.status_code, answer.headers["Cache-Control"], len(codes)) == (200, "no-store", 10)
    assert shown_codes(viewer.get(AT).text) == []
    assert elsewhere.get(AT).headers["Location"].startswith("/login")  # it came in without a code
    assert tried(app, viewer.person, codes[0]) == "taken"
    assert tried(app, viewer.person, phone.code()) == "wrong"  # it was the first code
    assert viewer.get(f"{AT}/app").headers["Location"] == AT
    with app.app_context():
        actions = db.session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
        assert actions[:2] == ["second_factor.started", "second_factor.confirmed"]
    assert [letter.subject for letter in letters(app, viewer.person.email)] == ["Seu segundo fator está ativado"]


def test_another_app_replaces_the_one_before_only_when_it_is_confirmed(app: Flask, viewer: Browser) -> None:
    old = turn_on(app, viewer.person)
    viewer.submit(AT)
    new = Authenticator(shown_secret(viewer.get(f"{AT}/app").text))
    assert tried(app, viewer.person, old.code()) == "taken"
    assert tried(app, viewer.person, new.code()) == "wrong"

    assert viewer.submit(f"{AT}/app", {"code": new.code(-1)}).status_code == 200

    assert tried(app, viewer.person, old.code(1)) == "wrong"
    assert tried(app, viewer.person, old.recovery_codes[0]) == "wrong"
    assert tried(app, viewer.person, new.code()) == "taken"


def test_new_recovery_codes_end_the_old_ones(app: Flask, viewer: Browser) -> None:
    assert viewer.submit(f"{AT}/recovery-codes").status_code == 409
    phone = turn_on(app, viewer.person)
    codes = shown_codes(viewer.submit(f"{AT}/recovery-codes").text)
    assert len(set(codes) - set(phone.recovery_codes)) == 10
    assert [tried(app, viewer.person, code) for code in (phone.recovery_codes[0], codes[0])] == ["wrong", "taken"]
    assert ">9<" in viewer.get(AT).text


def test_turned_off_the_password_is_enough_again(app: Flask, viewer: Browser) -> None:
    turn_on(app, viewer.person)
    assert viewer.submit(f"{AT}/off").headers["Location"] == AT
    assert viewer.submit(f"{AT}/off").status_code == 409
    form = {"email": viewer.person.email, "password": viewer.person.password}
    assert new_browser(app).submit("/login", form).headers["Location"] == "/"
    assert [letter.subject for letter in letters(app, viewer.person.email)] == ["Seu segundo fator está desativado"]


def test_an_old_session_says_again_who_it_is_before_anything(viewer: Browser, travel: Travel) -> None:
    travel(timedelta(minutes=31))
    for answer in (viewer.get(AT), viewer.get(f"{AT}/app")):
        assert (answer.status_code, answer.headers["Location"][:14]) == (303, "/confirm?next=")
    for path in ("", "/app", "/recovery-codes", "/off"):
        assert viewer.submit(AT + path).headers["Location"].startswith("/confirm?next="), path


def test_a_lost_key_is_said_in_words(app: Flask, viewer: Browser) -> None:
    phone = turn_on(app, viewer.person)
    lose_key(app)
    assert "ENCRYPTION_KEYS" in viewer.get(AT).text
    browser = half_signed_in(new_browser(app), viewer.person)
    refused = browser.submit("/login/code", {"code": phone.code()})
    assert (refused.status_code, refused.text.count("alert-danger")) == (422, 1)
    assert browser.submit("/login/code", {"code": phone.recovery_codes[0]}).status_code == 303
    assert viewer.submit(AT).headers["Location"] == f"{AT}/app"  # and a new app can be set up


def test_a_lost_key_of_an_app_not_confirmed_starts_over(app: Flask, viewer: Browser) -> None:
    viewer.submit(AT)
    lose_key(app)
    assert viewer.get(f"{AT}/app").headers["Location"] == AT
    assert viewer.submit(f"{AT}/app", {"code": "123456"}).status_code == 409


def test_a_role_that_needs_one_sets_it_up_before_anything_else(app: Flask, make_user: Any) -> None:
    person, other = make_user("manager"), make_user("viewer")
    require_of(app, person, "admin", "manager")
    browser = new_browser(app)
    browser.submit("/login", {"email": person.email, "password": person.password})

    for path in ("/", "/events", "/pixels", "/profile", "/nothing-here"):
        answer = browser.get(path)
        expected = (404, None) if path == "/nothing-here" else (303, AT)
        assert (answer.status_code, answer.headers.get("Location")) == expected, path
    assert browser.get("/events", headers=HTMX).headers["HX-Redirect"] == AT
    assert browser.submit("/profile", {"name": "x"}).headers["Location"] == AT
    assert browser.submit("/preferences", {"theme": "dark"}).headers.get("Location") != AT
    assert (browser.get(AT).status_code, browser.get("/confirm").status_code) == (200, 200)
    assert sign_in(app, other).get("/events").status_code == 200

    browser.submit(AT)
    phone = Authenticator(shown_secret(browser.get(f"{AT}/app").text))
    browser.submit(f"{AT}/app", {"code": phone.code()})
    assert browser.get("/events").status_code == 200
    assert browser.submit(f"{AT}/off").status_code == 403
    assert browser.submit("/logout").headers["Location"] == "/login"


def test_a_lost_one_is_taken_away_by_the_operator(app: Flask, viewer: Browser) -> None:
    turn_on(app, viewer.person)
    run = app.test_cli_runner().invoke
    assert run(args=["remove-second-factor", "nobody@example.com"]).exit_code == 1
    assert run(args=["remove-second-factor", viewer.person.email.upper()]).exit_code == 0
    assert run(args=["remove-second-factor", viewer.person.email]).exit_code == 1
    assert viewer.get(AT).headers["Location"].startswith("/login")
    with app.app_context():
        assert not service.is_on(db.session(), viewer.person.id)
