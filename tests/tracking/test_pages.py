"""/events: the list with its filters, one event with its attempts, and who sees what."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from app.core import ids
from app.core.db import write
from app.core.ids import uuid7
from app.outbound import targets
from app.outbound.models import Attempt, Delivery, Status, TargetState
from app.tracking import log
from app.tracking.models import TrackedEvent
from app.tracking.pages import next_at
from app.tracking.status import EventStatus, event_status
from tests.people import HTMX, Browser, Person

HASH = "f660ab912ec121d1b1e928a0bb4bc61b15f5ad44d5efdc4e1c92a25e99b8e44a"


@pytest.fixture
def pixel(app: Flask, admin: Browser) -> UUID:
    """The id of a pixel's target."""
    return new_target(app, admin.person.account_id)


def new_target(app: Flask, account_id: UUID) -> UUID:
    with app.app_context(), write() as session:
        id = uuid7()
        targets.create(session.connection(), id=id, account_id=account_id, kind="conversion", label="Meta 123")
        return id


def new_event(app: Flask, account_id: UUID, target: UUID, status: str | None = "done", **values: Any) -> UUID:
    """A stored event with its delivery; answers its id."""
    id = uuid7()
    at = ids.created_at(id)
    row = {
        "platform": "facebook",
        "pixel_id": "123",
        "event_name": "EVENT_PURCHASE",
        "event_id": "order-1",
        "event_time": at,
        "click_id": None,
        "value": Decimal("1234.5"),
        "currency": "BRL",
        "identity": {"em": [HASH], "fbc": "fb.1.1700000000000.abc"},
        "fields": {"content_name": "Depósito", "contents": [{"id": "a", "quantity": 2}]},
    } | values
    with app.app_context(), write() as session:
        session.add(
            TrackedEvent(account_id=account_id, created_at=at, id=id, client_id=uuid7(), target_id=target, **row)
        )
        if status is not None:
            add_delivery(session, account_id, target, id, status)
    return id


def add_delivery(session: Any, account_id: UUID, target: UUID, event: UUID, status: str, generation: int = 0) -> UUID:
    at = ids.created_at(event)
    delivery = Delivery(
        account_id=account_id,
        id=uuid7(),
        kind="conversion",
        target_id=target,
        ref_id=event,
        ref_at=at,
        generation=generation,
        status=status,
        next_at=at + timedelta(hours=1),
        created_at=at,
        detail="Invalid parameter" if status == "dead" else None,
    )
    session.add(delivery)
    session.flush()
    return delivery.id


def add_attempt(app: Flask, account_id: UUID, event: UUID, n: int, **values: Any) -> None:
    with app.app_context(), write() as session:
        delivery = session.query(Delivery).filter_by(ref_id=event).order_by(Delivery.generation.desc()).first()
        id = uuid7()
        row = {"http_status": 503, "outcome": "retry", "detail": "Server error", "response": "<h1>busy</h1>", **values}
        at = ids.created_at(id)
        session.add(
            Attempt(
                account_id=account_id, created_at=at, id=id, delivery_id=delivery.id, n=n, started_at=at,
                duration_ms=1234, **row,
            )
        )  # fmt: skip


@pytest.mark.parametrize(
    ("delivery", "target", "word"),
    [
        ("pending", "active", "pending"),
        ("leased", "active", "pending"),
        ("pending", "paused", "paused"),
        ("leased", "paused", "paused"),
        ("pending", "deleted", "cancelled"),
        ("pending", None, "pending"),
        ("done", "paused", "delivered"),
        ("dead", "active", "failed"),
        ("cancelled", "active", "cancelled"),
        (None, "active", "cancelled"),
    ],
)
def test_one_word_says_where_an_event_stands(delivery: str | None, target: str | None, word: str) -> None:
    assert event_status(delivery, target) == word


def test_every_status_has_a_word() -> None:
    found = {event_status(status, state) for status in (*Status, None) for state in TargetState}
    assert found == set(EventStatus)


def test_an_empty_list_teaches(admin: Browser) -> None:
    assert "Ainda não há eventos" in admin.get("/events").text


def test_the_list_is_newest_first_and_paged_by_cursor(app: Flask, admin: Browser, pixel: UUID) -> None:
    own = admin.person.account_id
    events = [new_event(app, own, pixel) for _ in range(5)]

    with app.app_context():
        first = log.search(own, limit=2)
        second = log.search(own, limit=2, after=first.next)
        last = log.search(own, limit=2, after=second.next)
    seen = [line.event.id for page in (first, second, last) for line in page.rows]
    assert seen == events[::-1]
    assert (first.total, last.next) == (5, None)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("platform=kwai", {"kwai"}),
        ("platform=meta", {"done", "dead", "paused", "none", "lost", "waiting"}),
        ("event=EVENT_CONTACT", {"dead"}),
        ("status=delivered", {"done", "kwai"}),
        ("status=failed", {"dead"}),
        ("status=paused", {"paused"}),
        ("status=cancelled", {"none", "lost"}),
        ("status=pending", {"waiting"}),
        ("status=delivered&platform=kwai", {"kwai"}),
        ("event=nobody-sends-this", set()),
    ],
)
def test_filters_find_by_platform_event_and_status(
    app: Flask, admin: Browser, pixel: UUID, query: str, expected: set[str]
) -> None:
    own = admin.person.account_id
    paused, deleted = new_target(app, own), new_target(app, own)
    with app.app_context(), write() as session:
        targets.pause(session.connection(), paused, "Token expired", "auth")
        targets.delete(session.connection(), deleted)
    events = {
        "done": new_event(app, own, pixel),
        "dead": new_event(app, own, pixel, "dead", event_name="EVENT_CONTACT"),
        "paused": new_event(app, own, paused, "pending"),
        "none": new_event(app, own, pixel, "cancelled"),
        "lost": new_event(app, own, deleted, "pending"),
        "waiting": new_event(app, own, pixel, "leased"),
        "kwai": new_event(app, own, pixel, platform="kwai", click_id="k" * 300),
    }
    html = admin.get(f"/events?{query}", headers=HTMX).text
    assert {name for name, id in events.items() if id.hex in html} == expected


