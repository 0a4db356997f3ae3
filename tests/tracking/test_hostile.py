"""Whatever is sent: a JSON answer with 2xx or 4xx, and after a 4xx nothing is stored."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.tracking.schema import EventBody
from tests.tracking_fixtures import ASYNC, EVENTS, KWAI_PIXEL, KWAI_REGISTRATION, META_PIXEL, META_PURCHASE, Sender

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
HOSTILE = settings(
    max_examples=150,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
ODD_TEXTS = [
    "", " ", "0", "-1", "1e9", "null", "true", "\n", "\x01", "\u202e", "é" * 300, "😀", "a@b.co", "+5511999999999",
    "2024-02-30", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "99999999999999", "%00", "../../etc/passwd",
    "' OR 1=1 --", "{{7*7}}", "http://[::1", "https://x.example/?" + "a=?" * 300,
    "fb.1.1.x", "fb.1.99999999999999999.x",
    "x" * 600, "1.2.3.4:80", "fe80::1%eth0", KWAI_PIXEL, META_PIXEL, "EVENT_PURCHASE", "kwai", "meta", "BRL", "granted",
]  # fmt: skip
TEXTS = st.sampled_from(ODD_TEXTS) | st.text(max_size=40)
NUMBERS = st.sampled_from([0, -1, 2**53, -(2**53), 10**12, 0.1, -0.0, 1e308, 5e-324, 1.5]) | st.integers(
    -(2**53), 2**53
)
LEAVES = st.none() | st.booleans() | NUMBERS | TEXTS
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3))
NAMES = sorted(EventBody.model_fields)
CHANGES = st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=6)
CONTENTS = st.dictionaries(
    st.sampled_from(["contents", "consent", "content_ids", "external_id"]),
    st.lists(
        st.dictionaries(st.sampled_from(["id", "quantity", "price", "name", "delivery_category"]), LEAVES), max_size=3
    )
    | st.dictionaries(st.sampled_from(["ad_user_data", "ad_personalization"]), LEAVES),
)
Rows = Callable[[], dict[str, int]]


def judge(answer: Any, before: dict[str, int], after: dict[str, int]) -> None:
    assert answer.is_json
    assert 200 <= answer.status_code < 500
    if answer.status_code >= 400:
        assert after == before
        assert "error" in answer.get_json()


def test_arbitrary_bytes(sender: Sender, rows: Rows) -> None:
    @HOSTILE
    @given(st.binary(max_size=300), st.sampled_from([EVENTS, f"{EVENTS}/batch"]))
    def check(body: bytes, path: str) -> None:
        before = rows()
        answer = sender.send(body, path)
        assert answer.status_code == 400
        judge(answer, before, rows())

    check()


def test_good_events_with_odd_values(sender: Sender, rows: Rows) -> None:
    @HOSTILE
    @given(st.sampled_from([KWAI_REGISTRATION, META_PURCHASE]), CHANGES | CONTENTS)
    def check(event: dict[str, Any], changes: dict[str, Any]) -> None:
        before = rows()
        answer = sender.post({**event, **changes}, **ASYNC)
        judge(answer, before, rows())

    check()


def test_arbitrary_objects_of_known_keys(sender: Sender, rows: Rows) -> None:
    @HOSTILE
    @given(CHANGES)
    def check(event: dict[str, Any]) -> None:
        before = rows()
        judge(sender.post(event, **ASYNC), before, rows())

    check()


def test_batches_of_anything(sender: Sender, rows: Rows) -> None:
    @HOSTILE
    @given(st.lists(VALUES | CHANGES | CHANGES.map(lambda odd: {**META_PURCHASE, **odd}), max_size=4))
    def check(events: list[Any]) -> None:
        before = rows()
        answer = sender.post({"events": events}, f"{EVENTS}/batch")
        judge(answer, before, rows())
        if answer.status_code == 202:
            assert [line["index"] for line in answer.get_json()["results"]] == list(range(len(events)))

    check()


HEADERS = st.dictionaries(
    st.sampled_from(
        ["Authorization", "Content-Type", "Content-Encoding", "Idempotency-Key", "Origin", "Referer",
         "User-Agent", "X-Forwarded-For", "Sec-Fetch-Site", "X-Request-Id", "Transfer-Encoding"]
    ),
    st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=60),
    max_size=4,
)  # fmt: skip


def test_arbitrary_headers(sender: Sender, rows: Rows) -> None:
    @HOSTILE
    @given(HEADERS)
    def check(headers: dict[str, str]) -> None:
        before = rows()
        judge(sender.send(json.dumps(META_PURCHASE).encode(), headers={**ASYNC, **headers}), before, rows())

    check()
