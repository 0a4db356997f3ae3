"""Coming in by a provider: who is let in, who is asked for a company, and what all others hear."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from sqlalchemy import select

from app.accounts import people
from app.accounts.audit import system_actor
from app.accounts.models import Account, AuditEntry, User
from app.accounts.second_factor.models import SecondFactor
from app.accounts.social.models import SocialLogin
from app.core import clock
from app.core.db import db, write
from tests.accounts.social.conftest import is_signed_in, leave, link, there, told, visit
from tests.accounts.social.provider import ANA, BIA, CARL, LocalProvider
from tests.people import Browser, new_browser

sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
opened = pytest.mark.parametrize("registration", ["open"])


def actions(app: Flask) -> list[tuple[str, str | None]]:
    with app.app_context():
        rows = db.session.execute(
            select(AuditEntry.action, AuditEntry.subject).order_by(AuditEntry.created_at, AuditEntry.id)
        )
        return [(action, subject) for action, subject in rows]


def test_who_linked_a_provider_comes_in_by_it_and_goes_on(app: Flask, viewer: Browser) -> None:
    for name in ("google", "facebook"):
        link(viewer, name)
        browser = new_browser(app)
        answer = visit(browser, f"/login/{name}?next=/profile/sessions?page%3D2")
        assert (answer.status_code, answer.headers["Location"]) == (303, "/profile/sessions?page=2")
        assert is_signed_in(browser)
        assert actions(app)[-3:] == [("social.linked", name), ("social.used", name), ("session.started", None)]


@sqlite
def test_what_is_asked_of_the_provider(anonymous: Browser, provider: LocalProvider) -> None:
    there(leave(anonymous))
    asked = provider.asked[0]
    assert asked["redirect_uri"] == "http://127.0.0.1:5001/login/google/callback"
    assert (asked["scope"], asked["code_challenge_method"]) == ("openid email profile", "S256")
    assert all(len(asked[secret]) >= 43 for secret in ("state", "nonce", "code_challenge"))


@sqlite
def test_an_address_that_is_known_is_not_linked_by_itself(
    app: Flask, make_user: Any, anonymous: Browser, provider: LocalProvider
) -> None:
    make_user("admin", email="ana@example.com")
    anonymous.set_cookie("locale", "en")
    answer = visit(anonymous)
    assert answer.headers["Location"] == "/login?next=/"
    assert "already has the address" in told(anonymous)[0]
    assert not is_signed_in(anonymous)
    with app.app_context():
        assert db.session.scalars(select(SocialLogin)).all() == []


@sqlite
def test_unknown_and_disabled_people_hear_the_same(
    app: Flask, make_user: Any, viewer: Browser, provider: LocalProvider
) -> None:
    """And whether an address is known is told to nobody whom the provider does not vouch for."""
    make_user("viewer", email="carl@example.com")
    link(viewer)
    with app.app_context(), write() as store:
        people.disable(store, store.get_one(User, viewer.person.id), system_actor(viewer.person.account_id))
    for person in (ANA, BIA, CARL):  # disabled, unknown, known by an address that may not be theirs
        provider.person = person
        browser = new_browser(app)
        browser.set_cookie("locale", "en")
        visit(browser)
        assert told(browser)[0].startswith("No account here is linked with this Google account."), person
        assert not is_signed_in(browser)


@sqlite
@opened
def test_a_newcomer_names_a_company_and_is_its_administrator(app: Flask, anonymous: Browser) -> None:
    assert visit(anonymous).headers["Location"] == "/login/company"
    shown = anonymous.get("/login/company")
    assert 'value="Ana Lima"' in shown.text
    for wrong in ({}, {"account_name": " ", "name": "Ana"}, {"account_name": "x" * 121, "name": "A"}):
        assert anonymous.submit("/login/company", wrong).status_code == 422
    answer = anonymous.submit("/login/company", {"account_name": "Padaria Lima", "name": "Ana"})

    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    assert is_signed_in(anonymous)
    with app.app_context():
        user = db.session.scalars(select(User)).one()
        assert (user.email, user.role, user.account.name) == ("ana@example.com", "admin", "Padaria Lima")
        assert user.password_hash is None
    assert visit(new_browser(app)).headers["Location"] == "/"


@sqlite
@opened
def test_only_an_address_that_the_provider_vouches_for_opens_an_account(
    anonymous: Browser, provider: LocalProvider
) -> None:
    anonymous.set_cookie("locale", "en")
    for bent in ({"email_verified": False}, {"email": None}, {"email": "no address"}, {}):
        provider.person = ANA | bent
        visit(anonymous, "/login/google" if bent else "/login/facebook")
        assert "does not confirm" in told(anonymous)[0], bent
        assert anonymous.get("/login/company").headers["Location"] == "/login"
        told(anonymous)


@sqlite
@opened
def test_the_question_for_the_company_is_over_after_ten_minutes(anonymous: Browser, travel: Any) -> None:
    visit(anonymous)
    travel(timedelta(minutes=10, seconds=1))
    answer = anonymous.submit("/login/company", {"account_name": "Padaria", "name": "Ana"})
    assert answer.headers["Location"] == "/login"


@sqlite
@opened
def test_a_newcomer_whose_address_was_taken_meanwhile_opens_nothing(
    app: Flask, anonymous: Browser, make_user: Any
) -> None:
    visit(anonymous)
    make_user("viewer", email="ana@example.com")
    answer = anonymous.submit("/login/company", {"account_name": "Padaria", "name": "Ana"})
    assert answer.headers["Location"] == "/login"
    with app.app_context():
        assert len(db.session.scalars(select(Account)).all()) == 1


@sqlite
def test_nobody_is_sent_to_another_site(app: Flask, viewer: Browser) -> None:
    link(viewer)
    for target in ("https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)"):
        browser = new_browser(app)
        address = leave(browser, f"/login/google?next={target}")
        assert "evil" not in parse_qs(urlsplit(address).query)["redirect_uri"][0]
        assert browser.get(there(address)).headers["Location"] == "/"


@sqlite
def test_a_provider_that_nobody_knows_is_not_there(anonymous: Browser) -> None:
    assert "/login/google" in anonymous.get("/login").text
    assert anonymous.get("/login/github").status_code == 404
    assert anonymous.get("/login/github/callback").status_code == 404


@sqlite
def test_who_has_a_second_factor_is_asked_for_it(app: Flask, viewer: Browser) -> None:
    link(viewer)
    with app.app_context(), write() as store:
        now = clock.now()
        store.add(SecondFactor(user_id=viewer.person.id, sealed_secret="x", created_at=now, confirmed_at=now))
    browser = new_browser(app)

    answer = visit(browser, "/login/google?next=/profile")

    assert answer.headers["Location"] == "/login/code?next=/profile"
    assert not is_signed_in(browser)


@sqlite
def test_the_same_address_with_another_subject_is_somebody_else(
    app: Flask, viewer: Browser, provider: LocalProvider, anonymous: Browser
) -> None:
    """Addresses are given to new people; the provider's id of somebody never is."""
    link(viewer)
    provider.person = {**ANA, "sub": "2002"}
    visit(anonymous)
    assert not is_signed_in(anonymous)
