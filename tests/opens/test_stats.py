"""/api/stats and /api/views: the same as a count of the opens themselves, for who may ask and for nobody else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from sqlalchemy import update
from sqlalchemy.orm import Session

from app import create_app
from app.accounts import audit
from app.accounts.clients import service as clients
from app.accounts.models import Account
from app.core import clock
from app.core.db import begin_write, write
from app.core.rollup import hour_of
from app.core.runtime import runtime
from app.core.settings import Settings
from app.opens.log.filters import Filters
from app.opens.log.number import number_of
from app.opens.models import COUNTED
from tests.opens.history import counts, made, random_rows, store
from tests.opens.opens_fixtures import account_of
from tests.people import Browser, Person, bearer, new_user

Rows = list[dict[str, Any]]
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SAO_PAULO = ZoneInfo("America/Sao_Paulo")
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
KEYS = [
    "total_views", "unique_views", "unique_invoices", "views_today", "automatic_views", "by_invoice", "recent",
    "by_hour", "by_weekday_hour", "by_device", "by_client", "from", "to", "timezone", "as_of",
]  # fmt: skip
OPEN_KEYS = [
    "id_fatura", "file", "timestamp", "ip_address", "user_agent", "referer", "class", "reason", "client", "device",
    "counted",
]  # fmt: skip


@pytest.fixture
def own(app: Flask) -> UUID:
    return account_of(app)


@pytest.fixture
def ask(app: Flask, viewer_token: dict[str, str]) -> Callable[..., dict[str, Any]]:
    def get(path: str = "/api/stats", status: int = 200, **query: Any) -> dict[str, Any]:
        answer = app.test_client().get(path, query_string=query, headers=viewer_token)
        assert answer.status_code == status, answer.text
        found: dict[str, Any] = answer.get_json()
        return found

    return get


def token_of(app: Flask, *scopes: str) -> dict[str, str]:
    with app.app_context(), write() as session:
        values = clients.ClientValues(name="erp", scopes=list(scopes))
        _client, token = clients.create(session, audit.system_actor(account_of(app)), values)
    return {"Authorization": f"Bearer {token}"}


def viewed(rows: Rows, automatic: bool) -> Rows:
    return [row for row in rows if row["is_view"] and (automatic or row["class"] in COUNTED)]


def expected(
    rows: Rows, start: datetime | None, end: datetime | None, now: datetime, automatic: bool
) -> dict[str, Any]:
    """By the rows alone."""
    inside = [row for row in rows if (not start or row["created_at"] >= start) and (not end or row["created_at"] < end)]
    shown = viewed(inside, automatic)
    midnight = now.astimezone(SAO_PAULO).replace(hour=0, minute=0, second=0, microsecond=0)
    hours = Counter(row["created_at"].astimezone(SAO_PAULO).hour for row in shown)
    return {
        "total_views": len(shown),
        "unique_views": sum(row["is_first"] for row in inside),
        "unique_invoices": len({row["ref"] for row in rows if counts(row) and (not end or row["created_at"] < end)}),
        "views_today": len(viewed([row for row in rows if row["created_at"] >= midnight], automatic)),
        "automatic_views": sum(row["is_view"] and row["class"] not in COUNTED for row in inside),
        "by_hour": [{"hour": hour, "views": hours[hour]} for hour in range(24)],
        "by_device": dict(Counter(row["device"] or "unknown" for row in shown)),
        "by_client": dict(Counter(row["client"] or "unknown" for row in shown)),
    }


def test_every_figure_equals_a_count_of_the_opens(
    app: Flask, own: UUID, ask: Callable[..., dict[str, Any]], other_account: Person
) -> None:
    now = clock.now()
    until = hour_of(now) + HOUR
    rows = store(runtime(app).engine, random_rows(own, until - 20 * DAY, now, 600))
    store(runtime(app).engine, random_rows(other_account.account_id, until - 20 * DAY, now, 40, seed=3))
    spans: list[tuple[datetime | None, datetime | None]] = [
        (None, None), (until - 9 * DAY, until - 2 * DAY - 5 * HOUR), (until - 30 * HOUR, None),
        (None, until - 11 * DAY),
    ]  # fmt: skip
    for start, end in spans:
        query = {name: at.isoformat() for name, at in (("from", start), ("to", end)) if at}
        for automatic in (False, True):
            found = ask(**query, automatic=int(automatic))
            assert list(found) == KEYS
            wanted = expected(rows, start, end, now, automatic)
            assert {name: found[name] for name in wanted} == wanted, (start, end, automatic)
            assert sum(map(sum, found["by_weekday_hour"])) == found["total_views"]
            assert [one["timestamp"] for one in found["recent"]] == _latest(rows, start, end, automatic)
            _check_invoices(rows, start, end, automatic, found["by_invoice"])


def _latest(rows: Rows, start: datetime | None, end: datetime | None, automatic: bool) -> list[str]:
    inside = [row for row in rows if (not start or row["created_at"] >= start) and (not end or row["created_at"] < end)]
    newest = sorted(inside, key=lambda row: (row["created_at"], row["id"]), reverse=True)
    return [
        f"{row['created_at']:%Y-%m-%dT%H:%M:%S}.{row['created_at']:%f}"[:23] + "Z" for row in viewed(newest, automatic)
    ][:50]


def _check_invoices(
    rows: Rows, start: datetime | None, end: datetime | None, automatic: bool, found: list[dict[str, Any]]
) -> None:
    last = {row["ref"]: row["created_at"] for row in rows if counts(row)}
    inside = sorted(
        ((at, ref) for ref, at in last.items() if (not start or at >= start) and (not end or at < end)), reverse=True
    )
    assert [one["id_fatura"] for one in found] == [ref for _at, ref in inside[:100]]
    views = Counter(row["ref"] for row in viewed(rows, automatic))
    assert all(one["views"] == views[one["id_fatura"]] for one in found)


@on_sqlite
def test_an_id_counts_once_as_unique_however_often_it_is_opened(
    app: Flask, own: UUID, ask: Callable[..., dict[str, Any]]
) -> None:
    """unique_views: first opened in the period. unique_invoices: opened at any time up to its end."""
    until = hour_of(clock.now())
    store(
        runtime(app).engine,
        [
            made(own, until - 3 * DAY, "A"), made(own, until - DAY, "A"), made(own, until - DAY, "A", kind="bot"),
            made(own, until - DAY, "B"), made(own, until - DAY, "C", kind="prefetch"),
            made(own, until - HOUR, "B", is_view=False),
        ],
    )  # fmt: skip
    start = (until - 2 * DAY).isoformat()
    found = ask(**{"from": start})
    assert [found[name] for name in KEYS[:3]] == [2, 1, 2]
    assert found["automatic_views"] == 2
    found = ask(**{"from": start, "automatic": 1})
    assert [found[name] for name in KEYS[:3]] == [4, 1, 2]  # views alone
    assert {one["id_fatura"]: one["views"] for one in found["by_invoice"]} == {"A": 3, "B": 1}


@on_sqlite
def test_hours_are_those_of_the_accounts_zone_and_texts_without_offset_too(
    app: Flask, own: UUID, ask: Callable[..., dict[str, Any]]
) -> None:
    store(runtime(app).engine, [made(own, datetime(2026, 11, 16, 1, 30, tzinfo=UTC))])  # a Monday in UTC
    for zone, weekday, hour in (("America/Sao_Paulo", 6, 22), ("Asia/Kolkata", 0, 6), ("UTC", 0, 1)):
        with begin_write(runtime(app).engine) as connection:
            connection.execute(update(Account).where(Account.id == own).values(timezone=zone))
        found = ask()
        assert found["by_weekday_hour"][weekday][hour] == found["by_hour"][hour]["views"] == 1, zone
        assert found["timezone"] == zone
        local = datetime(2026, 11, 16, 1, tzinfo=UTC).astimezone(ZoneInfo(zone))
        assert ask(**{"from": str(local.date()), "to": str(local.date())})["total_views"] == 1, zone
        assert ask(**{"to": str(local.date() - DAY)})["total_views"] == 0, zone


@on_sqlite
def test_odd_parameters_are_named(app: Flask, ask: Callable[..., dict[str, Any]]) -> None:
    cases: list[tuple[dict[str, Any], str]] = [
        ({"from": "yesterday"}, "from"),
        ({"from": "2026-11-21T14:30"}, "from"),
        ({"to": "2026-11-21T14:00:01"}, "to"),
        ({"from": "2026-11-21", "to": "2026-11-20"}, "to"),
        ({"from": "2026-11-21T14:00", "to": "2026-11-21T14:00"}, "to"),
        ({"to": "9999-12-31"}, "to"),
        ({"automatic": "yes"}, "automatic"),
        ({"period": "7d"}, "period"),
        ({"from": ["2026-11-21", "2026-11-20"]}, "from"),
    ]
    for query, name in cases:
        assert list(ask(status=400, **query)["fields"]) == [name], query
    assert list(ask("/api/views/FAT001", status=400, limit=201)["fields"]) == ["limit"]
    assert "cursor" in ask("/api/views/FAT001", status=400, after="e30")["error"]
    assert ask(**{"from": "2026-11-21T14:00:00Z", "to": "2030-01-01"})["total_views"] == 0


def test_only_who_may_read_statistics_does(
    app: Flask, own: UUID, viewer: Browser, viewer_token: dict[str, str], other_account: Person
) -> None:
    store(runtime(app).engine, [made(own, clock.now() - DAY, "OURS")])
    callers: list[tuple[dict[str, str], int, int]] = [
        ({}, 401, 0),
        ({"Authorization": "Bearer nonsense"}, 401, 0),
        ({"Cookie": f"session={viewer.session_cookie()}"}, 401, 0),
        (token_of(app, "events:write"), 403, 0),
        (token_of(app, "stats:read"), 200, 1),
        (viewer_token, 200, 1),
        (bearer(app, new_user(app, "admin")), 200, 1),
        (bearer(app, other_account), 200, 0),  # sees the own account alone
    ]
    for headers, status, views in callers:
        for path in ("/api/stats", "/api/v1/stats", "/api/views/OURS", "/api/v1/views/OURS"):
            answer = app.test_client().get(path, headers=headers)
            assert answer.status_code == status, (headers, path)
            found = answer.get_json()
            assert status != 200 or found.get("total_views", found.get("pagination", {}).get("total")) == views
    assert viewer.get("/api/stats").status_code == 401  # a browser's session is no credential here


@pytest.fixture
def public_app(app: Flask, settings: Settings) -> Iterator[Flask]:
    public = create_app(settings.model_copy(update={"stats_public": True}))
    yield public
    runtime(public).engine.dispose()


@on_sqlite
def test_public_statistics_are_those_of_the_first_account(
    app: Flask, public_app: Flask, own: UUID, other_account: Person
) -> None:
    store(runtime(app).engine, [made(own, clock.now() - DAY, "OURS")])
    store(runtime(app).engine, [made(other_account.account_id, clock.now() - DAY, "THEIRS") for _n in range(3)])
    get = public_app.test_client().get
    assert get("/api/stats").get_json()["total_views"] == 1
    assert [one["id_fatura"] for one in get("/api/views/OURS").get_json()["data"]] == ["OURS"]
    assert get("/api/views/THEIRS").get_json()["data"] == []
    assert get("/api/stats", headers={"Authorization": "Bearer nonsense"}).status_code == 401
    assert get("/api/stats", headers=bearer(app, other_account)).get_json()["total_views"] == 3
    assert get("/api/tracking/events/track_0").status_code == 401  # nothing else is open


@on_sqlite
def test_views_tell_each_open_of_an_id(app: Flask, own: UUID, ask: Callable[..., dict[str, Any]]) -> None:
    at = hour_of(clock.now()) - DAY
    fields: dict[str, Any] = {"client": "Gmail", "device": "unknown", "referer": "mail.example/inbox"}
    store(
        runtime(app).engine,
        [
            made(own, at, "FAT001", kind="image_proxy", agent="GoogleImageProxy", **fields),
            made(own, at + HOUR, "FAT001", is_view=False), made(own, at + 2 * HOUR, "FAT001", kind="bot"),
            made(own, at, "FAT0012"),
        ],
    )  # fmt: skip
    found = ask("/api/views/FAT001")
    assert [one["counted"] for one in found["data"]] == [False, False, True]
    assert found["data"][-1] == {
        "id_fatura": "FAT001", "file": "logo.png", "timestamp": f"{at:%Y-%m-%dT%H:%M:%S}.000Z",
        "ip_address": "203.0.113.0", "user_agent": "GoogleImageProxy", "referer": "mail.example/inbox",
        "class": "image_proxy", "reason": "gmail_proxy", "client": "Gmail", "device": "unknown", "counted": True,
    }  # fmt: skip
    assert list(found["data"][0]) == OPEN_KEYS
    assert found["pagination"] == {
        "page": 1, "limit": 50, "total": 3, "pages": 1, "more": False, "next": None
    }  # fmt: skip
    assert ask("/api/views/FAT999")["data"] == []


@on_sqlite
def test_any_id_can_be_asked_for(app: Flask, own: UUID, ask: Callable[..., dict[str, Any]]) -> None:
    refs = [
        "a/b", "/a", "a//b/", "100%", "a%2Fb", "fatura nº 7", "日本", "<script>alert(1)</script>", "a?b=c&d#e", "x;y,z",
        "..a", "=1+1", "é" * 255,
    ]  # fmt: skip
    store(runtime(app).engine, [made(own, clock.now() - DAY, ref) for ref in refs])
    for ref in refs:
        found = ask(f"/api/views/{quote(ref, safe='')}")
        assert [one["id_fatura"] for one in found["data"]] == [ref], ref
    longer = ask(f"/api/views/{quote('é' * 300)}")
    assert len(longer["data"]) == 1  # cut as the image's address is
    assert ask("/api/views/%00", status=404)
    assert ask("/api/views/%ED%A0%80")["data"] == []


@on_sqlite
def test_ten_thousand_opens_of_one_id_are_read_page_by_page(
    app: Flask, own: UUID, ask: Callable[..., dict[str, Any]]
) -> None:
    start = hour_of(clock.now()) - 30 * DAY
    rows = store(runtime(app).engine, [made(own, start + n * timedelta(minutes=3), "MANY") for n in range(10_001)])
    newest = [f"{row['created_at']:%Y-%m-%dT%H:%M:%S}.000Z" for row in reversed(rows)]
    page = ask("/api/views/MANY", limit=200)
    assert page["pagination"] | {"next": ""} == {
        "page": 1, "limit": 200, "total": 10_000, "pages": None, "more": True, "next": ""
    }  # fmt: skip
    seen = [one["timestamp"] for one in page["data"]]
    for _page in range(2):
        page = ask("/api/views/MANY", limit=200, after=page["pagination"]["next"])
        seen += [one["timestamp"] for one in page["data"]]
    assert seen == newest[:600]
    last = ask("/api/views/MANY", limit=200, page=51)
    assert [one["timestamp"] for one in last["data"]] == newest[10_000:]
    assert ask("/api/views/MANY", page=400)["data"] == []
    with Session(runtime(app).engine) as session:  # the page says "more than"
        assert number_of(session, own, Filters(ref="MANY")) == (10_000, True)


@on_sqlite
def test_a_flood_of_robots_does_not_make_recent_opens_slow(
    app: Flask, own: UUID, ask: Callable[..., dict[str, Any]]
) -> None:
    """They are looked for among the thousand newest."""
    now = clock.now()
    store(
        runtime(app).engine,
        [made(own, now - DAY, "OLD")]
        + [made(own, now - timedelta(seconds=n + 60), f"R{n}", kind="bot") for n in range(1_000)],
    )
    assert ask()["recent"] == []
    assert len(ask(automatic=1)["recent"]) == 50
    assert ask()["by_invoice"][0]["id_fatura"] == "OLD"


@on_sqlite
def test_the_document_tells_both_with_examples(app: Flask) -> None:
    document = app.test_client().get("/api/openapi.json").get_json()
    assert "get" in document["paths"]["/api/stats"]
    assert "get" in document["paths"]["/api/views/{id_fatura}"]
    schemas = document["components"]["schemas"]
    assert sorted(schemas["StatsOut"]["examples"][0]) == sorted(KEYS)
    assert sorted(schemas["OpenOut"]["examples"][0]) == sorted(OPEN_KEYS)