def test_a_replayed_event_shows_its_newest_delivery_once(app: Flask, admin: Browser, pixel: UUID) -> None:
    own = admin.person.account_id
    event = new_event(app, own, pixel, "dead")
    with app.app_context(), write() as session:
        add_delivery(session, own, pixel, event, "done", generation=1)
    with app.app_context():
        (line,) = log.search(own).rows
        assert (line.status, log.get(own, event).status) == ("delivered", "delivered")
        assert log.search(own, status="failed").rows == []


@pytest.mark.parametrize("query", ["after=x", "after=%00", "after=" + "a" * 5000, "status=x", "platform=x", "limit=0"])
def test_an_odd_url_still_shows_a_list(app: Flask, admin: Browser, pixel: UUID, query: str) -> None:
    new_event(app, admin.person.account_id, pixel)
    assert admin.get(f"/events?{query}").status_code == (400 if "%00" in query else 200)


def test_the_list_keeps_values_as_people_read_them(app: Flask, admin: Browser, pixel: UUID) -> None:
    new_event(app, admin.person.account_id, pixel, "dead", click_id="<script>alert(1)</script>")
    html = admin.get("/events", headers=HTMX).text
    assert "1.234,50" in html
    assert "Falhou" in html
    assert "Invalid parameter" in html
    assert "<script>" not in html


def test_one_event_shows_every_attempt_but_no_hash(app: Flask, admin: Browser, pixel: UUID) -> None:
    own = admin.person.account_id
    event = new_event(app, own, pixel, "pending")
    add_attempt(app, own, event, 1)
    add_attempt(app, own, event, 2, http_status=None, detail="Timeout", response=None)
    html = admin.get(f"/events/track_{event.hex}").text

    assert html.index("Tentativa 2") < html.index("Tentativa 1") < html.index("Recebido do aplicativo")
    assert all(text in html for text in ("HTTP 503", "1.234 ms", "Timeout", "&lt;h1&gt;busy&lt;/h1&gt;", "Depósito"))
    assert all(text in html for text in ("E-mail", "Clique (fbc)", "Próxima tentativa", f"track_{event.hex}"))
    assert HASH not in html
    assert "fb.1.1700000000000.abc" not in html


def test_an_event_is_found_by_uuid_too(app: Flask, admin: Browser, pixel: UUID) -> None:
    event = new_event(app, admin.person.account_id, pixel)
    assert admin.get(f"/events/{event}").status_code == 200


def test_a_paused_event_says_why_it_waits(app: Flask, admin: Browser, pixel: UUID) -> None:
    event = new_event(app, admin.person.account_id, pixel, "pending")
    with app.app_context(), write() as session:
        targets.pause(session.connection(), pixel, "Session <b>expired</b>", "auth")
    assert "Session &lt;b&gt;expired" in admin.get(f"/events/{event}").text


def test_an_overdue_attempt_is_told_as_due_now(
    app: Flask, admin: Browser, pixel: UUID, travel: Callable[[timedelta], None]
) -> None:
    event = new_event(app, admin.person.account_id, pixel, "pending")  # due in an hour
    with app.app_context():
        planned = next_at(log.get(admin.person.account_id, event))
        travel(timedelta(hours=2))
        overdue = next_at(log.get(admin.person.account_id, event))
    assert planned == ids.created_at(event) + timedelta(hours=1)
    assert overdue is not None
    assert overdue > planned


@pytest.mark.parametrize("id", ["x", "track_", "track_zz", "0" * 32, "track_" + "f" * 32, "a" * 5000])
def test_an_odd_id_is_a_404(admin: Browser, id: str) -> None:
    assert admin.get(f"/events/{id}").status_code == 404


def test_another_accounts_events_are_not_there(app: Flask, admin: Browser, pixel: UUID, other_account: Person) -> None:
    theirs = new_event(app, other_account.account_id, new_target(app, other_account.account_id))
    assert theirs.hex not in admin.get("/events").text
    assert admin.get(f"/events/track_{theirs.hex}").status_code == 404


@pytest.mark.parametrize("role", ["manager", "operator", "viewer"])
def test_every_role_sees_events_and_strangers_sign_in(
    app: Flask, request: pytest.FixtureRequest, make_user: Callable[..., Person], anonymous: Browser, role: str
) -> None:
    browser: Browser = request.getfixturevalue(role)
    event = new_event(app, browser.person.account_id, new_target(app, browser.person.account_id))
    assert browser.get("/events").status_code == 200
    assert browser.get(f"/events/{event}").status_code == 200
    assert anonymous.get(f"/events/{event}").status_code == 303
