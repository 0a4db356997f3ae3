"""What counts as a repeat, for how long, and that it is never sent again."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from app.accounts.clients.token import token_hash
from app.core.db import begin_write
from app.core.runtime import runtime
from app.simulator import Simulator
from app.tracking.asked import hash_body
from app.tracking.draft import Draft, Drafter
from app.tracking.draft import Sender as Asked
from app.tracking.lookup import Lookups
from app.tracking.person import Browser
from app.tracking.recorder import EventRecorder
from tests.tracking_fixtures import ASYNC, EVENTS, KWAI_REGISTRATION, META_PURCHASE, Sender

KWAI = KWAI_REGISTRATION
Rows = Callable[[], dict[str, int]]
Travel = Callable[[timedelta], None]
sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
ABC = {**ASYNC, "Idempotency-Key": "abc"}


def names(answer: Any) -> tuple[str, str]:
    return answer.get_json()["request_id"], answer.get_json()["event_id"]


def test_an_event_id_makes_a_repeat_known_whatever_else_the_body_says(sender: Sender, rows: Rows) -> None:
    first = sender.post({**KWAI, "event_id": "e1"}, **ASYNC)
    again = sender.post({**KWAI, "event_id": "e1", "value": 7}, **ASYNC)
    assert (again.status_code, names(again), again.get_json()["duplicate"]) == (202, names(first), True)
    assert "duplicate" not in first.get_json()
    assert rows() == {"tracked_event": 1, "event_key": 1, "delivery": 1}


@sqlite
def test_an_event_id_is_one_clients_at_one_pixel_for_one_event(
    sender: Sender, make_sender: Callable[..., Sender], make_pixel: Callable[..., Any], rows: Rows
) -> None:
    make_pixel("kwai", "other")
    event = {**KWAI, "event_id": "e1"}
    sender.post(event, **ASYNC)
    others = [
        make_sender("outro").post(event, **ASYNC),
        sender.post({**event, "pixel_id": "other"}, **ASYNC),
        sender.post({**event, "event_name": "EVENT_PURCHASE"}, **ASYNC),
        sender.post({**META_PURCHASE, "event_id": "e1"}, **ASYNC),
    ]
    assert not any("duplicate" in answer.get_json() for answer in others)
    assert rows()["tracked_event"] == 5


def test_an_idempotency_key_names_one_body(sender: Sender, make_sender: Callable[..., Sender], rows: Rows) -> None:
    first = sender.post(KWAI, **ABC)
    assert names(sender.post(KWAI, **ABC)) == names(first)
    refused = sender.post({**KWAI, "value": 9}, **ABC)
    assert (refused.status_code, "Idempotency-Key" in refused.get_json()["error"]) == (409, True)
    assert "duplicate" not in make_sender("outro").post({**KWAI, "value": 9}, **ABC).get_json()
    assert rows() == {"tracked_event": 2, "event_key": 2, "delivery": 2}


@sqlite
def test_either_of_two_keys_found_is_a_repeat_and_both_are_kept(sender: Sender, rows: Rows) -> None:
    event = {**KWAI, "event_id": "e1"}
    first = sender.post(event, **ASYNC)
    assert names(sender.post(event, **ABC)) == names(first)  # adds the key
    assert names(sender.post({**event, "event_id": "e1"}, **ABC)) == names(first)
    assert rows() == {"tracked_event": 1, "event_key": 2, "delivery": 1}


@sqlite
def test_two_keys_that_name_different_events_are_a_conflict(sender: Sender, rows: Rows) -> None:
    one = {**KWAI, "event_id": "e1"}
    sender.post(one, **ABC)
    sender.post({**KWAI, "event_id": "e2"}, **ASYNC)
    body = json.dumps(one).encode()
    sender.send(body, headers={**ASYNC, "Idempotency-Key": "two"})
    refused = sender.post({**KWAI, "event_id": "e2"}, **{**ASYNC, "Idempotency-Key": "two"})
    assert refused.status_code == 409
    assert rows()["tracked_event"] == 2


def test_an_identical_body_is_the_same_event_for_15_seconds_and_never_longer(
    sender: Sender, travel: Travel, rows: Rows
) -> None:
    first = sender.post(KWAI, **ASYNC)
    for _ in range(2):
        travel(timedelta(seconds=7))
        again = sender.post(KWAI, **ASYNC)
        assert (names(again), again.get_json()["duplicate"]) == (names(first), True)
    travel(timedelta(seconds=2))  # 16 s after the first, 2 s after the last repeat
    later = sender.post(KWAI, **ASYNC)
    assert names(later) != names(first)
    assert "duplicate" not in later.get_json()
    assert rows() == {"tracked_event": 2, "event_key": 1, "delivery": 2}


@sqlite
def test_another_body_or_client_is_another_event(sender: Sender, make_sender: Callable[..., Sender]) -> None:
    answers = [
        sender.post(KWAI, **ASYNC),
        sender.post({**KWAI, "value": 1}, **ASYNC),
        make_sender("outro").post(KWAI, **ASYNC),
    ]
    assert len({names(answer) for answer in answers}) == 3


@sqlite
def test_a_given_key_leaves_no_key_of_the_body(sender: Sender) -> None:
    first = sender.post(KWAI, **ABC)
    assert names(sender.post(KWAI, **ASYNC)) != names(first)


def test_keys_end_after_seven_days(sender: Sender, travel: Travel, rows: Rows) -> None:
    event = {**KWAI, "event_id": "e1"}
    first = sender.post(event, **ABC)
    travel(timedelta(days=6, hours=23))
    assert names(sender.post(event, **ABC)) == names(first)
    travel(timedelta(hours=2))
    later = sender.post({**event, "value": 3}, **ABC)
    assert (later.status_code, "duplicate" in later.get_json()) == (202, False)
    assert names(sender.post({**event, "value": 3}, **ABC)) == names(later)
    assert rows() == {"tracked_event": 2, "event_key": 2, "delivery": 2}


def test_repeats_at_the_same_moment_make_one_event(sender: Sender, rows: Rows) -> None:
    event = {**KWAI, "event_id": "e1"}
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: sender.post(event, **ABC), range(24)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({names(answer) for answer in answers}) == 1
    assert sum("duplicate" not in answer.get_json() for answer in answers) == 1
    assert rows() == {"tracked_event": 1, "event_key": 2, "delivery": 1}


def test_repeats_in_two_processes_make_one_event(sender: Sender, other_app: Flask, rows: Rows) -> None:
    there = Sender(other_app, sender.token, sender.id)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda n: (sender, there)[n % 2].post(KWAI, **ABC), range(16)))
    assert len({names(answer) for answer in answers}) == 1
    assert rows() == {"tracked_event": 1, "event_key": 1, "delivery": 1}


def test_a_repeat_reaches_the_platform_once(sender: Sender, drain: Callable[..., None], simulator: Simulator) -> None:
    for _ in range(3):
        sender.post(KWAI, **ABC)
        drain()
    assert len(simulator.received("kwai")) == 1


def test_a_refused_event_holds_no_key_that_another_of_the_same_commit_needs(
    app: Flask, sender: Sender, rows: Rows
) -> None:
    """One group commit: a conflict whose event_id was free, and a good event with that event_id."""
    sender.post({**KWAI, "event_id": "e1"}, **ABC)
    conflict = draft_of(app, sender, {**KWAI, "event_id": "e2"}, "abc")
    good = draft_of(app, sender, {**KWAI, "event_id": "e2"}, None)
    with begin_write(runtime(app).engine) as connection:
        EventRecorder(Lookups(runtime(app).engine)).record(connection, [conflict, good])
    assert conflict.refusal is not None
    assert (good.refusal, good.original_id) == (None, None)
    assert rows()["tracked_event"] == 2


def draft_of(app: Flask, sender: Sender, body: dict[str, Any], key: str | None) -> Draft:
    state = runtime(app)
    lookups = Lookups(state.engine)
    client = lookups.client(token_hash(sender.token))
    assert client is not None
    asked = Asked(client, Browser(), None, key)
    return Drafter(state.settings, lookups).draft(body, hash_body(json.dumps(body).encode()), asked)


@pytest.mark.parametrize("path", [EVENTS, "/api/v1/tracking/events", "/api/tracking_events.php"])
@sqlite
def test_every_path_knows_the_same_keys(sender: Sender, path: str) -> None:
    first = sender.post(KWAI, **ABC)
    assert names(sender.post(KWAI, path, **ABC)) == names(first)
