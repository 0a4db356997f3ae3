"""Edit and replay: what is corrected, what is refused, and that nobody sees a person's stored values."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from hashlib import sha256
from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from app.accounts.models import AuditEntry
from app.core import clock
from app.core.db import db, write
from app.core.rollup import hour_of
from app.outbound import repair, targets
from app.outbound.models import Delivery
from app.simulator import Simulator
from app.tracking import matches
from app.tracking.models import TrackedEvent
from tests.people import Browser
from tests.tracking.events import HASH, new_event, new_target
from tests.tracking_fixtures import META_PURCHASE, Sender

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
FIELDS: dict[str, Any] = {
    "value": "50", "currency": "BRL", "content_name": "Curso", "action_source": "website", "order_id": "o-1",
    "contents": [{"id": "a", "quantity": 2}], "consent": {"ad_user_data": "granted"}, "fbclid": "IwAR0abc",
    "pixel_id": "123",
}  # fmt: skip
IDENTITY: dict[str, Any] = {"em": [HASH], "client_ip_address": "203.0.113.7", "fbc": "fb.1.1700000000000.IwAR0abc"}


@pytest.fixture
def pixel(app: Flask, admin: Browser) -> UUID:
    return new_target(app, admin.person.account_id)


def failed(app: Flask, own: UUID, pixel: UUID, status: str = "dead", **values: Any) -> UUID:
    given = {"fields": FIELDS, "identity": IDENTITY, "click_id": "IwAR0abc", **values}
    return new_event(app, own, pixel, status, **given)


def form_of(browser: Browser, event: UUID) -> dict[str, str]:
    """The form as the page shows it."""
    page = browser.get(f"/events/{event}/correct").text
    found = {}
    for tag in re.findall(r"<input[^>]*>", page):
        if name := re.search(r'name="(\w+)"', tag):
            value = re.search(r'value="([^"]*)"', tag)
            found[name[1]] = html.unescape(value[1]) if value else ""
    for name, text in re.findall(r'<textarea[^>]*name="(\w+)"[^>]*>\s?(.*?)</textarea>', page, re.S):
        found[name] = html.unescape(text)
    found["action_source"] = "website"
    return {name: value for name, value in found.items() if name not in ("csrf_token", "q")}


def stored(app: Flask, event: UUID) -> tuple[TrackedEvent, Delivery]:
    with app.app_context():
        found = db.session.query(TrackedEvent).filter_by(id=event).one()
        delivery = db.session.query(Delivery).filter_by(id=event).one()
        db.session.expunge_all()
        return found, delivery


def test_a_correction_is_kept_and_sent_again(app: Flask, manager: Browser) -> None:
    own = manager.person.account_id
    pixel = new_target(app, own)
    event = failed(app, own, pixel)
    form = form_of(manager, event) | {"value": "79,90", "currency": "usd", "email": "ana@example.com"}
    answer = manager.submit(f"/events/{event}/correct", form)
    assert (answer.status_code, answer.location) == (303, f"/events/{event}")

    found, delivery = stored(app, event)
    digest = sha256(b"ana@example.com").hexdigest()
    assert found.fields == {**FIELDS, "value": "79.90", "currency": "USD"}
    assert (str(found.value), found.currency, found.em_hash) in (("79.90", "USD", digest), ("79.900000", "USD", digest))
    assert found.identity == {**IDENTITY, "em": [digest]}
    assert found.edited_at is not None
    assert (delivery.status, delivery.generation) == ("pending", 1)
    with app.app_context():
        entry = db.session.query(AuditEntry).filter_by(action="event.corrected").one()
        assert entry.changes == {"value": ["50", "79.90"], "currency": ["BRL", "USD"], "personal": [None, ["email"]]}


@on_sqlite
def test_saving_without_a_change_only_sends_again(app: Flask, admin: Browser, pixel: UUID) -> None:
    event = failed(app, admin.person.account_id, pixel)
    assert admin.submit(f"/events/{event}/correct", form_of(admin, event)).status_code == 303
    found, delivery = stored(app, event)
    assert (found.fields, found.identity, found.edited_at) == (FIELDS, IDENTITY, None)
    assert (delivery.status, delivery.generation) == ("pending", 1)


@on_sqlite
def test_a_waiting_event_keeps_its_place_in_the_queue(app: Flask, admin: Browser, pixel: UUID) -> None:
    event = failed(app, admin.person.account_id, pixel, "pending")
    before = stored(app, event)[1].next_at
    answer = admin.submit(f"/events/{event}/correct", form_of(admin, event) | {"value": "9"}, follow_redirects=True)
    assert "a próxima tentativa envia" in answer.text
    found, delivery = stored(app, event)
    assert (found.fields["value"], delivery.next_at, delivery.generation) == ("9", before, 0)


@on_sqlite
def test_an_emptied_field_is_taken_out_and_a_new_click_makes_a_new_fbc(app: Flask, admin: Browser, pixel: UUID) -> None:
    event = failed(app, admin.person.account_id, pixel)
    form = form_of(admin, event) | {"order_id": "", "fbclid": "IwAR0new", "contents": ""}
    assert admin.submit(f"/events/{event}/correct", form).status_code == 303
    found, _delivery = stored(app, event)
    assert "order_id" not in found.fields
    assert "contents" not in found.fields
    assert found.click_id == "IwAR0new"
    assert found.identity["fbc"].endswith(".IwAR0new")
    assert found.identity["em"] == [HASH]


@pytest.mark.parametrize(("typed", "kept"), [("49,90", "49.90"), ("1.234,50", "1234.50"), ("49.90", "49.90")])
@on_sqlite
def test_an_amount_is_typed_as_people_here_write_it(
    app: Flask, admin: Browser, pixel: UUID, typed: str, kept: str
) -> None:
    event = failed(app, admin.person.account_id, pixel)
    assert admin.submit(f"/events/{event}/correct", form_of(admin, event) | {"value": typed}).status_code == 303
    assert stored(app, event)[0].fields["value"] == kept


@on_sqlite
def test_a_kwai_event_has_its_click_and_no_person(app: Flask, admin: Browser) -> None:
    own = admin.person.account_id
    event = failed(app, own, new_target(app, own, "Kwai 9"), platform="kwai", identity={}, fields={"value": "1"})
    form = form_of(admin, event)
    assert "email" not in form
    assert admin.submit(f"/events/{event}/correct", form | {"click_id": "new-click"}).status_code == 303
    assert stored(app, event)[0].click_id == "new-click"


@on_sqlite
def test_what_is_wrong_is_told_beside_its_field_and_nothing_is_kept(app: Flask, admin: Browser, pixel: UUID) -> None:
    own = admin.person.account_id
    event = failed(app, own, pixel)
    form = form_of(admin, event)
    for name, value in {
        "value": "many", "currency": "XXXX", "num_items": "-1", "contents": "[1", "action_source": "moon",
        "order_id": "x" * 300, "email": "not an address", "phone": "12", "client_ip_address": "999.1.1.1",
    }.items():  # fmt: skip
        answer = admin.submit(f"/events/{event}/correct", form | {name: value})
        assert answer.status_code == 422, name
        assert f'id="{name}-error"' in answer.text, name
        assert "must be" not in answer.text, name
        assert "should" not in answer.text, name
    for hostile in ('[] , "value": 1', "{}", '[{"price": true}]', "[" * 5000, '[{"id": "\\ud800"}]'):
        assert admin.submit(f"/events/{event}/correct", form | {"contents": hostile}).status_code == 422, hostile
    assert stored(app, event)[0].fields == FIELDS
    assert stored(app, event)[1].status == "dead"


@on_sqlite
def test_an_event_that_nobody_could_be_recognised_by_is_refused(app: Flask, admin: Browser, pixel: UUID) -> None:
    identity = {"fbc": "fb.1.1700000000000.IwAR0abc"}
    event = failed(app, admin.person.account_id, pixel, identity=identity)
    answer = admin.submit(f"/events/{event}/correct", form_of(admin, event) | {"fbclid": ""})
    assert answer.status_code == 422
    assert "Meta needs at least one" in answer.text


@pytest.mark.parametrize(
    ("status", "values", "words"),
    [
        ("done", {}, "já tem este evento"),
        ("cancelled", {"error": "consent"}, "negou o consentimento"),
        ("leased", {}, "sendo enviado agora"),
    ],
)
@on_sqlite
def test_what_cannot_be_corrected_leads_back_with_the_reason(
    app: Flask, admin: Browser, pixel: UUID, status: str, values: dict[str, Any], words: str
) -> None:
    event = failed(app, admin.person.account_id, pixel, status, **values)
    assert words in admin.get(f"/events/{event}/correct", follow_redirects=True).text
    assert words in admin.submit(f"/events/{event}/correct", {"value": "1"}, follow_redirects=True).text
    assert stored(app, event)[0].edited_at is None


@on_sqlite
def test_an_event_of_a_deleted_pixel_cannot_be_corrected(app: Flask, admin: Browser, pixel: UUID) -> None:
    event = failed(app, admin.person.account_id, pixel)
    with app.app_context(), write() as session:
        targets.delete(session.connection(), pixel)
    assert "foi excluído" in admin.get(f"/events/{event}/correct", follow_redirects=True).text


@on_sqlite
def test_of_two_people_the_second_is_told(app: Flask, admin: Browser, pixel: UUID) -> None:
    event = failed(app, admin.person.account_id, pixel)
    stale = form_of(admin, event)
    assert admin.submit(f"/events/{event}/correct", stale | {"value": "1"}).status_code == 303
    answer = admin.submit(f"/events/{event}/correct", stale | {"value": "2"})
    assert answer.status_code == 422
    assert "outra pessoa corrigiu ou reenviou" in answer.text
    assert stored(app, event)[0].fields["value"] == "1"
    fresh = re.search(r'name="version" type="hidden" value="([^"]+)"', answer.text)
    assert fresh is not None
    again = stale | {"value": "2", "version": html.unescape(fresh[1])}
    assert admin.submit(f"/events/{event}/correct", again).status_code == 303


@on_sqlite
def test_a_replay_in_between_counts_as_somebody_elses_change(app: Flask, admin: Browser, pixel: UUID) -> None:
    event = failed(app, admin.person.account_id, pixel)
    stale = form_of(admin, event)
    with app.app_context(), write() as session:
        repair.replay(session.connection(), admin.person.account_id, [event], clock.now())
    assert admin.submit(f"/events/{event}/correct", stale).status_code == 422


@on_sqlite
def test_stored_personal_values_are_never_shown(app: Flask, admin: Browser, pixel: UUID) -> None:
    event = failed(app, admin.person.account_id, pixel)
    page = admin.get(f"/events/{event}/correct").text
    wrong = admin.submit(f"/events/{event}/correct", form_of(admin, event) | {"value": "x"}).text
    for secret in (HASH, "203.0.113.7", IDENTITY["fbc"]):
        assert secret not in page
        assert secret not in wrong


@pytest.mark.parametrize("role", ["operator", "viewer"])
@on_sqlite
def test_only_who_may_replay_may_correct(
    app: Flask, request: pytest.FixtureRequest, other_admin: Browser, role: str
) -> None:
    browser: Browser = request.getfixturevalue(role)
    own = browser.person.account_id
    event = failed(app, own, new_target(app, own))
    for someone, status in ((browser, 403), (other_admin, 404)):
        assert someone.get(f"/events/{event}/correct").status_code == status
        assert someone.submit(f"/events/{event}/correct", {"value": "1"}).status_code == status
    assert stored(app, event)[0].fields == FIELDS


@on_sqlite
def test_match_figures_follow_the_correction(app: Flask, admin: Browser, sender: Sender) -> None:
    event = _cancelled(app, admin, sender)
    own = admin.person.account_id
    start = hour_of(stored(app, event)[0].created_at)
    admin.submit(f"/events/{event}/correct", form_of(admin, event) | {"fbp": "fb.1.1700000000000.123456789"})
    with app.app_context():
        found = matches.total(db.session.connection(), own, start, clock.now())
    assert (found.events, found.signs["fbp"], found.signs["em"]) == (1, 1, 1)


def test_the_corrected_event_is_what_the_platform_gets(
    app: Flask, admin: Browser, sender: Sender, drain: Callable[..., None], simulator: Simulator
) -> None:
    event = _cancelled(app, admin, sender)
    assert admin.submit(f"/events/{event}/correct", form_of(admin, event) | {"value": "7.50"}).status_code == 303
    drain()
    found, delivery = stored(app, event)
    assert (delivery.status, delivery.generation) == ("done", 1)
    (call,) = simulator.received("facebook")
    (sent,) = call.body["data"]
    assert (sent["event_id"], sent["custom_data"]["value"]) == (found.event_id, 7.5)


def _cancelled(app: Flask, admin: Browser, sender: Sender) -> UUID:
    """An event of a client app, dropped by a person before it was sent."""
    answer = sender.post(META_PURCHASE, Prefer="respond-async")
    event = UUID(answer.get_json()["request_id"].removeprefix("track_"))
    with app.app_context(), write() as session:
        assert repair.cancel(session.connection(), admin.person.account_id, [event], clock.now()) == [event]
    return event
