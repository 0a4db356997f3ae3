"""GET /api/tracking/events/{request_id}: where a client's own event stands."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

import pytest
from flask import Flask

from app.core.db import begin_write
from app.core.ids import uuid7
from app.core.runtime import runtime
from app.outbound.models import Target
from app.simulator import Simulator
from tests.tracking_fixtures import ASYNC, EVENTS, KWAI_REGISTRATION, META_PURCHASE, Sender

KWAI = KWAI_REGISTRATION
Drain = Callable[..., None]
sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_a_new_event_is_pending(sender: Sender) -> None:
    told = sender.post({**KWAI, "event_id": "e1"}, **ASYNC).get_json()
    status = sender.status(told["request_id"])
    assert {key: status[key] for key in ("request_id", "event_id", "platform", "pixel_id", "event_name")} == {
        "request_id": told["request_id"],
        "event_id": "e1",
        "platform": "kwai",
        "pixel_id": KWAI["pixel_id"],
        "event_name": KWAI["event_name"],
    }
    assert (status["status"], status["attempts"], status["response"]) == ("pending", [], None)
    assert datetime.fromisoformat(status["next_attempt_at"]).tzinfo is not None


def test_a_delivered_event_shows_its_attempt(sender: Sender, drain: Drain) -> None:
    id_ = sender.post(META_PURCHASE, **ASYNC).get_json()["request_id"]
    drain()
    status = sender.status(id_)
    assert (status["status"], status["next_attempt_at"]) == ("delivered", None)
    (attempt,) = status["attempts"]
    assert set(attempt) == {"at", "duration_ms", "http_status", "outcome", "detail"}
    assert (attempt["http_status"], attempt["outcome"]) == (200, "sent")
    assert attempt["at"].endswith("Z")
    assert "events_received" in status["response"]


def test_a_refused_event_is_failed(sender: Sender, drain: Drain, simulator: Simulator) -> None:
    simulator.behave(kind="refuse")
    id_ = sender.post(KWAI, **ASYNC).get_json()["request_id"]
    drain()
    status = sender.status(id_)
    assert (status["status"], status["next_attempt_at"]) == ("failed", None)
    assert (status["attempts"][0]["outcome"], status["attempts"][0]["detail"]) == ("rejected", "refused")


def test_an_event_that_is_tried_again_says_when(sender: Sender, drain: Drain, simulator: Simulator) -> None:
    simulator.behave(kind="error")
    id_ = sender.post(KWAI, **ASYNC).get_json()["request_id"]
    drain()
    status = sender.status(id_)
    assert status["status"] == "pending"
    assert status["attempts"][0]["outcome"] == "retry"
    assert status["next_attempt_at"] > status["attempts"][0]["at"]


def test_an_event_of_a_pixel_whose_token_died_is_paused(sender: Sender, drain: Drain, simulator: Simulator) -> None:
    simulator.behave(kind="expire")
    id_ = sender.post(META_PURCHASE, **ASYNC).get_json()["request_id"]
    drain()
    status = sender.status(id_)
    assert (status["status"], status["next_attempt_at"]) == ("paused", None)
    assert status["attempts"][0]["outcome"] == "auth"


@sqlite
def test_an_event_of_a_deleted_pixel_is_cancelled(app: Flask, sender: Sender) -> None:
    id_ = sender.post(KWAI, **ASYNC).get_json()["request_id"]
    with begin_write(runtime(app).engine) as connection:
        connection.execute(Target.__table__.update().values(state="deleted"))
    assert sender.status(id_)["status"] == "cancelled"


@sqlite
def test_only_the_client_that_sent_it_sees_it(sender: Sender, make_sender: Callable[..., Sender]) -> None:
    id_ = sender.post(KWAI, **ASYNC).get_json()["request_id"]
    other = make_sender("outro").get(f"{EVENTS}/{id_}")
    assert (other.status_code, other.get_json()) == (404, {"error": "Not found"})
    reader = make_sender("leitor", scopes=["stats:read"]).get(f"{EVENTS}/{id_}")
    assert reader.status_code == 403
    assert Sender(sender.app, "nobody", sender.id).get(f"{EVENTS}/{id_}").status_code == 401
    assert sender.get(f"/api/v1/tracking/events/{id_}").status_code == 200


ODD_IDS = [
    "track_",
    "track_0",
    "x",
    f"track_{uuid7().hex}",
    f"track_{UUID(int=2**128 - 1).hex}",
    "track_ffffffffffff7fffbfffffffffffffff",  # a time after the year 9999
    "track_00000000000070008000000000000000",
    "track_%00",
    "track_" + "f" * 5000,
    "track_é",
    "..%2f..",
]


@pytest.mark.parametrize("id_", ODD_IDS, ids=range(len(ODD_IDS)))
@sqlite
def test_an_odd_id_is_not_found(sender: Sender, id_: str) -> None:
    answer = sender.get(f"{EVENTS}/{id_}")
    assert (answer.status_code, answer.get_json()) == (404, {"error": "Not found"})


@sqlite
def test_a_person_does_not_reach_a_clients_events(sender: Sender, admin_token: dict[str, str]) -> None:
    id_ = sender.post(KWAI, **ASYNC).get_json()["request_id"]
    answer = sender.send(path=f"{EVENTS}/{id_}", method="GET", headers=admin_token)
    assert answer.status_code in (401, 403)
    assert sender.send(path=EVENTS, headers=admin_token).status_code == 401
