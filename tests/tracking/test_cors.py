"""Which browser scripts may read answers: those of the one configured origin, and nobody else's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from werkzeug.test import TestResponse

from app.core.settings import Settings
from app.simulator import Simulator
from tests.tracking_fixtures import ASYNC, EVENTS, KWAI_REGISTRATION, Sender

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
SHOP = "https://loja.example:8443"


@pytest.fixture
def settings(make_settings: Callable[..., Settings], database_url: str, simulator: Simulator) -> Settings:
    return make_settings(database_url=database_url, cors_origin=SHOP, meta_graph_url=simulator.url)


def answers_to(sender: Sender, **headers: str) -> list[TestResponse]:
    """One of every sort of answer."""
    return [
        sender.post(KWAI_REGISTRATION, **{**ASYNC, **headers}),
        sender.post({}, **headers),
        sender.post({"events": [{}]}, f"{EVENTS}/batch", **headers),
        sender.send(headers={**headers, "Authorization": None}),
        sender.send(headers={**headers, "Content-Type": "text/plain"}),
        sender.send(b"x" * 70_000, headers=headers),
        sender.send(method="OPTIONS", headers={**headers, "Authorization": None}),
    ]


def test_the_one_origin_may_read_every_answer(sender: Sender) -> None:
    for answer in answers_to(sender, Origin=SHOP):
        assert answer.headers.getlist("Access-Control-Allow-Origin") == [SHOP]
        assert "Origin" in answer.headers["Vary"]
        assert "Access-Control-Allow-Credentials" not in answer.headers


@pytest.mark.parametrize(
    "origin", ["https://loja.example", "http://loja.example:8443", f"{SHOP}.evil.example", SHOP.upper(), "null", "*"]
)
def test_no_other_origin_may(sender: Sender, origin: str) -> None:
    for answer in answers_to(sender, Origin=origin):
        assert not [name for name, _ in answer.headers if name.startswith("Access-Control")]
        assert "Origin" in answer.headers["Vary"]


def test_answers_vary_by_origin_without_one_too(sender: Sender) -> None:
    assert all("Origin" in answer.headers["Vary"] for answer in answers_to(sender))


@pytest.mark.parametrize("path", [EVENTS, f"{EVENTS}/batch", "/api/v1/tracking/events", "/api/tracking_events.php"])
def test_the_preflight_needs_no_credentials(sender: Sender, path: str) -> None:
    asked = {"Origin": SHOP, "Access-Control-Request-Method": "POST", "Authorization": None}
    answer = sender.send(path=path, method="OPTIONS", headers=asked)
    assert (answer.status_code, answer.data) == (204, b"")
    assert answer.headers["Access-Control-Allow-Methods"] == "POST, OPTIONS"
    allowed: Any = answer.headers["Access-Control-Allow-Headers"].lower().split(", ")
    assert {"authorization", "content-type", "idempotency-key", "prefer"} <= set(allowed)
