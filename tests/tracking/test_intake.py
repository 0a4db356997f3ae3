"""POST /api/tracking/events from the request to the platform."""

from __future__ import annotations

from collections.abc import Callable

from app.simulator import Simulator
from tests.tracking_fixtures import ASYNC, KWAI_REGISTRATION, META_PURCHASE, Sender


def test_an_event_is_accepted_and_reaches_kwai(
    sender: Sender, drain: Callable[..., None], simulator: Simulator
) -> None:
    answer = sender.post(KWAI_REGISTRATION, **ASYNC)
    assert answer.status_code == 202
    drain()
    assert len(simulator.received("kwai")) == 1


def test_a_purchase_reaches_meta(sender: Sender, drain: Callable[..., None], simulator: Simulator) -> None:
    assert sender.post(META_PURCHASE, **ASYNC).status_code == 202
    drain()
    assert len(simulator.received("facebook")) == 1
