"""What a repeat is answered, by where the first one stands."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask

from app.core.db import begin_write
from app.core.runtime import runtime
from app.outbound.drain import Drain
from app.outbound.models import Target
from app.simulator import Simulator
from tests.tracking_fixtures import ASYNC, KWAI_REGISTRATION, META_PURCHASE, Sender

KWAI, META = KWAI_REGISTRATION, META_PURCHASE
sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def hold(app: Flask, **values: Any) -> None:
    with begin_write(runtime(app).engine) as connection:
        connection.execute(Target.__table__.update().values(**values))


def repeat(sender: Sender, first: Any) -> Any:
    """The same event again: names and the mark are checked here."""
    again = sender.post(KWAI)
    assert again.get_json()["request_id"] == first["request_id"]
    assert again.get_json()["event_id"] == first["event_id"]
    assert again.get_json()["duplicate"] is True
    return again


def test_a_repeat_of_an_event_in_flight_waits_with_it(
    sender: Sender, other_app: Flask, deliveries: Drain, simulator: Simulator
) -> None:
    simulator.behave(kind="answer", latency_ms=1200)
    there = Sender(other_app, sender.token, sender.id)
    with ThreadPoolExecutor(3) as pool:
        first = pool.submit(sender.post, KWAI)
        while not simulator.received("kwai"):
            time.sleep(0.02)
        again = [pool.submit(each.post, KWAI) for each in (sender, there)]
        told = [each.result() for each in (first, *again)]
    assert [answer.status_code for answer in told] == [200, 200, 200]
    assert len({answer.get_json()["request_id"] for answer in told}) == 1
    assert [answer.get_json().get("duplicate") for answer in told] == [None, True, True]
    assert len(simulator.received("kwai")) == 1


def test_a_repeat_of_a_delivered_event_is_200(sender: Sender, drain: Callable[..., None]) -> None:
    first = sender.post(KWAI, **ASYNC).get_json()
    drain()
    answer = repeat(sender, first)
    assert (answer.status_code, answer.get_json()["message"]) == (200, "Event sent successfully")


def test_a_repeat_of_an_event_that_is_tried_again_is_202(
    sender: Sender, drain: Callable[..., None], simulator: Simulator
) -> None:
    simulator.behave(kind="error")
    first = sender.post(KWAI, **ASYNC).get_json()
    drain()
    assert repeat(sender, first).status_code == 202


def test_a_repeat_of_a_paused_event_is_202(app: Flask, sender: Sender) -> None:
    hold(app, state="paused")
    first = sender.post(KWAI).get_json()
    assert repeat(sender, first).status_code == 202


@pytest.mark.parametrize("headers", [{}, ASYNC])
@sqlite
def test_a_repeat_of_a_dead_event_is_its_last_500(
    sender: Sender, drain: Callable[..., None], simulator: Simulator, headers: dict[str, str]
) -> None:
    simulator.behave(kind="refuse")
    first = sender.post(KWAI, **ASYNC).get_json()
    drain()
    answer = sender.post(KWAI, **headers)
    told = answer.get_json()
    assert (answer.status_code, told["error"], told["retrying"]) == (500, "Refused: refused", False)
    assert (told["request_id"], told["duplicate"]) == (first["request_id"], True)


@pytest.mark.parametrize("headers", [{}, ASYNC])
@sqlite
def test_a_repeat_of_a_denied_event_is_that_200(sender: Sender, headers: dict[str, str]) -> None:
    denied = {**META, "consent": {"ad_user_data": "denied"}}
    first = sender.post(denied, **headers).get_json()
    answer = sender.post(denied, **headers)
    assert answer.status_code == 200
    assert answer.get_json() == {**first, "duplicate": True}


def test_a_repeat_of_a_cancelled_event_is_500(app: Flask, sender: Sender, drain: Callable[..., None]) -> None:
    first = sender.post(KWAI, **ASYNC).get_json()
    hold(app, state="deleted")
    drain()
    hold(app, state="active")
    answer = repeat(sender, first)
    assert answer.status_code == 500
    assert (answer.get_json()["error"], answer.get_json()["retrying"]) == ("Refused: cancelled", False)
