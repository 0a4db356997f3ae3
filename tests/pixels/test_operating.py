"""Pause, resume and breaker reset from a pixel's page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select, update

from app.accounts.models import AuditEntry
from app.core import clock
from app.core.access import Actor
from app.core.db import db, write
from app.outbound.models import Target
from tests.people import Browser

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
VERBS = ["pause", "resume", "reset-breaker"]


def stored(app: Flask, id: UUID) -> Target:
    with app.app_context():
        return db.session.get_one(Target, id)


def audited(app: Flask) -> list[str]:
    with app.app_context():
        return list(db.session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))


def test_a_pixel_is_paused_with_a_reason_and_resumed(
    app: Flask, admin: Browser, make_pixel: Callable[..., UUID]
) -> None:
    id = make_pixel()
    assert admin.submit(f"/pixels/{id}/pause", {"reason": "<b>token novo</b>"}).location == f"/pixels/{id}"
    shown = admin.get(f"/pixels/{id}").text
    assert "&lt;b&gt;token novo&lt;/b&gt;" in shown
    assert (stored(app, id).state, stored(app, id).reason_code) == ("paused", "user")

    admin.submit(f"/pixels/{id}/pause", {"reason": "again"})
    admin.submit(f"/pixels/{id}/resume")
    admin.submit(f"/pixels/{id}/resume")
    assert (stored(app, id).state, stored(app, id).reason) == ("active", None)
    assert audited(app)[1:] == ["target.paused", "target.resumed"]


@pytest.mark.parametrize("reason", ["", "   ", "x" * 201, "two\nlines"])
def test_a_pause_needs_a_short_reason(app: Flask, admin: Browser, make_pixel: Callable[..., UUID], reason: str) -> None:
    id = make_pixel()
    answer = admin.submit(f"/pixels/{id}/pause", {"reason": reason}, htmx=True)
    assert (answer.status_code, 'id="reason-error"' in answer.text) == (422, True)
    assert answer.text.lstrip().startswith("<form")
    assert stored(app, id).state == "active"


def test_an_open_breaker_is_told_and_reset(app: Flask, admin: Browser, make_pixel: Callable[..., UUID]) -> None:
    id = make_pixel()
    until = clock.now() + timedelta(minutes=5)
    with app.app_context(), write() as session:
        session.execute(update(Target).values(breaker="open", breaker_until=until, failures=5, last_error="<i>Timeout"))
    shown = admin.get(f"/pixels/{id}").text

    assert "5 chamadas seguidas falharam" in shown
    assert "&lt;i&gt;Timeout" in shown
    admin.submit(f"/pixels/{id}/reset-breaker")
    assert (stored(app, id).breaker, stored(app, id).failures) == ("closed", 0)
    assert audited(app)[-1] == "target.reset"


@pytest.mark.parametrize("verb", VERBS)
def test_only_administrators_of_the_account_operate_it(
    app: Flask,
    admin: Browser,
    manager: Browser,
    viewer: Browser,
    stranger: Actor,
    make_pixel: Callable[..., UUID],
    verb: str,
) -> None:
    own, theirs = make_pixel(), make_pixel(by=stranger)
    form = {"reason": "x"}
    assert {each.submit(f"/pixels/{own}/{verb}", form).status_code for each in (manager, viewer)} == {403}
    assert admin.submit(f"/pixels/{theirs}/{verb}", form).status_code == 404
    assert admin.post(f"/pixels/{own}/{verb}", data=form).status_code == 400
    assert f"/pixels/{own}/{verb}" not in manager.get(f"/pixels/{own}").text
    assert [stored(app, id).state for id in (own, theirs)] == ["active", "active"]
