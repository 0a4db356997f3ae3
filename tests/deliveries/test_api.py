"""/api/deliveries and /api/targets: lists, repairs, limits; who may, and what odd requests are told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.core import clock
from app.core.ids import uuid7
from app.outbound.models import Target, TargetState
from tests.deliveries.conftest import Owe
from tests.jobs import run_jobs
from tests.outbound.ledger import Ledger
from tests.people import Person, bearer, new_user

PATH = "/api/deliveries"
Headers = dict[str, str]
ODD = [
    "status=gone", "status=DEAD", "kind=pigeon", "target=1", "error=boom", "since=yesterday", "until=2026-13-01",
    "since=0001-01-01", "limit=0", "limit=1000", "page=0", "page=99999&limit=200", "after=bm9uZQ", "after=%00",
    "sort=kind", "state=dead", "target=' OR 1=1", "since=2026-01-01&since=2026-01-02",
]  # fmt: skip


@pytest.fixture
def manager_token(app: Flask) -> Headers:
    return bearer(app, new_user(app, "manager"))


def test_dead_letters_are_listed_and_one_is_read_with_its_attempts(
    client: FlaskClient, make_pixel: Callable[..., UUID], owe: Owe, dead: Owe, attempt: Any, viewer_token: Headers
) -> None:
    pixel = make_pixel("facebook")
    owe(pixel, status="done")
    (id,) = dead(pixel, http_status=400, outcome="rejected")
    attempt(id)

    listed = client.get(f"{PATH}?status=dead", headers=viewer_token).get_json()
    assert listed["pagination"] == {"page": 1, "limit": 50, "total": 1, "pages": 1, "more": False, "next": None}
    (row,) = listed["data"]
    assert (row["id"], row["status"], row["error"], row["detail"]) == (str(id), "dead", "refused", "Invalid parameter")
    assert (row["subject"], row["target"], row["targetLabel"]) == ("EVENT_PURCHASE", str(pixel), "Meta 123456789012345")
    one = client.get(f"{PATH}/{id}", headers=viewer_token).get_json()
    assert [(step["n"], step["httpStatus"], step["outcome"]) for step in one["attempts"]] == [(1, 400, "rejected")]


def test_odd_queries_are_refused_in_words(client: FlaskClient, viewer_token: Headers) -> None:
    for query in ODD:
        answer = client.get(f"{PATH}?{query}", headers=viewer_token)
        assert (answer.status_code, bool(answer.get_json()["error"])) == (400, True), query


def test_strangers_and_made_up_ids_find_nothing(
    app: Flask, client: FlaskClient, make_pixel: Callable[..., UUID], dead: Owe, other_account: Person
) -> None:
    pixel = make_pixel()
    (id,) = dead(pixel)
    stranger = bearer(app, other_account)
    for path in (
        f"{PATH}/{id}",
        f"{PATH}/{uuid7()}",
        f"{PATH}/odd",
        f"/api/targets/{pixel}/limits",
        "/api/targets/x/limits",
    ):
        assert client.get(path, headers=stranger).status_code == 404, path
    for path in (f"{PATH}/{id}/retry", f"/api/targets/{pixel}/resume", f"/api/targets/{pixel}/limits/reset"):
        assert client.post(path, headers=stranger).status_code == 404, path
    assert client.get(f"{PATH}?target={pixel}", headers=stranger).get_json()["data"] == []


def test_one_is_sent_again_or_the_reason_is_told(
    client: FlaskClient, make_pixel: Callable[..., UUID], owe: Owe, dead: Owe, ledger: Ledger, manager_token: Headers
) -> None:
    pixel, gone = make_pixel("kwai"), make_pixel("facebook")
    (id,), (done,), (waits,), (lost,) = dead(pixel), owe(pixel, status="done"), owe(pixel), dead(gone)
    (refused,) = owe(pixel, status="cancelled", error="consent")
    ledger.change(Target, gone, state=TargetState.DELETED)

    answer = client.post(f"{PATH}/{id}/retry", headers=manager_token)
    assert (answer.status_code, answer.get_json()["status"], answer.get_json()["generation"]) == (202, "pending", 1)
    reasons = {done: "It arrived", waits: "waiting already", id: "waiting already", refused: "consent", lost: "deleted"}
    for other, words in reasons.items():
        answer = client.post(f"{PATH}/{other}/retry", headers=manager_token)
        assert (answer.status_code, words in answer.get_json()["error"]) == (409, True), words


def test_a_filter_is_replayed_only_when_the_number_is_confirmed(
    app: Flask, client: FlaskClient, make_pixel: Callable[..., UUID], dead: Owe, ledger: Ledger, manager_token: Headers
) -> None:
    pixel = make_pixel()
    dead(pixel, 3)

    def ask(verb: str, count: int) -> Any:
        body = {"filter": {"status": "dead", "target": str(pixel)}, "confirmCount": count}
        return client.post(f"{PATH}/{verb}", json=body, headers=manager_token)

    moved = ask("replay", 2)
    assert (moved.status_code, moved.get_json()["count"]) == (409, 3)
    accepted = ask("replay", 3)
    assert (accepted.status_code, accepted.get_json()["total"]) == (202, 3)
    assert run_jobs(app) == 1
    job = client.get(accepted.headers["Location"], headers=manager_token).get_json()
    assert (job["state"], job["done"], ledger.statuses()) == ("done", 3, {"pending": 3})
    assert ask("cancel", 3).status_code == 409  # no longer dead


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"filter": {"status": "dead"}},
        {"filter": {"status": "done"}, "confirmCount": 0},
        {"filter": {}, "confirmCount": 0},
        {"filter": {"status": "dead", "state": "dead"}, "confirmCount": 0},
        {"filter": {"status": "dead"}, "confirmCount": "1"},
        {"filter": {"status": "dead"}, "confirmCount": -1},
        {"filter": {"status": "dead", "ids": ["x"]}, "confirmCount": 0},
        {"filter": {"status": "dead", "since": "soon"}, "confirmCount": 0},
        {"filter": {"status": "dead"}, "confirmCount": 0, "force": True},
        {"filter": [], "confirmCount": 0},
    ],
)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_odd_bodies_are_refused_in_words(client: FlaskClient, manager_token: Headers, body: dict[str, Any]) -> None:
    answer = client.post(f"{PATH}/replay", json=body, headers=manager_token)

    assert (answer.status_code, bool(answer.get_json()["error"])) == (400, True)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_viewers_read_managers_repair_admins_operate(
    app: Flask,
    client: FlaskClient,
    make_pixel: Callable[..., UUID],
    dead: Owe,
    viewer_token: Headers,
    manager_token: Headers,
) -> None:
    pixel = make_pixel()
    (id,) = dead(pixel)
    bulk = {"filter": {"status": "dead"}, "confirmCount": 1}
    calls: list[tuple[str, Any, int, int]] = [
        (f"{PATH}/{id}/retry", None, 403, 202),
        (f"{PATH}/replay", bulk, 403, 409),
        (f"{PATH}/cancel", bulk, 403, 409),
        (f"/api/targets/{pixel}/pause", {"reason": "Stock"}, 403, 403),
        (f"/api/targets/{pixel}/resume", None, 403, 403),
        (f"/api/targets/{pixel}/limits/reset", None, 403, 403),
    ]
    for path, body, viewer, manager in calls:
        assert client.post(path, json=body, headers=viewer_token).status_code == viewer, path
        assert client.post(path, json=body, headers=manager_token).status_code == manager, path
    assert client.get(f"/api/targets/{pixel}/limits", headers=viewer_token).status_code == 200
    assert client.get(PATH).status_code == 401


def test_a_target_is_paused_resumed_and_reset(
    client: FlaskClient, make_pixel: Callable[..., UUID], owe: Owe, dead: Owe, ledger: Ledger, admin_token: Headers
) -> None:
    pixel = make_pixel()
    owe(pixel, 2)
    dead(pixel)
    path = f"/api/targets/{pixel}"

    paused = client.post(f"{path}/pause", json={"reason": "Stock is out"}, headers=admin_token).get_json()
    assert (paused["state"], paused["reason"], paused["reasonCode"]) == ("paused", "Stock is out", "user")
    assert (paused["open"], paused["dead"], paused["policy"]["fastS"]) == (2, 1, [1.0, 3.0, 8.0])
    assert client.get(f"{PATH}?status=paused", headers=admin_token).get_json()["pagination"]["total"] == 2
    assert client.post(f"{path}/resume", headers=admin_token).get_json()["state"] == "active"

    later = clock.now() + timedelta(minutes=5)
    ledger.change(Target, pixel, breaker="open", failures=5, trips=1, breaker_until=later, not_before=later)
    assert client.get(f"{path}/limits", headers=admin_token).get_json()["breaker"] == "open"
    reset = client.post(f"{path}/limits/reset", headers=admin_token).get_json()
    assert (reset["breaker"], reset["failures"], reset["notBefore"], reset["breakerUntil"]) == ("closed", 0, None, None)

    ledger.change(Target, pixel, state=TargetState.DELETED)
    assert client.post(f"{path}/pause", json={"reason": "x"}, headers=admin_token).status_code == 409
    assert client.post(f"{path}/pause", json={"reason": "x" * 501}, headers=admin_token).status_code == 400
