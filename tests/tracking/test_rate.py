"""The limits of an API client, when it has any: 429 with the seconds to wait; a batch counts each event."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from app.accounts import audit
from app.accounts.clients import service as clients
from app.accounts.sign_in import first_account
from app.core.db import write
from app.core.settings import Settings
from app.simulator import Simulator
from tests.tracking_fixtures import ASYNC, EVENTS, KWAI_REGISTRATION, Sender, within_a_second

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def numbered(count: int) -> list[dict[str, Any]]:
    return [{**KWAI_REGISTRATION, "event_id": f"n{number}"} for number in range(count)]


def test_a_client_without_limits_has_none(sender: Sender) -> None:
    assert {sender.post(body, **ASYNC).status_code for body in numbered(60)} == {202}


def test_the_event_over_the_limit_is_429_and_stores_nothing(
    sender: Sender, make_sender: Callable[..., Sender], rows: Callable[[], dict[str, int]]
) -> None:
    limited = make_sender("limitado", per_minute=3)
    answers = [limited.post(body, **ASYNC) for body in numbered(4)]
    assert [answer.status_code for answer in answers] == [202, 202, 202, 429]
    assert 1 <= int(answers[3].headers["Retry-After"]) <= 60
    assert answers[3].get_json() == {"error": "Too many requests, try again later"}
    assert answers[3].headers["Vary"] == "Origin"
    assert rows()["tracked_event"] == 3
    assert sender.post(KWAI_REGISTRATION, **ASYNC).status_code == 202  # somebody else's limit


def test_a_batch_counts_each_event_and_passes_whole_or_not_at_all(
    sender: Sender, make_sender: Callable[..., Sender], rows: Callable[[], dict[str, int]]
) -> None:
    limited = make_sender("limitado", per_hour=5)
    assert limited.post({"events": numbered(4)}, f"{EVENTS}/batch").status_code == 202
    refused = limited.post({"events": numbered(2)}, f"{EVENTS}/batch")
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) <= 3600
    assert rows()["tracked_event"] == 4
    assert limited.post(KWAI_REGISTRATION, **ASYNC).status_code == 202


def test_a_raised_limit_holds_at_once_where_the_old_one_was_known(
    app: Flask, sender: Sender, make_sender: Callable[..., Sender], other_app: Flask
) -> None:
    limited = make_sender("limitado", per_minute=1)
    there = Sender(other_app, limited.token, limited.id)
    assert [there.post(body, **ASYNC).status_code for body in numbered(2)] == [202, 429]
    with app.app_context(), write() as session:
        actor = audit.system_actor(first_account(session).id)
        clients.update(session, actor, limited.id, {"per_minute": 100})
    assert within_a_second(lambda: there.post(numbered(9)[8], **ASYNC).status_code == 202)


@pytest.mark.parametrize("valkey_url", ["unix:///nonexistent/valkey.sock"])
def test_limits_hold_nobody_up_while_valkey_is_away(
    make_settings: Callable[..., Settings], sender: Sender, make_sender: Callable[..., Sender], simulator: Simulator
) -> None:
    limited = make_sender("limitado", per_minute=1)
    assert {limited.post(body, **ASYNC).status_code for body in numbered(3)} == {202}
