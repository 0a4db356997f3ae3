"""The waiting answer: 200 or 500 with the first verdict, 202 when none can come soon."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import EnvironBuilder

from app.core import clock, steps
from app.core.db import begin_write
from app.core.frontdoor import Answer
from app.core.ratelimit import limiter
from app.core.runtime import runtime
from app.core.seats import Seats
from app.core.valkey import redis_url
from app.core.writer import Writer
from app.outbound.drain import Drain
from app.outbound.models import Target
from app.outbound.verdicts import Verdict
from app.outbound.waiting import WaitingRoom
from app.simulator import Simulator
from app.tracking import answers
from app.tracking.intake import Intake
from app.tracking.lookup import Lookups
from app.tracking.rates import Rates
from tests.tracking_fixtures import ASYNC, EVENTS, KWAI_REGISTRATION, META_PURCHASE, Sender

KWAI, META = KWAI_REGISTRATION, META_PURCHASE
sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.mark.parametrize("body", [KWAI, META], ids=["kwai", "meta"])
def test_what_the_platform_took_is_200(sender: Sender, deliveries: Drain, body: dict[str, Any]) -> None:
    answer = sender.post({**body, "event_id": "e1"})
    told = answer.get_json()
    assert (answer.status_code, set(told)) == (200, {"success", "message", "request_id", "event_id"})
    assert (told["success"], told["message"], told["event_id"]) == (True, "Event sent successfully", "e1")


FAILURES: list[tuple[dict[str, Any], dict[str, Any], str, bool]] = [
    (KWAI, {"kind": "refuse"}, "Refused: refused", False),
    (META, {"kind": "refuse"}, "HTTP 400", False),
    (KWAI, {"kind": "error"}, "HTTP 500", True),
    (META, {"kind": "error", "status": 503}, "HTTP 503", True),
    (KWAI, {"kind": "throttle", "retry_after_s": 60}, "HTTP 429", True),
    (META, {"kind": "throttle"}, "HTTP 400", True),
    (META, {"kind": "expire"}, "HTTP 401", True),
    (KWAI, {"kind": "html"}, "HTTP 502", True),
    (META, {"kind": "hang"}, "Timeout", True),
    (KWAI, {"kind": "reset"}, "Connection failed", True),
    (META, {"kind": "drop"}, "Connection failed", True),
    (KWAI, {"kind": "endless"}, "Connection failed", True),
]


@pytest.mark.parametrize(("body", "trouble", "error", "retrying"), FAILURES, ids=range(len(FAILURES)))
@sqlite
def test_what_it_did_not_take_is_500_with_the_reason(
    sender: Sender,
    deliveries: Drain,
    simulator: Simulator,
    body: dict[str, Any],
    trouble: dict[str, Any],
    error: str,
    retrying: bool,
) -> None:
    simulator.behave(**trouble)
    answer = sender.post(body)
    told = answer.get_json()
    assert answer.status_code == 500
    assert (told["success"], told["error"], told["retrying"]) == (False, error, retrying)
    assert set(told) >= {"success", "error", "resp", "request_id", "retrying"}
    assert len(told["resp"].encode()) <= 2048
    assert sender.status(told["request_id"])["status"] == (
        "paused" if trouble["kind"] == "expire" else "pending" if retrying else "failed"
    )


def test_the_platforms_answer_is_cut_at_2_kb() -> None:
    class Known:
        request_id, event_id, original_id = "track_1", "e1", None

    verdict = Verdict("dead", "rejected", 400, "no", "é" * 2048)
    payload: Any = answers.first_verdict(Known(), verdict).payload  # type: ignore[arg-type]
    assert payload["resp"] == "é" * 1024


@pytest.mark.parametrize("headers", [ASYNC, {"Prefer": "wait=5, Respond-Async"}])
@sqlite
def test_respond_async_does_not_wait(sender: Sender, headers: dict[str, str]) -> None:
    answer = sender.post({**KWAI, "event_id": "e1"}, **headers)
    told = answer.get_json()
    assert (answer.status_code, told.pop("request_id")[:6]) == (202, "track_")
    assert told == {"success": True, "message": "Event accepted", "event_id": "e1"}


@sqlite
def test_a_client_set_to_acknowledge_does_not_wait(sender: Sender, make_sender: Callable[..., Sender]) -> None:
    started = time.monotonic()
    assert make_sender("rapido", answer_mode="acknowledge").post(KWAI).status_code == 202
    assert time.monotonic() - started < 2


def hold(app: Flask, **values: Any) -> None:
    with begin_write(runtime(app).engine) as connection:
        connection.execute(Target.__table__.update().values(**values))


@pytest.mark.parametrize("why", ["paused", "throttled", "broken"])
def test_nobody_waits_for_a_pixel_that_is_held(app: Flask, sender: Sender, why: str) -> None:
    later = clock.now() + timedelta(minutes=5)
    hold(app, **{
        "paused": {"state": "paused"},
        "throttled": {"not_before": later},
        "broken": {"breaker": "open", "breaker_until": later},
    }[why])  # fmt: skip
    started = time.monotonic()
    for duplicate in (None, True):
        answer = sender.post(KWAI)
        assert (answer.status_code, answer.get_json().get("duplicate")) == (202, duplicate)
    assert time.monotonic() - started < 3
    assert sender.status(answer.get_json()["request_id"])["status"] == ("paused" if why == "paused" else "pending")


@sqlite
def test_no_verdict_in_time_is_202(sender: Sender, with_settings: Callable[..., Flask]) -> None:
    there = Sender(with_settings(answer_timeout=0.3), sender.token, sender.id)
    started = time.monotonic()
    answer = there.post(KWAI)
    assert (answer.status_code, answer.get_json()["message"]) == (202, "Event accepted")
    assert 0.3 <= time.monotonic() - started < 2


@sqlite
def test_half_of_the_threads_may_wait_and_the_next_is_answered_at_once(
    sender: Sender, with_settings: Callable[..., Flask]
) -> None:
    there = Sender(with_settings(answer_timeout=2, web_threads=16), sender.token, sender.id)

    def post(number: int) -> tuple[int, float]:
        started = time.monotonic()
        return there.post({**KWAI, "event_id": number}).status_code, time.monotonic() - started

    with ThreadPoolExecutor(9) as pool:
        waiting = [pool.submit(post, number) for number in range(8)]
        time.sleep(0.8)
        status, took = post(8)
        assert (status, took < 1) == (202, True)
        assert [each.result()[0] for each in waiting] == [202] * 8
        assert min(each.result()[1] for each in waiting) >= 1.9
    with ThreadPoolExecutor(8) as pool:  # every seat was given back
        assert min(took for _, took in pool.map(post, range(10, 18))) >= 1.9


@pytest.mark.parametrize("valkey_url", ["unix:///nonexistent/valkey.sock"])
def test_waiting_works_while_valkey_is_away(sender: Sender, deliveries: Drain, simulator: Simulator) -> None:
    assert sender.post(KWAI).status_code == 200
    simulator.behave(kind="refuse")
    assert sender.post({**KWAI, "value": 1}).get_json()["error"] == "Refused: refused"


@sqlite
def test_a_stop_answers_everybody_who_waits(app: Flask, sender: Sender) -> None:
    state = runtime(app)
    room, writer = WaitingRoom(redis_url(state.settings), state.engine), Writer(state.engine)
    lookups = Lookups(state.engine)
    rates, seats = Rates(limiter(app), lookups), Seats(state.settings.web_threads)
    intake = Intake(state.settings, lookups, writer, room, rates, seats, lambda *_denial: None)

    def post(number: int) -> Answer:
        sent = {"Authorization": f"Bearer {sender.token}"}
        builder = EnvironBuilder(EVENTS, method="POST", json={**KWAI, "event_id": number}, headers=sent)
        return steps.run(intake.single(builder.get_environ()), writer)

    with ThreadPoolExecutor(5) as pool:
        waiting = [pool.submit(post, number) for number in range(4)]
        for _ in range(100):
            if len(room) == 4:
                break
            time.sleep(0.02)
        room.stop()
        started = time.monotonic()
        assert [each.result().status for each in waiting] == [202] * 4
        assert post(9).status == 202  # and from now on nobody waits
        assert time.monotonic() - started < 1
