"""`/api/audit`."""

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
from tests.people import Person, bearer

sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
Header = dict[str, str]
Note = Callable[..., UUID]
HOUR = timedelta(hours=1)


def ids(answer: Any) -> list[str]:
    return [entry["id"] for entry in answer.json["data"]]


def test_entries_are_found_by_every_filter(client: FlaskClient, admin_token: Header, note: Note) -> None:
    user = uuid7()
    made = {
        "one": note("client.created", 3 * HOUR, subject_id="s-1", ip_address="203.0.113.7"),
        "two": note("client.updated", 2 * HOUR, user_id=user, actor="Bruno_100%@example.com"),
        "three": note("clients", HOUR, changes={"name": ["a", "b"]}),
        "old": note("client.revoked", timedelta(days=31)),
    }
    day = f"{clock.now() - timedelta(days=40):%Y-%m-%d}"
    for query, names in {
        "": ["three", "two", "one"],
        "action=client.": ["two", "one"],
        "action=client.updated": ["two"],
        "action=client": [],
        f"action=client.&from={day}": ["two", "one", "old"],
        f"user={user}": ["two"],
        "actor=bruno_100%25": ["two"],
        "actor=bruno%25100": [],
        "subjectId=s-1": ["one"],
        "address=203.0.113.7": ["one"],
        "action=client.&actor=ana": ["one"],
        f"to={day}": [],
    }.items():
        answer = client.get(f"/api/audit?{query}", headers=admin_token)
        assert answer.status_code == 200, query
        assert ids(answer) == [str(made[name]) for name in names], query


def test_pages_follow_each_other_without_gaps_or_repeats(client: FlaskClient, admin_token: Header, note: Note) -> None:
    made = [str(note("client.created", number * HOUR)) for number in range(7)]
    seen, after = [], ""
    for _page in range(4):
        answer: Any = client.get(f"/api/v1/audit?limit=2&after={after}", headers=admin_token)
        seen += ids(answer)
        after = answer.json["pagination"]["next"]
        note("client.created")  # newer ones do not move the pages
    assert (seen, after) == (made, None)


@sqlite
def test_an_entry_is_camel_case_and_whole(client: FlaskClient, admin_token: Header, note: Note) -> None:
    id_ = note("client.updated", subject="Loja", subject_id="7", changes={"per_day": [None, 5]}, request_id="r")
    answer: Any = client.get("/api/audit", headers=admin_token)
    assert answer.json["data"][0] == {
        "id": str(id_), "createdAt": answer.json["data"][0]["createdAt"], "action": "client.updated",
        "actor": "ana@example.com", "userId": None, "subjectId": "7", "subject": "Loja",
        "changes": {"per_day": [None, 5]}, "ipAddress": None, "requestId": "r",
    }  # fmt: skip


@sqlite
def test_odd_queries_are_a_clear_400(client: FlaskClient, admin_token: Header) -> None:
    odd = (
        "from=x", "to=2026-13-01", "from=2026-11-02&to=2026-11-01", "user=me", "after=x", "limit=0", "x=1",
        f"actor={'a' * 300}", "address=%00",
    )  # fmt: skip
    for query in odd:
        answer: Any = client.get(f"/api/audit?{query}", headers=admin_token)
        assert (answer.status_code, bool(answer.json["error"])) == (400, True), query


def test_nothing_of_another_account_is_read(
    app: Flask, client: FlaskClient, other_account: Person, note: Note, make_user: Callable[..., Person]
) -> None:
    note("client.created", subject="Segredo")
    theirs = client.get("/api/audit", headers=bearer(app, other_account))
    assert ids(theirs) == []
    assert "Segredo" not in theirs.text
    for role in ("manager", "operator", "viewer"):
        assert client.get("/api/audit", headers=bearer(app, make_user(role))).status_code == 403


@sqlite
def test_nobody_changes_or_deletes(client: FlaskClient, admin_token: Header, note: Note) -> None:
    id_ = note()
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        assert client.open("/api/audit", method=method, json={}, headers=admin_token).status_code == 405
        assert client.open(f"/api/audit/{id_}", method=method, json={}, headers=admin_token).status_code in (404, 405)
