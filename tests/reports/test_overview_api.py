"""GET /api/overview."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.people import Person, bearer
from tests.tracking_fixtures import ASYNC, KWAI_REGISTRATION, META_PURCHASE, Sender

URL = "/api/overview"
sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_figures_series_and_health(
    client: FlaskClient, viewer_token: dict[str, str], sender: Sender, drain: Callable[..., None]
) -> None:
    sender.post(META_PURCHASE, **ASYNC)
    sender.post({**KWAI_REGISTRATION, "event_id": "1"}, **ASYNC)
    drain()
    sender.post({**META_PURCHASE, "consent": {"ad_user_data": "denied"}}, **ASYNC)
    found: dict[str, Any] = client.get(URL, headers=viewer_token).get_json()
    assert {name: found["figures"][name] for name in ("accepted", "delivered", "cancelled", "waiting", "dead")} == {
        "accepted": 3, "delivered": 2, "cancelled": 1, "waiting": 0, "dead": 0,
    }  # fmt: skip
    assert (found["figures"]["deliveredShare"], found["timezone"]) == (1.0, "America/Sao_Paulo")
    assert found["figures"]["p95DelayS"] > 0
    assert found["matches"]["events"] == 1  # of a person who said no, nothing may be matched
    assert found["matches"]["shares"]["em"] > 0
    assert sum(place["accepted"] for place in found["series"]) == 3
    assert (found["series"][-1]["isPartial"], found["series"][-1]["before"]) == (True, 0)
    assert [(one["platform"], one["state"], one["figures"]["accepted"]) for one in found["health"]] == [
        ("kwai", "well", 1),
        ("facebook", "well", 2),
    ]
    assert found["comparison"]["figures"]["accepted"] == 0
    assert found["changes"]["accepted"] is None


@sqlite
@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("from=x", "from"),
        ("to=9999-12-31", "to"),
        ("from=2026-01-02&to=2026-01-01", "to"),
        ("from=2020-01-01&to=2026-01-01", "to"),
        ("period=9d", "period"),
        ("compare=last-year", "compare"),
        ("from=2026-01-01&from=2026-01-02", "from"),
        ("since=2026-01-01", "since"),
    ],
)
def test_an_odd_query_is_refused_by_name(
    client: FlaskClient, viewer_token: dict[str, str], query: str, field: str
) -> None:
    answer = client.get(f"{URL}?{query}", headers=viewer_token)
    assert (answer.status_code, list(answer.get_json()["fields"])) == (400, [field])


@sqlite
def test_without_comparison(client: FlaskClient, viewer_token: dict[str, str]) -> None:
    found = client.get(f"{URL}?period=28d&compare=none", headers=viewer_token).get_json()
    assert (found["comparison"], len(found["series"])) == (None, 28)


@sqlite
def test_bounds_are_read_in_the_accounts_zone(client: FlaskClient, viewer_token: dict[str, str]) -> None:
    found = client.get(f"{URL}?from=2026-03-01&to=2026-03-02T12:00Z", headers=viewer_token).get_json()
    assert (found["from"], found["to"]) == ("2026-03-01T03:00:00.000Z", "2026-03-02T12:00:00.000Z")


@sqlite
def test_strangers_and_other_accounts_see_nothing(
    app: Flask, client: FlaskClient, sender: Sender, other_account: Person
) -> None:
    sender.post(META_PURCHASE, **ASYNC)
    assert client.get(URL).status_code == 401
    assert client.get(URL, headers={"Authorization": f"Bearer {sender.token}"}).status_code == 403
    found = client.get(URL, headers=bearer(app, other_account)).get_json()
    assert (found["figures"]["accepted"], found["health"]) == (0, [])
