"""Linking and unlinking a provider, and confirming by it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from app.accounts.models import User, UserSession
from app.accounts.social.models import SocialLogin
from app.core import clock
from app.core.db import db, write
from tests.accounts.second_factor.authenticator import require_of
from tests.accounts.social.conftest import link, there, told, visit
from tests.accounts.social.provider import BIA, LocalProvider
from tests.letters import letters
from tests.people import Browser, bearer, sign_in

sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def logins(app: Flask) -> list[tuple[str, str]]:
    with app.app_context():
        return [(one.provider, one.subject) for one in db.session.scalars(select(SocialLogin))]


def forget_password(app: Flask, browser: Browser) -> None:
    with app.app_context(), write() as store:
        store.execute(update(User).where(User.id == browser.person.id).values(password_hash=None))


@sqlite
def test_linking_shows_and_unlinking_ends_it(app: Flask, viewer: Browser, provider: LocalProvider) -> None:
    assert link(viewer).headers["Location"] == "/profile/providers"
    shown = viewer.get("/profile/providers")
    assert "ana@example.com" in shown.text
    assert f"form-action 'self' {provider.url} {provider.url};" in shown.headers["Content-Security-Policy"]
    assert viewer.submit("/profile/providers/google/unlink").status_code == 303
    assert logins(app) == []
    assert [letter.subject for letter in letters(app, viewer.person.email)] == [
        "A conta do Google foi vinculada à sua entrada",
        "A conta do Google foi desvinculada da sua entrada",
    ]
    assert viewer.submit("/profile/providers/google/unlink").status_code == 404
    assert viewer.submit("/profile/providers/github/unlink").status_code == 404


def test_an_account_that_is_linked_to_somebody_else_is_refused(app: Flask, viewer: Browser, manager: Browser) -> None:
    link(viewer)
    manager.set_cookie("locale", "en")
    link(manager)
    assert told(manager) == ["Somebody else here already signs in with it."]
    assert logins(app) == [("google", "1001")]


@sqlite
def test_one_account_of_each_provider(app: Flask, viewer: Browser, provider: LocalProvider) -> None:
    link(viewer)
    link(viewer)  # the same once more is no change
    provider.person = dict(BIA)
    link(viewer)
    assert logins(app) == [("google", "1001")]


@sqlite
def test_a_link_is_of_the_session_that_began_it(app: Flask, viewer: Browser, make_user: Any) -> None:
    """Neither the next person at this browser nor nobody takes it over."""
    address = viewer.submit("/profile/providers/google/link").headers["Location"]
    other = sign_in(app, make_user("admin"))
    form_session = viewer.get_cookie("kalitrack_form")
    assert form_session is not None
    other.set_cookie("kalitrack_form", form_session.value)
    other.get(there(address))
    assert logins(app) == []


@sqlite
def test_linking_needs_a_recent_proof_and_a_form_of_ours(viewer: Browser, travel: Any) -> None:
    paths = ("/profile/providers/google/link", "/profile/providers/google/unlink")
    assert [viewer.post(path).status_code for path in paths] == [400, 400]
    travel(timedelta(minutes=31))
    for path in paths:
        assert viewer.submit(path).headers["Location"].startswith("/confirm")


@sqlite
def test_the_only_way_in_stays(app: Flask, viewer: Browser) -> None:
    link(viewer)
    forget_password(app, viewer)
    viewer.set_cookie("locale", "en")
    viewer.submit("/profile/providers/google/unlink")
    assert told(viewer)[-1].startswith("You could not sign in any more")
    link(viewer, "facebook")
    viewer.submit("/profile/providers/google/unlink")
    assert logins(app) == [("facebook", "1001")]


@sqlite
def test_by_api(app: Flask, client: FlaskClient, viewer: Browser) -> None:
    link(viewer)
    headers = bearer(app, viewer.person)
    shown = client.get("/api/auth/providers", headers=headers).json
    assert shown is not None
    assert [(one["provider"], one["linked"], one["email"]) for one in shown["data"]] == [
        ("google", True, "ana@example.com"),
        ("facebook", False, None),
    ]
    assert client.delete("/api/auth/providers/github", headers=headers).status_code == 404
    assert client.delete("/api/auth/providers/facebook", headers=headers).status_code == 404
    forget_password(app, viewer)
    assert client.delete("/api/auth/providers/google", headers=headers).status_code == 409
    link(viewer, "facebook")
    assert client.delete("/api/v1/auth/providers/google", headers=headers).status_code == 204
    with app.app_context(), write() as store:
        store.execute(update(UserSession).values(confirmed_at=clock.now() - timedelta(minutes=31)))
    late = client.delete("/api/auth/providers/facebook", headers=headers)
    assert (late.status_code, late.json["confirmRequired"]) == (403, True)


@sqlite
def test_who_has_no_password_confirms_by_the_provider(
    app: Flask, viewer: Browser, travel: Any, provider: LocalProvider
) -> None:
    link(viewer)
    travel(timedelta(minutes=31))
    assert viewer.get("/profile/providers").headers["Location"].startswith("/confirm")
    provider.person = dict(BIA)
    visit(viewer, "/login/google/confirm?next=/profile/providers")
    assert viewer.get("/profile/providers").status_code == 303
    provider.reset()
    answer = visit(viewer, "/login/google/confirm?next=/profile/providers")
    assert answer.headers["Location"] == "/profile/providers"
    assert viewer.get("/profile/providers").status_code == 200


@sqlite
def test_who_has_no_password_and_needs_a_second_factor_gets_as_far_as_setting_it_up(
    app: Flask, viewer: Browser, travel: Any
) -> None:
    link(viewer)
    require_of(app, viewer.person, "viewer")
    travel(timedelta(minutes=31))
    assert viewer.get("/profile/two-factor").headers["Location"].startswith("/confirm")
    answer = visit(viewer, "/login/google/confirm?next=/profile/two-factor")
    assert answer.headers["Location"] == "/profile/two-factor"
    assert viewer.get("/profile/two-factor").status_code == 200
    assert viewer.get("/events").headers["Location"] == "/profile/two-factor"
