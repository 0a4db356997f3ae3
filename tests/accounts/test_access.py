"""Every view says who may open it, and means it."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from sqlalchemy import select

from app.accounts import roles
from app.accounts.models import AuditEntry
from app.core.access import requires
from app.core.db import db
from app.core.errors import TOO_OLD
from app.core.ids import uuid7
from tests.people import HTMX, Browser

sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # what is tested is not in the database


def unsafe_urls(app: Flask, *, api: bool) -> list[str]:
    rules = [rule for rule in app.url_map.iter_rules() if "POST" in (rule.methods or ())]
    paths = [re.sub(r"<any\((\w+)[^>]*>", r"\1", rule.rule) for rule in rules]  # one of those that it takes
    return [re.sub("<[^>]+>", str(uuid7()), path) for path in paths if path.startswith("/api/") is api]


@sqlite
def test_every_page_that_changes_something_asks_for_a_csrf_token(app: Flask, admin: Browser) -> None:
    """But for those of a contact's own link, where nobody is signed in: their form has a token of its own
    (tests/contacts/consent)."""
    urls = [url for url in unsafe_urls(app, api=False) if not url.startswith("/preferences/")]
    answers = {url: admin.post(url).status_code for url in urls}
    assert len(answers) > 5
    assert {url: status for url, status in answers.items() if status != 400} == {}


@sqlite
def test_no_endpoint_of_the_api_asks_for_a_csrf_token(app: Flask, admin: Browser) -> None:
    answers = {url: admin.post(url).text for url in unsafe_urls(app, api=True)}
    assert len(answers) > 5
    assert [url for url, text in answers.items() if TOO_OLD in text] == []


def test_a_permission_must_look_like_one() -> None:
    with pytest.raises(TypeError):
        requires("admin")


def test_roles_are_the_matrix() -> None:
    assert roles.permissions_of("nobody") == frozenset()
    assert roles.VIEWER <= roles.OPERATOR <= roles.MANAGER <= roles.ADMIN
    assert not {"pixels.edit", "clients.view", "targets.operate"} & roles.MANAGER
    assert not any("events.write" in permissions for permissions in roles.PERMISSIONS.values())


@sqlite
def test_a_stranger_is_sent_to_sign_in_and_back(anonymous: Browser) -> None:
    answer = anonymous.get("/clients?q=a%26b&page=2")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/login?next=/clients%3Fq%3Da%2526b%26page%3D2")


@sqlite
def test_a_fragment_sends_a_stranger_to_sign_in_with_the_page_around_it(anonymous: Browser) -> None:
    headers = {**HTMX, "HX-Current-URL": "http://localhost/clients?page=2"}
    answer = anonymous.get("/clients/x/first-event", headers=headers)
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (401, "/login?next=/clients%3Fpage%3D2")


@sqlite
def test_a_change_by_a_stranger_does_not_come_back_as_a_change(anonymous: Browser) -> None:
    assert anonymous.submit("/clients", {"name": "x"}).headers["Location"] == "/login?next=/"


def test_a_denial_is_audited_and_a_flood_of_them_is_not(app: Flask, viewer: Browser) -> None:
    for _ in range(25):
        viewer.submit("/clients", {"name": "x"})
    with app.app_context():
        rows = db.session.execute(select(AuditEntry.action, AuditEntry.subject, AuditEntry.user_id)).all()
    assert set(rows) == {("access.denied", "clients.edit", viewer.person.id)}
    assert len(rows) == 20
