"""The demo: a month that is believable, the same each time, and true in its figures; and its door."""

from __future__ import annotations

import json
from collections import Counter
from random import Random

import pytest
from sqlalchemy import func, select

from app.accounts.models import Account, User
from app.accounts.roles import Role
from app.core import clock
from app.core.runtime import runtime
from app.demo.cast import ACCOUNTS
from app.demo.fill import NOTE, fill
from app.demo.month import moments, stories
from app.demo.pages import link
from app.demo.traffic import event
from app.outbound.models import Attempt, Delivery, Status, Target
from app.tracking.models import TrackedEvent
from app.webhooks.models import WebhookHour, WebhookMessage
from tests.demo.conftest import EVENTS
from tests.outbound.true_figures import counted, kept
from tests.people import new_browser


def count(app, what, *where):
    with runtime(app).engine.connect() as connection:
        return connection.scalar(select(func.count()).select_from(what).where(*where))


def test_two_companies_with_every_role_and_events_in_every_state(month):
    with runtime(month).engine.connect() as connection:
        statuses = set(connection.scalars(select(Delivery.status)))
        roles = set(connection.scalars(select(User.role)))
    assert statuses == {Status.PENDING, Status.DONE, Status.DEAD, Status.CANCELLED}
    assert roles == set(Role)
    assert count(month, Account) == 2
    assert count(month, TrackedEvent) == count(month, Delivery, Delivery.kind == "conversion")


def test_every_webhook_was_told_and_one_wants_no_more(month):
    owed = Delivery.kind == "webhook"
    assert count(month, Delivery, owed) > count(month, WebhookMessage) > 0  # some go to several
    assert count(month, Delivery, owed, Delivery.status == Status.PENDING) == 0
    assert count(month, Target, Target.kind == "webhook", Target.reason_code == "gone") == 2
    sums = select(func.sum(WebhookHour.sent + WebhookHour.failed))
    with runtime(month).engine.connect() as connection:
        assert connection.scalar(sums) == count(month, Attempt, Attempt.target_id.is_not(None))


def test_its_figures_are_those_of_its_rows(month):
    assert kept(runtime(month).engine) == counted(runtime(month).engine)


def test_filling_a_database_with_people_in_it_changes_nothing(month):
    before = count(month, TrackedEvent)
    assert fill(month, EVENTS) == (0, 0)
    assert count(month, TrackedEvent) == before


def test_the_same_seed_tells_the_same_month():
    now, cast = clock.now(), ACCOUNTS[0]
    first, second = (list(stories(Random(7), cast.pixels, 2, 200, now)) for _ in range(2))
    assert first == second


def test_nights_are_quiet_and_fridays_are_not():
    now = clock.now()
    found = moments(Random(1), 20_000, now)
    assert found == sorted(found)
    assert found[-1] < now
    by_hour = Counter(moment.hour for moment in found)  # UTC: São Paulo's four in the morning is seven here
    assert by_hour[23] > 5 * by_hour[7]


def test_the_clients_tokens_are_for_their_owner_alone(month):
    note = runtime(month).settings.data_dir / NOTE
    assert note.stat().st_mode & 0o777 == 0o600
    assert len(json.loads(note.read_text("utf-8"))["clients"]) == 3


def test_the_link_leads_in_as_whoever_one_likes(month):
    browser = new_browser(month)
    path = "/" + link(runtime(month).settings).split("/", 3)[3]
    page = browser.get(path).text
    assert "Ana Prado" in page
    assert "Elisa Moraes" in page
    with runtime(month).engine.connect() as connection:
        person = connection.scalar(select(User.id).where(User.name == "Diego Reis"))
    assert browser.submit(path, {"person": str(person)}).status_code == 303
    assert browser.get("/events").status_code == 200


@pytest.mark.parametrize("person", ["", "x", "00000000-0000-7000-8000-000000000000"])
def test_nobody_else_comes_in(month, person):
    browser = new_browser(month)
    path = "/" + link(runtime(month).settings).split("/", 3)[3]
    assert browser.get("/demo/guess").status_code == 404
    assert browser.submit("/demo/guess", {"person": person}).status_code == 404
    assert browser.submit(path, {"person": person}).status_code == 404


def test_the_door_is_there_in_a_demo_only(client):
    assert client.get("/demo/anything").status_code == 404


@pytest.mark.parametrize(("platform", "pixel"), [(each.platform, each.pixel_id) for each in ACCOUNTS[0].pixels])
def test_what_the_shoppers_send_is_accepted(month, platform, pixel):
    token = json.loads((runtime(month).settings.data_dir / NOTE).read_text("utf-8"))["clients"][0]["token"]
    headers = {"Authorization": f"Bearer {token}", "Prefer": "respond-async"}
    for seed in range(4):
        body = event(Random(seed), platform, pixel)
        answer = month.test_client().post("/api/tracking/events", json=body, headers=headers)
        assert answer.status_code == 202, answer.text
