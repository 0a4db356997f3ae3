"""What became of conversion events is told to listeners, and made up for nobody else."""

from __future__ import annotations

from typing import Any

import pytest

from app.core import events
from app.outbound.models import Delivery
from app.tracking import news
from app.tracking.catalogue import TrackingFailed
from tests.outbound.ledger import Ledger

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def outbound_timeout() -> float:
    return 1


@pytest.fixture
def told():
    heard: list[tuple[str, dict[str, Any]]] = []

    def take(_connection, name, _account_id, payload):
        heard.append((name, payload))

    for name in (news.DELIVERED, news.FAILED):
        events.subscribe(name, take)
    yield heard
    for name in (news.DELIVERED, news.FAILED):
        events.unsubscribe(name, take)


def test_a_listener_is_told_what_arrived_and_what_was_given_up_but_nothing_of_tests(app, make_pixel, drain, told):
    ledger, pixel = Ledger(app), make_pixel("kwai")
    (good,) = ledger.owe(pixel)
    ledger.owe(pixel, event={"fields": {"test_event_code": "TEST1"}})
    (dead,) = ledger.owe(pixel)
    ledger.change(Delivery, dead, attempts=999)
    drain()

    by_name = dict(told)
    assert len(told) == 2
    assert by_name[news.DELIVERED] | {"at": ""} == {
        "eventId": good.hex, "requestId": f"track_{good.hex}", "platform": "kwai", "eventName": "EVENT_PURCHASE",
        "pixelId": by_name[news.DELIVERED]["pixelId"], "attempts": 1, "at": "",
    }  # fmt: skip
    failed = TrackingFailed.model_validate(by_name[news.FAILED])
    assert (failed.event_id, failed.error) == (dead.hex, "timeout")
    assert failed.detail is not None


def test_an_ear_that_fails_keeps_no_event_from_being_settled(app, make_pixel, drain):
    def fail(*_):
        raise RuntimeError("a defect")

    ledger = Ledger(app)
    ids = ledger.owe(make_pixel("kwai"), 2)
    events.subscribe(news.DELIVERED, fail)
    try:
        drain()
    finally:
        events.unsubscribe(news.DELIVERED, fail)
    assert [(row.status, row.attempts) for row in ledger.deliveries(*ids)] == [("done", 1)] * 2
