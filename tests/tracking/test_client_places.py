"""Expiry, addresses and origins of a client, at every door that its token opens."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from app.accounts import audit
from app.accounts.clients import service as clients
from app.accounts.models import ApiClient, AuditEntry
from app.accounts.sign_in import first_account
from app.core import clock
from app.core.db import db, write
from tests.tracking_fixtures import ASYNC, EVENTS, KWAI_REGISTRATION, Sender, within_a_second

sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
SHOP = "https://loja.example"
BOTH = ("events:write", "stats:read")
WRONG_ADDRESS = "This client may not be used from this address"
WRONG_ORIGIN = "This client may not be used by pages of this origin"


@pytest.fixture(autouse=True)
def pixel(make_pixel: Callable[..., UUID]) -> UUID:
    return make_pixel("kwai")


def doors(sender: Sender, number: int = 0, **headers: str) -> set[int]:
    """The status of each door: one event, a batch, an event's status, the figures."""
    event = {**KWAI_REGISTRATION, "event_id": f"n{number}"}
    reads = {name: text for name, text in headers.items() if name != "Prefer"}
    answers = [
        sender.post(event, **{**ASYNC, **headers}),
        sender.post({"events": [event]}, f"{EVENTS}/batch", **headers),
        *(sender.send(path=path, method="GET", headers=reads) for path in ("/api/stats", "/api/v1/views/x")),
        sender.send(path=f"{EVENTS}/track_x", method="GET", headers=reads),
    ]
    return {answer.status_code for answer in answers}


@sqlite
def test_an_expired_client_is_unknown_at_every_door(
    make_sender: Callable[..., Sender], travel: Callable[[timedelta], None]
) -> None:
    sender = make_sender(scopes=BOTH, expires_at=clock.now() + timedelta(seconds=30))
    assert doors(sender) == {202, 200, 404}
    travel(timedelta(seconds=30))  # cached, and now in its very second
    assert doors(sender, 1) == {401}


@sqlite
def test_only_the_address_that_trusted_proxies_tell_counts(
    with_settings: Callable[..., Flask], make_sender: Callable[..., Sender]
) -> None:
    listed = make_sender(scopes=BOTH, addresses=["10.0.0.0/8"])
    behind = [Sender(with_settings(trusted_proxies=hops), listed.token, listed.id) for hops in (0, 1)]
    cases = [
        (0, "10.0.0.1", False),  # anybody can write this
        (1, "10.0.0.1", True),
        (1, "10.0.0.1, 203.0.113.9", False),  # only what the trusted proxy itself added counts
        (1, "203.0.113.9, ::ffff:10.0.0.1", True),
        (1, "nonsense", False),
    ]
    for number, (hops, forwarded, passes) in enumerate(cases):
        found = doors(behind[hops], number, **{"X-Forwarded-For": forwarded})
        assert found == ({202, 200, 404} if passes else {403}), forwarded


@sqlite
def test_only_pages_of_the_origins_pass_and_servers_do(app: Flask, make_sender: Callable[..., Sender]) -> None:
    sender = make_sender(scopes=BOTH, origins=[SHOP])
    assert doors(sender) == {202, 200, 404}
    assert doors(sender, 1, Origin=SHOP) == {202, 200, 404}
    for number, origin in enumerate(("null", "https://evil.example", f"{SHOP}.evil.example", "")):
        assert doors(sender, 2 + number, Origin=origin) == {403}
    answer = sender.post(KWAI_REGISTRATION, **ASYNC, Origin=SHOP)
    assert "Access-Control-Allow-Origin" not in answer.headers  # CORS_ORIGIN alone opens that


@sqlite
def test_the_refusal_says_why_and_is_in_the_audit(app: Flask, make_sender: Callable[..., Sender]) -> None:
    sender = make_sender(addresses=["192.0.2.1"], origins=[SHOP])
    refused: Any = sender.post(KWAI_REGISTRATION)
    assert (refused.status_code, refused.get_json()) == (403, {"error": WRONG_ADDRESS})
    with app.app_context(), write() as session:
        actor = audit.system_actor(first_account(session).id)
        clients.update(session, actor, sender.id, {"addresses": None})
    assert sender.post(KWAI_REGISTRATION, Origin="null").get_json() == {"error": WRONG_ORIGIN}
    with app.app_context():
        entries = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "client.denied")).all()
    assert [(entry.subject_id, entry.ip_address) for entry in entries] == [(str(sender.id), "127.0.0.1")] * 2


def test_a_changed_list_holds_at_once_where_the_client_was_known(
    app: Flask, other_app: Flask, make_sender: Callable[..., Sender]
) -> None:
    known = make_sender()
    there = Sender(other_app, known.token, known.id)
    assert there.post(KWAI_REGISTRATION, **ASYNC).status_code == 202

    def change(**given: Any) -> None:
        with app.app_context(), write() as session:
            clients.update(session, audit.system_actor(first_account(session).id), known.id, given)

    def post(event_id: str) -> int:
        return there.post({**KWAI_REGISTRATION, "event_id": event_id}, **ASYNC).status_code

    for number, given in enumerate(({"addresses": ["192.0.2.1"]}, {"origins": [SHOP]})):
        change(addresses=None, origins=None)
        assert within_a_second(lambda number=number: post(f"passes{number}") == 202)  # type: ignore[misc]
        change(**given)
        headers = {"Origin": "null"} if "origins" in given else {}
        refused = there.post({**KWAI_REGISTRATION, "event_id": f"refused{number}"}, **{**ASYNC, **headers})
        assert refused.status_code == 403


@sqlite
def test_the_last_use_is_noted_by_reads_too_once_a_minute(
    app: Flask, make_sender: Callable[..., Sender], travel: Callable[[timedelta], None]
) -> None:
    sender = make_sender(scopes=["stats:read"])

    def last_use() -> tuple[Any, str | None]:
        with app.app_context():
            found = db.session.get_one(ApiClient, sender.id)
            return found.last_used_at, found.last_address

    sender.get("/api/stats")
    first = last_use()
    assert first[1] == "127.0.0.1"
    sender.get("/api/stats")
    assert last_use() == first
    travel(timedelta(minutes=1))
    sender.get("/api/stats")
    assert last_use()[0] > first[0]
