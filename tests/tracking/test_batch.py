"""POST /api/tracking/events/batch: each event judged by itself, results in order."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from app.simulator import Simulator
from tests.tracking_fixtures import ASYNC, EVENTS, KWAI_PIXEL, KWAI_REGISTRATION, META_PIXEL, META_PURCHASE, Sender

BATCH = f"{EVENTS}/batch"
KWAI = KWAI_REGISTRATION
Rows = Callable[[], dict[str, int]]
sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def numbered(count: int) -> list[dict[str, Any]]:
    return [{**KWAI, "event_id": f"n{number}"} for number in range(count)]


def test_bad_ones_do_not_stop_good_ones(
    sender: Sender, drain: Callable[..., None], simulator: Simulator, rows: Rows
) -> None:
    events = [
        KWAI,
        "text",
        {**KWAI, "pixel_id": "999"},
        META_PURCHASE,
        {**META_PURCHASE, "value": "x"},
        None,
        {**META_PURCHASE, "consent": {"ad_user_data": "denied"}},
    ]
    answer = sender.post({"events": events}, BATCH)
    told = answer.get_json()
    assert (answer.status_code, told["accepted"], told["rejected"]) == (202, 3, 4)
    results = told["results"]
    assert [result["index"] for result in results] == list(range(7))
    assert [result.get("error", "ok")[:16] for result in results] == [
        "ok", "An event must be", "Unknown pixel_id", "ok", "value: must be a", "An event must be", "ok",
    ]  # fmt: skip
    assert list(results[4]["fields"]) == ["value"]
    assert set(results[0]) == {"index", "request_id", "event_id"}
    assert rows() == {"tracked_event": 3, "event_key": 3, "delivery": 3}
    drain()
    assert {call.pixel for call in simulator.received()} == {KWAI_PIXEL, META_PIXEL}


def test_a_batch_takes_1_to_1000_events(sender: Sender, rows: Rows) -> None:
    for body in ({}, {"events": []}, {"events": None}, {"events": {}}, {"events": "a"}, {"events": [{}] * 1001}):
        answer = sender.post(body, BATCH)
        assert (answer.status_code, "1 to 1000" in answer.get_json()["error"]) == (400, True)
    assert rows()["tracked_event"] == 0
    answer = sender.post({"events": numbered(1000)}, BATCH)
    assert (answer.status_code, answer.get_json()["accepted"]) == (202, 1000)
    assert rows() == {"tracked_event": 1000, "event_key": 1000, "delivery": 1000}


@sqlite
def test_a_batch_may_be_2_mb_and_an_event_of_it_64_kb(sender: Sender) -> None:
    small = [{**KWAI, "event_id": str(n), "padding": "x" * 2000} for n in range(900)]
    assert sender.post({"events": small}, BATCH).get_json()["accepted"] == 900
    large = {**KWAI, "padding": "x" * 65_536}
    told = sender.post({"events": [large, KWAI]}, BATCH).get_json()
    assert (told["accepted"], told["results"][0]["error"]) == (1, "An event is larger than 65536 bytes")
    assert sender.post({"events": [{"padding": "x" * 2**21}]}, BATCH).status_code == 413


def test_a_duplicate_inside_a_batch_counts_as_accepted(sender: Sender, rows: Rows) -> None:
    before = sender.post({**KWAI, "event_id": "old"}, **ASYNC).get_json()
    events = [KWAI, KWAI, {**KWAI, "event_id": "old"}, {**KWAI, "event_id": "new"}, {**KWAI, "event_id": "new"}]
    told = sender.post({"events": events}, BATCH).get_json()
    assert (told["accepted"], told["rejected"]) == (5, 0)
    first, second, old, new, again = told["results"]
    assert [line.get("duplicate", False) for line in told["results"]] == [False, True, True, False, True]
    assert second["request_id"] == first["request_id"]
    assert (old["request_id"], old["event_id"]) == (before["request_id"], "old")
    assert again["request_id"] == new["request_id"]
    assert rows()["tracked_event"] == 3


@sqlite
def test_the_header_is_ignored(sender: Sender, rows: Rows) -> None:
    for value in (1, 2):
        told = sender.post({"events": [{**KWAI, "value": value}]}, BATCH, **{"Idempotency-Key": "abc"}).get_json()
        assert "duplicate" not in told["results"][0]
    assert sender.post({**KWAI, "value": 3}, **{**ASYNC, "Idempotency-Key": "abc"}).status_code == 202
    assert rows()["tracked_event"] == 3


@sqlite
def test_a_batch_never_waits(sender: Sender, simulator: Simulator) -> None:
    simulator.behave(kind="hang")
    assert sender.post({"events": numbered(3)}, BATCH).status_code == 202
    assert sender.post({"events": numbered(3)}, "/api/v1/tracking/events/batch").status_code == 202


@sqlite
def test_an_envelope_key_is_ignored_and_a_bad_body_is_not(sender: Sender) -> None:
    assert sender.post({"events": [KWAI], "more": 1}, BATCH).status_code == 202
    assert sender.send(b'{"events": [{"value": NaN}]}', BATCH).status_code == 400
    assert sender.send(json.dumps([KWAI]).encode(), BATCH).status_code == 400
