"""A client's limits at one pixel: in words, beside its own limits, event by event in a batch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from app.accounts import audit
from app.accounts.clients import service as clients
from app.accounts.sign_in import first_account
from app.core.db import write
from tests.tracking_fixtures import (
    ASYNC,
    EVENTS,
    KWAI_PIXEL,
    KWAI_REGISTRATION,
    META_PURCHASE,
    Sender,
    within_a_second,
)

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def kwai(make_pixel: Callable[..., UUID]) -> str:
    make_pixel("facebook")
    return str(make_pixel("kwai"))


def numbered(count: int, first: int = 0, event: dict[str, Any] = KWAI_REGISTRATION) -> list[dict[str, Any]]:
    return [{**event, "event_id": f"n{number}"} for number in range(first, first + count)]


def statuses(sender: Sender, events: list[dict[str, Any]]) -> list[int]:
    return [sender.post(event, **ASYNC).status_code for event in events]


def test_the_event_over_a_pixels_limit_is_429_in_words(make_sender: Callable[..., Sender], kwai: str) -> None:
    windows = {"per_minute": ("a minute", 60), "per_hour": ("an hour", 3600), "per_day": ("a day", 86_400)}
    for window, (often, seconds) in windows.items():
        limited = make_sender(window, pixel_limits={kwai: {window: 2}})
        assert statuses(limited, numbered(2)) == [202, 202]
        refused: Any = limited.post(numbered(3)[2], **ASYNC)
        assert refused.status_code == 429
        assert refused.get_json() == {"error": f"Pixel {KWAI_PIXEL} takes 2 events {often} from this client"}
        name = often.split()[1]
        assert refused.headers["RateLimit-Policy"] == f'"client-pixel-{name}";q=2;w={seconds}'
        assert refused.headers["RateLimit"].startswith(f'"client-pixel-{name}";r=0;t=')
        assert 1 <= int(refused.headers["Retry-After"]) <= seconds
        assert statuses(limited, numbered(3, event=META_PURCHASE)) == [202] * 3  # another pixel


def test_a_batch_passes_as_many_as_fit_and_refuses_the_others_one_by_one(
    make_sender: Callable[..., Sender], kwai: str, rows: Callable[[], dict[str, int]]
) -> None:
    limited = make_sender(pixel_limits={kwai: {"per_hour": 3}}, per_hour=10)
    assert statuses(limited, numbered(1)) == [202]
    events = [*numbered(2, 1), {"pixel_id": "nobody"}, *numbered(2, event=META_PURCHASE), *numbered(2, 3)]
    answer: Any = limited.post({"events": events}, f"{EVENTS}/batch")
    assert answer.status_code == 202
    results = answer.get_json()["results"]
    assert ["error" in result for result in results] == [False, False, True, False, False, True, True]
    assert results[6]["error"] == f"Pixel {KWAI_PIXEL} takes 3 events an hour from this client"
    assert rows()["tracked_event"] == 5
    # of the client's ten, 1 + 7 were asked for and 2 given back
    assert statuses(limited, numbered(5, 10, META_PURCHASE)) == [202] * 4 + [429]


def test_what_a_pixel_refuses_costs_the_client_nothing(make_sender: Callable[..., Sender], kwai: str) -> None:
    limited = make_sender(pixel_limits={kwai: {"per_minute": 1}}, per_minute=2)
    assert statuses(limited, numbered(3)) == [202, 429, 429]
    assert statuses(limited, numbered(2, event=META_PURCHASE)) == [202, 429]


def test_the_clients_own_429_names_its_policy_and_what_remains(make_sender: Callable[..., Sender], kwai: str) -> None:
    limited = make_sender(per_hour=5)
    assert limited.post({"events": numbered(3)}, f"{EVENTS}/batch").status_code == 202
    refused = limited.post({"events": numbered(4, 3)}, f"{EVENTS}/batch")
    assert refused.status_code == 429
    assert refused.headers["RateLimit-Policy"] == '"client-hour";q=5;w=3600'
    assert refused.headers["RateLimit"].startswith('"client-hour";r=2;t=')
    assert "Origin" in refused.headers["Vary"]


def test_a_lifted_limit_holds_within_a_second_where_it_was_known(
    app: Flask, other_app: Flask, make_sender: Callable[..., Sender], kwai: str
) -> None:
    limited = make_sender(pixel_limits={kwai: {"per_minute": 1}})
    there = Sender(other_app, limited.token, limited.id)
    assert statuses(there, numbered(2)) == [202, 429]
    with app.app_context(), write() as session:
        clients.update(session, audit.system_actor(first_account(session).id), limited.id, {"pixel_limits": None})
    assert within_a_second(lambda: there.post(numbered(9)[8], **ASYNC).status_code == 202)
