"""The page of oneself: what people change about themselves, and what a new password does to old sessions."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask, g
from sqlalchemy import select

from app.accounts.models import AuditEntry, User
from app.accounts.sign_in import PER_PERSON
from app.core.db import db
from tests.people import PASSWORD, Browser, bearer, new_browser, sign_in

NEW = "outra frase bem comprida"
MINE = {"name": "Ana Souza", "locale": "en", "timezone": "America/Manaus", "theme": "dark"}
CHANGE = {"current_password": PASSWORD, "password": NEW, "repeated": NEW}
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def kept(app: Flask, browser: Browser) -> User:
    with app.app_context():
        return db.session.get_one(User, browser.person.id)


def entries(app: Flask) -> list[tuple[str, Any]]:
    with app.app_context():
        rows = db.session.execute(select(AuditEntry.action, AuditEntry.changes).order_by(AuditEntry.id))
        return [(action, changes) for action, changes in rows]


def is_signed_in(browser: Browser) -> bool:
    return browser.get("/profile").status_code == 200


@pytest.mark.parametrize("role", ["admin", "manager", "operator", "viewer"])
@on_sqlite
def test_everybody_reaches_their_own_page_from_the_menu(app: Flask, make_user: Any, role: str) -> None:
    browser = sign_in(app, make_user(role))
    answer = browser.get("/profile")
    assert answer.status_code == 200
    assert '<a href="/profile"' in answer.text
    assert browser.person.email in answer.text


@on_sqlite
def test_a_stranger_signs_in_first(anonymous: Browser) -> None:
    assert anonymous.get("/profile").headers["Location"] == "/login?next=/profile"
    assert anonymous.submit("/profile", MINE).headers["Location"] == "/login?next=/"
    assert anonymous.submit("/profile/password", CHANGE).headers["Location"] == "/login?next=/"


def test_choices_are_kept_with_the_person_and_recorded(app: Flask, viewer: Browser) -> None:
    answer = viewer.submit("/profile", {**MINE, "name": "  Ana Souza "})

    assert (answer.status_code, answer.headers["Location"]) == (303, "/profile")
    user = kept(app, viewer)
    assert (user.name, user.locale, user.theme, user.timezone) == ("Ana Souza", "en", "dark", "America/Manaus")
    changes = {"name": ["Test viewer", "Ana Souza"], "locale": [None, "en"], "theme": [None, "dark"]}
    assert entries(app) == [("user.updated", {**changes, "timezone": [None, "America/Manaus"]})]
    page = viewer.get("/profile").text
    assert "Profile saved." in page
    assert 'lang="en" data-theme="dark"' in page


@on_sqlite
def test_saving_without_a_change_leaves_no_trace(app: Flask, viewer: Browser) -> None:
    viewer.submit("/profile", MINE)
    viewer.submit("/profile", MINE)
    assert len(entries(app)) == 1


@on_sqlite
def test_times_are_shown_in_the_persons_zone_else_the_accounts(viewer: Browser) -> None:
    with viewer:
        viewer.get("/profile")
        assert g.timezone == "America/Sao_Paulo"
    viewer.submit("/profile", MINE)
    with viewer:
        viewer.get("/profile")
        assert g.timezone == "America/Manaus"


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("", None),
        ("   ", None),
        ("america/sao paulo", "America/Sao_Paulo"),
        ("utc", "UTC"),
        (" Asia/Tokyo ", "Asia/Tokyo"),
    ],
)
@on_sqlite
def test_a_zone_is_found_as_people_type_it(app: Flask, viewer: Browser, typed: str, stored: str | None) -> None:
    viewer.submit("/profile", {**MINE, "timezone": "Europe/Lisbon"})
    assert viewer.submit("/profile", {**MINE, "timezone": typed}).status_code == 303
    assert kept(app, viewer).timezone == stored


WRONG = [
    ({"name": " "}, "name"),
    ({"name": "x" * 121}, "name"),
    ({"locale": "xx"}, "locale"),
    ({"locale": "../../en"}, "locale"),
    ({"theme": "pink"}, "theme"),
    ({"timezone": "Mars/Olympus"}, "timezone"),
    ({"timezone": "../../etc/passwd"}, "timezone"),
    ({"timezone": "localtime"}, "timezone"),
    ({"timezone": "x" * 100_000}, "timezone"),
]


@pytest.mark.parametrize(("changes", "field"), WRONG)
@on_sqlite
def test_what_cannot_be_kept_is_said_beside_its_field(
    app: Flask, viewer: Browser, changes: dict[str, str], field: str
) -> None:
    answer = viewer.submit("/profile", {**MINE, **changes}, htmx=True)
    assert answer.status_code == 422
    assert answer.text.lstrip().startswith('<form method="post" action="/profile"')
    assert f'id="{field}-error"' in answer.text
    assert field == "name" or 'value="Ana Souza"' in answer.text
    assert kept(app, viewer).name == "Test viewer"


@on_sqlite
def test_a_form_with_nothing_in_it_is_refused_in_words(viewer: Browser) -> None:
    assert viewer.submit("/profile").status_code == 422
    answer = viewer.submit("/profile/password")
    assert answer.status_code == 422
    assert answer.text.count("Este campo é obrigatório.") >= 3


@on_sqlite
def test_a_hostile_name_is_shown_as_text(viewer: Browser) -> None:
    viewer.submit("/profile", {**MINE, "name": '"><script>alert(1)</script>'})
    page = viewer.get("/profile").text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page


@on_sqlite
def test_nobody_changes_their_role_address_or_account_here(app: Flask, viewer: Browser, other_account: Any) -> None:
    more = {"role": "admin", "email": "boss@example.com", "account_id": str(other_account.account_id), "id": "1"}
    viewer.submit("/profile", {**MINE, **more})
    user = kept(app, viewer)
    assert (user.role, user.email, user.account_id) == ("viewer", viewer.person.email, viewer.person.account_id)


def test_a_new_password_ends_all_other_sessions_and_renews_this_one(app: Flask, viewer: Browser) -> None:
    other, copy = sign_in(app, viewer.person), new_browser(app)
    copy.set_cookie("kalitrack_session", viewer.session_cookie() or "")
    token, before = bearer(app, viewer.person), viewer.session_cookie()

    answer = viewer.submit("/profile/password", CHANGE)

    assert (answer.status_code, answer.headers["Location"]) == (303, "/profile")
    assert viewer.session_cookie() != before
    assert [is_signed_in(browser) for browser in (viewer, other, copy)] == [True, False, False]
    assert new_browser(app).get("/api/auth/me", headers=token).status_code == 401
    assert entries(app) == [("password.changed", None)]
    signed_in = {"email": viewer.person.email, "password": NEW}
    assert new_browser(app).submit("/login", signed_in).status_code == 303
    assert new_browser(app).submit("/login", {**signed_in, "password": PASSWORD}).status_code == 422


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"current_password": "wrong wrong wrong"}, "current_password"),
        ({"current_password": "y" * 100_000}, "current_password"),
        ({"password": "curta", "repeated": "curta"}, "password"),
        ({"password": "z" * 129, "repeated": "z" * 129}, "password"),
        ({"password": "1234567890", "repeated": "1234567890"}, "password"),
        ({"password": "kalitrack 2026!", "repeated": "kalitrack 2026!"}, "password"),
        ({"password": PASSWORD, "repeated": PASSWORD}, "password"),
        ({"repeated": NEW + "x"}, "repeated"),
    ],
)
@on_sqlite
def test_a_password_that_cannot_be_set_changes_nothing_and_is_not_repeated(
    app: Flask, viewer: Browser, changes: dict[str, str], field: str
) -> None:
    other, before = sign_in(app, viewer.person), kept(app, viewer).password_hash
    answer = viewer.submit("/profile/password", {**CHANGE, **changes}, htmx=True)

    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    assert not any(value in answer.text for value in {**CHANGE, **changes}.values())
    assert kept(app, viewer).password_hash == before
    assert is_signed_in(other)
    assert PASSWORD not in str(entries(app))


def test_guessing_the_present_password_is_limited_as_signing_in_is(app: Flask, viewer: Browser) -> None:
    wrong = {**CHANGE, "current_password": "wrong wrong wrong"}
    statuses = [viewer.submit("/profile/password", wrong).status_code for _ in range(PER_PERSON.amount)]
    assert statuses == [422] * PER_PERSON.amount
    assert entries(app) == [("password.refused", None)] * PER_PERSON.amount

    answer = viewer.submit("/profile/password", CHANGE)

    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) >= 1
    assert is_signed_in(viewer)


@on_sqlite
def test_a_right_password_does_not_count_as_a_guess(viewer: Browser) -> None:
    weak = {**CHANGE, "password": "curta", "repeated": "curta"}
    assert {viewer.submit("/profile/password", weak).status_code for _ in range(15)} == {422}


@on_sqlite
def test_a_session_cut_off_meanwhile_cannot_set_a_password(app: Flask, viewer: Browser) -> None:
    other = sign_in(app, viewer.person)
    other.submit("/profile/password", CHANGE)
    assert viewer.submit("/profile/password", CHANGE).headers["Location"] == "/login?next=/"


@on_sqlite
def test_a_persons_choice_wins_over_what_was_set_in_another_browser(app: Flask, viewer: Browser) -> None:
    viewer.submit("/profile", MINE)
    other = sign_in(app, viewer.person)
    other.set_cookie("locale", "pt_BR")
    other.set_cookie("theme", "light")
    assert 'lang="en" data-theme="dark"' in other.get("/profile").text

    other.submit("/preferences", {"locale": "pt_BR"})
    assert 'lang="pt-BR" data-theme="dark"' in viewer.get("/profile").text


@on_sqlite
def test_who_never_chose_keeps_what_the_browser_says(viewer: Browser) -> None:
    viewer.set_cookie("locale", "en")
    viewer.set_cookie("theme", "dark")
    assert 'lang="en" data-theme="dark"' in viewer.get("/profile").text


@on_sqlite
def test_a_choice_stays_in_the_browser_after_signing_out(viewer: Browser) -> None:
    viewer.submit("/profile", MINE)
    viewer.submit("/logout")
    assert 'lang="en" data-theme="dark"' in viewer.get("/login").text
