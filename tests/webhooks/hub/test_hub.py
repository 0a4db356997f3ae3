"""What the company's hub is told, by whom, under which names, and what follows its answers."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from app.accounts.sign_in import first_account
from app.core import clock, events
from app.core.db import Base, begin_write, db
from app.core.exchange import Reply, Verdict
from app.core.runtime import runtime
from app.core.settings import Settings
from app.outbound.kinds import Kinds, Owed
from app.outbound.models import Delivery, Status, Target, TargetState
from app.tracking.catalogue import DELIVERED
from app.webhooks.hub import intake
from app.webhooks.hub.adapter import HubEvents
from tests.people import Browser, new_account
from tests.tracking_fixtures import drain
from tests.webhooks.receiving import Receiving, receiving

__all__ = ["drain"]
TOKEN = "internal-token-of-the-company-0123456789"
CONTACT = {"contactId": "01937a3e-4f10-7c3e-8a52-6d3f6a4b9c01", "version": 1, "source": "form"}
SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
Emit = Callable[..., None]


@pytest.fixture
def hub() -> Iterator[Receiving]:
    with receiving() as hub:
        yield hub


@pytest.fixture
def token() -> str | None:
    return TOKEN


@pytest.fixture
def settings(make_settings: Callable[..., Settings], database_url: str, hub: Receiving, token: str | None) -> Settings:
    return make_settings(database_url=database_url, hub_url=f"{hub.url}/api", internal_api_token=token)


@pytest.fixture
def own(app: Flask) -> UUID:
    with app.app_context():
        return first_account(db.session()).id


def tell(app: Flask, account_id: UUID, name: str, payload: dict[str, Any], times: int = 1) -> None:
    with app.app_context(), begin_write(runtime(app).engine) as connection:
        events.emit_all(connection, name, account_id, [payload] * times)


def owed(app: Flask) -> list[Delivery]:
    with app.app_context():
        return list(db.session.scalars(select(Delivery).where(Delivery.kind == "hub").order_by(Delivery.id)).all())


def test_the_hub_is_told_under_its_own_names(app: Flask, own: UUID, hub: Receiving, drain: Callable[..., None]) -> None:
    tell(app, own, "contact.created", CONTACT, times=2)
    tell(app, own, "tracking.delivered", DELIVERED)
    tell(app, own, "contact.updated", CONTACT | {"fields": ["name"]})
    tell(app, new_account(app), "contact.created", CONTACT)
    drain()

    told = sorted((json.loads(one.body) for one in hub.requests), key=lambda one: one["event"])
    assert [one["event"] for one in told] == ["conversion.registered", "lead.created", "lead.created"]
    assert (told[0]["data"], told[1]["data"]) == (DELIVERED, CONTACT)
    assert {(one.path, one.headers["x-internal-token"]) for one in hub.requests} == {("/api/events", TOKEN)}
    assert [delivery.status for delivery in owed(app)] == [Status.DONE] * 3
    with app.app_context():
        target = db.session.get(Target, intake.target_id(own))
        assert target is not None
        assert (target.label, target.per_minute, target.kind) == ("Hub", 60, "hub")


@SQLITE
def test_a_refused_token_pauses_and_is_found_nowhere(
    app: Flask, own: UUID, hub: Receiving, drain: Callable[..., None], admin: Browser
) -> None:
    hub.statuses = [401]
    tell(app, own, "contact.created", CONTACT)
    drain()

    with app.app_context():
        target = db.session.get(Target, intake.target_id(own))
        assert target is not None
        assert (target.state, target.reason_code) == (TargetState.PAUSED, "auth")
        rows = [db.session.execute(select(table)).all() for table in Base.metadata.sorted_tables]
        assert TOKEN not in repr(rows)
    (delivery,) = owed(app)
    assert delivery.status == Status.PENDING
    shown = admin.get(f"/deliveries/{delivery.id}")
    assert (shown.status_code, "lead.created" in shown.text, TOKEN in shown.text) == (200, True, False)
    with app.app_context(), runtime(app).engine.connect() as connection:
        row = Owed(own, delivery.id, "hub", target.id, delivery.ref_id, delivery.ref_at)
        call = Kinds(runtime(app)).get("hub").rebuild(connection, row)
    assert call is not None
    assert TOKEN not in repr(call)


@SQLITE
@pytest.mark.parametrize("token", [None])
def test_without_a_token_nothing_is_told(app: Flask, own: UUID) -> None:
    tell(app, own, "contact.created", CONTACT)
    assert owed(app) == []


@SQLITE
@pytest.mark.parametrize("token", [None])
def test_what_is_owed_without_a_token_dies_where_people_see_it(
    app: Flask, own: UUID, hub: Receiving, drain: Callable[..., None]
) -> None:
    with begin_write(runtime(app).engine) as connection:
        intake.take(connection, "contact.created", own, CONTACT)  # as it was owed while there was one
    drain()
    (delivery,) = owed(app)
    assert (delivery.status, delivery.detail, hub.requests) == (Status.DEAD, "INTERNAL_API_TOKEN is not set", [])


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        (200, Verdict.SENT), (204, Verdict.SENT), (301, Verdict.RETRY), (400, Verdict.REJECTED), (401, Verdict.AUTH),
        (403, Verdict.AUTH), (404, Verdict.REJECTED), (408, Verdict.RETRY), (410, Verdict.REJECTED),
        (422, Verdict.REJECTED), (429, Verdict.THROTTLED), (500, Verdict.RETRY), (503, Verdict.RETRY),
        (None, Verdict.RETRY),
    ],
)  # fmt: skip
def test_what_follows_an_answer(status: int | None, verdict: Verdict) -> None:
    reply = Reply(status, {}, TOKEN.encode(), clock.now(), 5, None if status else "Timeout")
    outcome = HubEvents().read(reply, [])
    assert (outcome.verdict, TOKEN in outcome.detail) == (verdict, False)
