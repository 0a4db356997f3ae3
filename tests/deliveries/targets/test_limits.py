"""How often a target may be called, as people and programs see and set it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from app.accounts.models import AuditEntry
from app.attention.checks import Look
from app.core import clock
from app.core.db import begin_write, db
from app.core.runtime import runtime
from app.outbound.limits import service
from app.outbound.models import Target, TargetState
from app.outbound.watch import check
from tests.deliveries.conftest import Owe
from tests.outbound.ledger import Ledger
from tests.people import Browser, Person, bearer

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
Ask = Callable[..., TestResponse]


@pytest.fixture
def pixel(make_pixel: Callable[..., UUID]) -> UUID:
    return make_pixel()


@pytest.fixture
def ask(client: FlaskClient, admin_token: dict[str, str], pixel: UUID) -> Ask:
    """`ask("PUT", "", perMinute=60)`: the limits of the pixel, as an administrator's program."""

    def call(method: str, rest: str = "", **body: Any) -> TestResponse:
        json = body if method == "PUT" or rest == "/check" else None
        return client.open(f"/api/targets/{pixel}/limits{rest}", method=method, json=json, headers=admin_token)

    return call


@pytest.fixture
def take(ledger: Ledger, pixel: UUID) -> Callable[[int], int]:
    def some(count: int) -> int:
        with begin_write(ledger.engine) as connection:
            return service.take(connection, pixel, count)

    return some


def test_a_program_sets_limits_and_sees_what_is_left(ask: Ask, take: Callable[[int], int]) -> None:
    set_to = ask("PUT", perMinute=60, perHour=1000, perDay=10_000, perSecond=0).get_json()
    assert set_to["limits"] == {"perSecond": None, "perMinute": 60, "perHour": 1000, "perDay": 10_000}
    assert set_to["windows"][0] == {
        "window": "minute", "limit": 60, "used": 0, "remaining": 60, "startedAt": None, "resetsAt": None
    }  # fmt: skip
    take(60)

    seen = ask("GET").get_json()
    assert [(each["window"], each["remaining"]) for each in seen["windows"]] == [
        ("minute", 0), ("hour", 940), ("day", 9940)
    ]  # fmt: skip
    assert seen["limitedUntil"] == seen["windows"][0]["resetsAt"]
    assert ask("PUT", perMinute=61).get_json()["limitedUntil"] is None


@pytest.mark.parametrize(
    "body", [{"perMinute": -1}, {"perDay": 1_000_001}, {"perHour": "60"}, {"perHour": 1.5}, {"perWeek": 1}]
)
def test_odd_limits_are_refused_by_name(ask: Ask, body: dict[str, Any]) -> None:
    answer = ask("PUT", **body)

    assert (answer.status_code, [*answer.get_json()["fields"]]) == (400, [*body])


def test_a_check_says_how_many_remain_and_counts_nothing(ask: Ask, take: Callable[[int], int]) -> None:
    assert ask("POST", "/check").get_json() == {"allowed": True, "remaining": None, "windows": []}
    ask("PUT", perMinute=5, perDay=100)
    take(3)
    allowed = ask("POST", "/check", count=2)
    assert (allowed.status_code, allowed.get_json()["remaining"]) == (200, 2)

    refused = ask("POST", "/check", count=3)
    told = refused.get_json()
    assert (refused.status_code, told["remaining"], len(told["windows"])) == (429, 2, 2)
    assert "The limit is 5 calls a minute: 2 remain. Try again in" in told["error"]
    assert 55 <= int(refused.headers["Retry-After"]) <= 60
    assert refused.headers["RateLimit-Policy"] == '"minute";q=5;w=60'
    assert refused.headers["RateLimit"].startswith('"minute";r=2;t=')
    assert ask("GET").get_json()["windows"][0]["used"] == 3
    for count in (0, -1, 1_000_001):
        assert ask("POST", "/check", count=count).status_code == 400


