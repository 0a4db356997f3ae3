"""The sign-in page: who comes in, what everybody else is told, and what a cookie is worth afterwards."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from itertools import product
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.accounts import people, sessions
from app.accounts.audit import system_actor
from app.accounts.models import AuditEntry, User, UserSession
from app.accounts.roles import Role
from app.accounts.sign_in import WRONG
from app.core.db import db, write
from app.core.runtime import EXTENSION, runtime
from tests.people import PASSWORD, Browser, Person, new_browser, sign_in

sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # what is tested is not in the database
Travel = Callable[[timedelta], None]


def credentials(person: Person, **changes: str) -> dict[str, str]:
    return {"email": person.email, "password": person.password, **changes}


def is_signed_in(browser: Browser) -> bool:
    return browser.get("/login").status_code == 303


def actions(app: Flask) -> list[str]:
    with app.app_context():
        return list(db.session.scalars(select(AuditEntry.action).order_by(AuditEntry.created_at, AuditEntry.id)))


@sqlite
def test_the_right_password_opens_a_session_and_leads_on(anonymous: Browser, make_user: Any, app: Flask) -> None:
    person = make_user("viewer")

    answer = anonymous.submit("/login", credentials(person, email=f"  {person.email.upper()} ", next="/clients?page=2"))

    assert (answer.status_code, answer.headers["Location"]) == (303, "/clients?page=2")
    assert is_signed_in(anonymous)
    assert actions(app) == ["session.started"]


@sqlite
def test_the_cookie_is_closed_to_scripts_and_to_other_sites(anonymous: Browser, make_user: Any) -> None:
    answer = anonymous.submit("/login", credentials(make_user()))

    cookie = next(value for value in answer.headers.getlist("Set-Cookie") if value.startswith("kalitrack_session="))
    assert all(part in cookie for part in ("HttpOnly", "SameSite=Lax", "Path=/"))
    assert "Domain" not in cookie
    assert "Secure" not in cookie


def test_only_a_hash_of_the_token_is_stored(anonymous: Browser, make_user: Any, app: Flask) -> None:
    anonymous.submit("/login", credentials(make_user()))

    with app.app_context():
        stored = db.session.scalars(select(UserSession.token_hash)).one()
    token = anonymous.session_cookie()
    assert token is not None
    assert len(token) >= 43
    assert stored == sessions.hashed(token)


@sqlite
@pytest.mark.parametrize(
    "changes",
    [
        {"password": "wrong wrong wrong"},
        {"email": "nobody@example.com"},
        {"email": "not an address"},
        {"email": "x" * 5000},
        {"password": "y" * 100_000},
    ],
)
def test_every_wrong_attempt_gets_the_same_answer(anonymous: Browser, make_user: Any, changes: dict[str, str]) -> None:
    person = make_user()

    answer = anonymous.submit("/login", credentials(person, **changes), headers={"Accept-Language": "en"})

    assert answer.status_code == 422
    assert anonymous.session_cookie() is None
    assert answer.text.count("alert-danger") == 1
    assert changes.get("password", PASSWORD) not in answer.text


@sqlite
def test_known_and_unknown_addresses_get_the_same_page(anonymous: Browser, make_user: Any) -> None:
    person = make_user()
    known = anonymous.submit("/login", credentials(person, password="wrong wrong wrong"), htmx=True)
    unknown = anonymous.submit(
        "/login", credentials(person, email="z" + person.email, password="wrong wrong wrong"), htmx=True
    )

    def comparable(text: str) -> str:
        return "\n".join(line for line in text.splitlines() if "csrf_token" not in line and "email" not in line)

    assert known.status_code == unknown.status_code == 422
    assert comparable(known.text) == comparable(unknown.text)


def test_failures_are_audited_without_what_an_unknown_person_typed(
    anonymous: Browser, make_user: Any, app: Flask
) -> None:
    person = make_user()
    anonymous.submit("/login", credentials(person, password="wrong wrong wrong"))
    anonymous.submit("/login", {"email": "my secret password", "password": "wrong wrong wrong"})

    with app.app_context():
        rows = db.session.execute(select(AuditEntry.action, AuditEntry.actor).order_by(AuditEntry.id)).all()
    assert [tuple(row) for row in rows] == [("session.refused", person.email), ("session.refused", "unknown person")]


def test_a_disabled_person_cannot_sign_in(anonymous: Browser, make_user: Any, app: Flask) -> None:
    person = make_user("viewer")
    change(app, person, people.disable)

    assert anonymous.submit("/login", credentials(person)).status_code == 422


def test_ten_failures_close_the_door_for_the_address(anonymous: Browser, make_user: Any) -> None:
    person = make_user()
    for number in range(10):
        form = credentials(person, email=f"{number}@example.com")
        assert anonymous.submit("/login", form).status_code == 422

    answer = anonymous.submit("/login", credentials(person))

    assert answer.status_code == 429
    assert 1 <= int(answer.headers["Retry-After"]) <= 300


@sqlite
def test_the_operator_of_a_large_office_allows_an_address_more(app: Flask, anonymous: Browser, make_user: Any) -> None:
    state = runtime(app)
    office = state.settings.model_copy(update={"sign_in_failures": 12})
    app.extensions[EXTENSION] = replace(state, settings=office)
    person = make_user()
    forms = [credentials(person, email=f"{number}@example.com") for number in range(13)]
    assert [anonymous.submit("/login", form).status_code for form in forms] == [422] * 12 + [429]


def test_ten_failures_close_the_door_for_the_person_from_anywhere(app: Flask, make_user: Any) -> None:
    person = make_user()
    for number in range(10):
        far = {"environ_base": {"REMOTE_ADDR": f"203.0.113.{number}"}}
        new_browser(app).submit("/login", credentials(person, password="wrong wrong wrong"), **far)

    answer = new_browser(app).submit("/login", credentials(person), environ_base={"REMOTE_ADDR": "203.0.113.99"})

    assert answer.status_code == 429


def test_good_sign_ins_do_not_count_as_guesses(app: Flask, make_user: Any) -> None:
    person = make_user("viewer")
    assert {new_browser(app).submit("/login", credentials(person)).status_code for _ in range(15)} == {303}


@sqlite
def test_a_forged_forwarding_header_does_not_open_the_door_again(anonymous: Browser, make_user: Any) -> None:
    person = make_user()
    statuses = []
    for number in range(11):
        form = credentials(person, email=f"{number}@example.com")
        headers = {"X-Forwarded-For": f"198.51.100.{number}"}
        statuses.append(anonymous.submit("/login", form, headers=headers).status_code)
    assert statuses == [422] * 10 + [429]


@sqlite
@pytest.mark.parametrize(
    "target",
    ["//evil.example", "https://evil.example/", "/\\evil.example", "/\t/evil.example", "javascript:alert(1)", "evil"],
)
def test_the_way_on_never_leaves_this_site(anonymous: Browser, make_user: Any, target: str) -> None:
    person = make_user()
    assert anonymous.submit("/login", credentials(person, next=target)).headers["Location"] == "/"
    assert anonymous.get("/login", query_string={"next": target}).headers["Location"] == "/"


def test_a_session_fixed_by_somebody_else_is_not_used(app: Flask, make_user: Any) -> None:
    victim = new_browser(app)
    victim.set_cookie("kalitrack_session", "chosen-by-the-attacker")
    victim.submit("/login", credentials(make_user("viewer")))

    attacker = new_browser(app)
    attacker.set_cookie("kalitrack_session", "chosen-by-the-attacker")
    assert victim.session_cookie() != "chosen-by-the-attacker"
    assert not is_signed_in(attacker)


def test_signing_in_again_ends_the_session_before(app: Flask, make_user: Any) -> None:
    person = make_user("viewer")
    browser = sign_in(app, person)
    copy = new_browser(app)
    copy.set_cookie("kalitrack_session", browser.session_cookie() or "")

    browser.submit("/login", credentials(person))

    assert is_signed_in(browser)
    assert not is_signed_in(copy)


@sqlite
def test_signing_in_renews_the_csrf_token(anonymous: Browser, make_user: Any) -> None:
    before = anonymous.csrf_token()
    anonymous.submit("/login", credentials(make_user()))
    with anonymous.session_transaction() as kept:
        assert "csrf_token" not in kept
    assert anonymous.post("/logout", data={"csrf_token": before}).status_code == 400


def test_signing_out_kills_the_cookie_everywhere(app: Flask, viewer: Browser) -> None:
    copy = new_browser(app)
    copy.set_cookie("kalitrack_session", viewer.session_cookie() or "")

    answer = viewer.submit("/logout")

    assert (answer.status_code, answer.headers["Location"]) == (303, "/login")
    assert viewer.session_cookie() is None
    assert not is_signed_in(copy)


@sqlite
def test_signing_out_is_a_change_and_asks_for_a_token(viewer: Browser) -> None:
    assert viewer.get("/logout").status_code == 405
    assert viewer.post("/logout").status_code == 400
    assert is_signed_in(viewer)


@pytest.mark.parametrize(
    "what",
    [
        people.disable,
        lambda store, user, actor: people.set_password(store, user, "new hash", actor),
        lambda store, user, actor: people.set_role(store, user, Role.MANAGER, actor),
    ],
    ids=["disabled", "password", "role"],
)
def test_what_changes_a_persons_rights_ends_their_sessions(app: Flask, viewer: Browser, what: Any) -> None:
    assert is_signed_in(viewer)
    change(app, viewer.person, what)
    assert not is_signed_in(viewer)


@sqlite
@pytest.mark.parametrize(
    ("role", "pause_h", "pauses", "alive"),
    [
        ("viewer", 7.9, 1, True),
        ("viewer", 8.1, 1, False),
        ("viewer", 7, 23, True),
        ("viewer", 7, 25, False),
        ("admin", 5.9, 2, True),
        ("admin", 6.1, 2, False),
    ],
)
def test_sessions_end_when_idle_and_when_old(
    app: Flask, make_user: Any, travel: Travel, role: str, pause_h: float, pauses: int, alive: bool
) -> None:
    browser = sign_in(app, make_user(role))
    for _ in range(pauses - 1):
        travel(timedelta(hours=pause_h))
        browser.get("/login")
    travel(timedelta(hours=pause_h))
    assert is_signed_in(browser) is alive


def test_a_session_in_use_is_noted_once_a_minute(app: Flask, viewer: Browser, travel: Travel) -> None:
    def seen() -> Any:
        with app.app_context():
            return db.session.scalars(select(UserSession.seen_at)).one()

    first = seen()
    viewer.get("/login")
    assert seen() == first
    travel(timedelta(seconds=61))
    viewer.get("/login")
    assert seen() - first > timedelta(seconds=60)


def test_a_password_is_hashed_anew_when_the_parameters_have_changed(app: Flask, make_user: Any) -> None:
    person = make_user()
    app.config["PASSWORD_COST"] = (2, 16, 1)

    assert new_browser(app).submit("/login", credentials(person)).status_code == 303

    with app.app_context():
        assert "t=2,p=1" in (db.session.get_one(User, person.id).password_hash or "")
    assert new_browser(app).submit("/login", credentials(person)).status_code == 303


def change(app: Flask, person: Person, what: Any) -> None:
    with app.app_context(), write() as store:
        what(store, store.get_one(User, person.id), system_actor(person.account_id))


def test_the_message_is_in_the_catalogue_of_words() -> None:
    assert WRONG.endswith(".")


@sqlite
def test_what_no_form_would_send_is_an_empty_form(anonymous: Browser) -> None:
    odd_ones: list[dict[str, Any]] = [
        {"data": {"email": (BytesIO(b"x"), "a.csv"), "password": "x"}},
        {"data": {"email": "a@example.com", "password": (BytesIO(b"x"), "a.csv")}},
        {"json": {"email": 5, "password": ["x"]}},
        {"json": [1]},
        {"data": b'{"a":' * 5000, "content_type": "application/json"},
    ]
    for odd in odd_ones:
        answer = anonymous.post("/login", headers={"X-CSRFToken": anonymous.csrf_token()}, **odd)
        assert answer.status_code == 422, odd


@sqlite
def test_somebody_of_a_provider_has_no_password_to_guess(app: Flask, anonymous: Browser, viewer: Browser) -> None:
    with app.app_context(), write() as store:
        store.get_one(User, viewer.person.id).password_hash = None
    for password in (PASSWORD, "", "None", "nobody has this password"):
        assert anonymous.submit("/login", credentials(viewer.person, password=password)).status_code == 422, password
    assert viewer.get("/profile").status_code == 200
    form = {"current_password": PASSWORD, "password": "a new one of theirs", "repeated": "a new one of theirs"}
    assert viewer.submit("/profile/password", form).status_code == 422


@sqlite
def test_a_thousand_wrong_passwords_of_a_thousand_addresses(app: Flask, make_user: Any) -> None:
    """Ten are judged, the others turned away unread; nor does the right one pass then."""
    person, client = make_user(), app.test_client()
    body = {"email": person.email, "password": "wrong wrong wrong"}
    answers = Counter[int]()
    for number in range(1000):
        address = {"REMOTE_ADDR": f"198.51.{number // 250}.{number % 250}"}
        answers[client.post("/api/auth/login", json=body, environ_base=address).status_code] += 1
    last = client.post(
        "/api/auth/login", json={**body, "password": PASSWORD}, environ_base={"REMOTE_ADDR": "192.0.2.1"}
    )

    assert answers == {401: 10, 429: 990}
    assert (last.status_code, last.headers["RateLimit-Policy"]) == (429, '"sign-in-person";q=10;w=300')
    assert last.headers["RateLimit"].startswith('"sign-in-person";r=0;t=')
    assert 1 <= int(last.headers["Retry-After"]) <= 300
    assert actions(app) == ["session.refused"] * 10


@sqlite
@pytest.mark.alone
def test_known_unknown_and_disabled_people_take_the_same_time(app: Flask, make_user: Any) -> None:
    app.config["PASSWORD_COST"] = (2, 16 * 1024, 1)  # some 10 ms, as the rest is nothing then
    known, disabled = make_user(), make_user("viewer")
    change(app, disabled, people.disable)
    emails = {"known": known.email, "disabled": disabled.email, "unknown": "nobody@example.com"}
    took: dict[str, list[float]] = {who: [] for who in emails}
    client = app.test_client()
    for number, (who, email) in product(range(6), emails.items()):
        begun = time.thread_time()
        body = {"email": email, "password": "wrong wrong wrong"}
        answer = client.post("/api/auth/login", json=body, environ_base={"REMOTE_ADDR": f"192.0.2.{number}"})
        took[who].append(time.thread_time() - begun)
        assert answer.status_code == 401
    least = {who: min(times) for who, times in took.items()}  # what else the machine does can only add
    assert max(least.values()) / min(least.values()) < 1.35, least
