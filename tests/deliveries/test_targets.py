"""A target's page: what holds it back in words, and the verbs on it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from app.accounts.models import AuditEntry
from app.core import clock
from app.core.db import db
from app.core.i18n import datetime_text
from app.outbound.models import Breaker, Target
from tests.deliveries.conftest import Owe
from tests.outbound.ledger import Ledger
from tests.people import Browser

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def page(browser: Browser, pixel: UUID) -> str:
    return browser.get(f"/deliveries/targets/{pixel}").get_data(as_text=True)


def test_what_holds_it_back_is_said_in_words(
    app: Flask, admin: Browser, make_pixel: Callable[..., UUID], owe: Owe, dead: Owe, ledger: Ledger
) -> None:
    pixel = make_pixel()
    owe(pixel, 1234)
    dead(pixel, 2)
    until = clock.now() + timedelta(minutes=4)
    ledger.change(Target, pixel, breaker=Breaker.OPEN, breaker_until=until, failures=5, last_error="HTTP 503")

    shown = page(admin, pixel)
    with app.test_request_context():
        assert f"Aberto até {datetime_text(until)} depois de 5 falhas seguidas." in shown
    assert "1.234" in shown
    assert "HTTP 503" in shown
    assert "depois de 1 segundo, 3 segundos e 8 segundos, depois de 15 segundos" in shown
    ledger.change(Target, pixel, breaker=Breaker.HALF_OPEN)
    assert "Uma chamada testa se voltou." in page(admin, pixel)


def test_an_administrator_pauses_resumes_and_resets(
    app: Flask, admin: Browser, make_pixel: Callable[..., UUID], ledger: Ledger
) -> None:
    pixel = make_pixel()
    path = f"/deliveries/targets/{pixel}"
    for reason in ("", " ", "x" * 201, "two\nlines"):
        assert admin.submit(f"{path}/pause", {"reason": reason}).status_code == 422
    assert admin.submit(f"{path}/pause", {"reason": "Estoque acabou"}).status_code == 303
    assert "Estoque acabou" in page(admin, pixel)
    assert admin.submit(f"{path}/resume").status_code == 303
    ledger.change(Target, pixel, breaker=Breaker.OPEN, failures=5, not_before=clock.now() + timedelta(hours=1))
    assert "Zerar o disjuntor e tentar já" in page(admin, pixel)
    assert admin.submit(f"{path}/reset").status_code == 303
    assert "Zerar o disjuntor e tentar já" not in page(admin, pixel)

    with app.app_context():
        found = db.session.scalars(select(AuditEntry.action).where(AuditEntry.subject_id == str(pixel)))
        assert set(found) >= {"target.paused", "target.resumed", "target.reset"}


def test_a_deleted_target_cannot_be_operated(admin: Browser, make_pixel: Callable[..., UUID], ledger: Ledger) -> None:
    pixel = make_pixel()
    ledger.change(Target, pixel, state="deleted")

    admin.submit(f"/deliveries/targets/{pixel}/resume")
    shown = page(admin, pixel)
    assert "só resta o histórico" in shown
    assert 'name="reason"' not in shown
    assert ledger.target(pixel).state == "deleted"