def test_a_reset_takes_one_window_or_all_with_breaker_and_throttle(
    ask: Ask, take: Callable[[int], int], ledger: Ledger, pixel: UUID
) -> None:
    ask("PUT", perMinute=5, perDay=5)
    take(5)
    ledger.change(Target, pixel, not_before=clock.now() + timedelta(hours=1))

    one = ask("POST", "/reset?window=minute").get_json()
    assert ([each["used"] for each in one["windows"]], one["notBefore"]) == ([0, 5], None)
    assert [each["used"] for each in ask("POST", "/reset").get_json()["windows"]] == [0, 0]
    assert ask("POST", "/reset?window=week").status_code == 400


def test_only_administrators_set_and_reset_and_it_is_recorded(
    app: Flask, client: FlaskClient, ask: Ask, take: Callable[[int], int], viewer_token: dict[str, str], pixel: UUID
) -> None:
    path = f"/api/targets/{pixel}/limits"
    for method, rest, status in (("PUT", "", 403), ("POST", "/reset", 403), ("POST", "/check", 200), ("GET", "", 200)):
        answer = client.open(path + rest, method=method, json={}, headers=viewer_token)
        assert answer.status_code == status, rest
    ask("PUT", perHour=9)
    take(4)
    ask("POST", "/reset")

    with app.app_context():
        entries = db.session.scalars(select(AuditEntry).where(AuditEntry.subject_id == str(pixel)))
        told = {entry.action: entry.changes for entry in entries}
    assert told["target.limited"] == {"calls_per_hour": [None, 9]}
    assert told["target.calls_reset"] == {"calls_of_hour": [4, 0]}


def test_limits_of_a_deleted_or_foreign_target_cannot_be_set(
    client: FlaskClient, ask: Ask, ledger: Ledger, pixel: UUID, other_account: Person, app: Flask
) -> None:
    stranger = bearer(app, other_account)
    for method, rest in (("PUT", ""), ("POST", "/check"), ("POST", "/reset"), ("GET", "")):
        answer = client.open(f"/api/targets/{pixel}/limits{rest}", method=method, json={}, headers=stranger)
        assert answer.status_code == 404
    ledger.change(Target, pixel, state=TargetState.DELETED)
    assert (ask("PUT", perHour=1).status_code, ask("POST", "/reset").status_code) == (409, 409)


# -- pages --------------------------------------------------------------------------------------------------------


def test_the_page_shows_each_window_and_sets_them(
    admin: Browser, viewer: Browser, take: Callable[[int], int], owe: Owe, pixel: UUID
) -> None:
    path = f"/deliveries/targets/{pixel}"
    assert "Nenhum limite definido" in admin.get(path).text
    assert admin.submit(f"{path}/limits", {"per_minute": "60", "per_day": "10000"}).status_code == 303
    take(60)
    owe(pixel, 1)

    shown = admin.get(path).text
    for words in ("60 / 60", "60 / 10.000", "esgotado", "9.940 chamadas restantes", "Aguarda seu limite até"):
        assert words in shown, words
    assert 'name="per_minute"' not in viewer.get(path).text
    assert admin.submit(f"{path}/limits/reset").status_code == 303
    assert "0 / 60" in admin.get(path).text


@pytest.mark.parametrize("value", ["-1", "1000001", "ten", "9" * 5000, "1e9"])
def test_a_limit_that_is_none_gets_the_form_back(admin: Browser, pixel: UUID, value: str) -> None:
    answer = admin.submit(f"/deliveries/targets/{pixel}/limits", {"per_hour": value}, htmx=True)

    assert answer.status_code == 422
    assert 'id="deliveries-limits-form"' in answer.text
    assert "<html" not in answer.text


def test_a_delivery_says_that_it_waits_for_a_limit(
    admin: Browser, ask: Ask, take: Callable[[int], int], owe: Owe, pixel: UUID
) -> None:
    ask("PUT", perDay=1)
    take(1)
    (id,) = owe(pixel)

    assert "Aguarda o limite de" in admin.get(f"/deliveries/{id}").text
    assert "Um dos limites próprios está esgotado" in admin.get(f"/pixels/{pixel}").text


def test_a_limit_is_no_finding(app: Flask, ask: Ask, take: Callable[[int], int], owe: Owe, pixel: UUID) -> None:
    ask("PUT", perDay=1)
    take(1)
    owe(pixel, 3, next_at=clock.now() - timedelta(hours=2))

    with app.app_context():
        assert list(check(Look(db.session.connection(), clock.now(), runtime()))) == []
