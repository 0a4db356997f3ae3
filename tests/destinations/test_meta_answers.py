"""Every row of the table of Meta's answers, and that no answer at all can raise."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.exchange import Outcome, Verdict
from app.destinations.meta import Meta
from app.destinations.meta_answers import read_answer
from tests.destinations.builders import ODD_BODIES, STATUSES, TOKEN, event, hashed, reply

SENT, RETRY, THROTTLED = Verdict.SENT, Verdict.RETRY, Verdict.THROTTLED
AUTH, REJECTED = Verdict.AUTH, Verdict.REJECTED


def error(code: Any = None, subcode: Any = None, **more: Any) -> dict[str, Any]:
    given_codes = {"code": code, "error_subcode": subcode}
    return {"error": {"message": "It says", **{k: v for k, v in given_codes.items() if v is not None}, **more}}


@pytest.mark.parametrize(
    ("answer", "status", "verdict"),
    [
        (error(1), 500, RETRY),
        (error(2), 400, RETRY),
        (error(4), 400, THROTTLED),
        (error(17), 400, THROTTLED),
        (error(32), 400, THROTTLED),
        (error(613), 400, THROTTLED),
        (error(80003), 400, THROTTLED),
        (error(), 429, THROTTLED),
        (error(1), 429, THROTTLED),
        (error(341), 400, RETRY),
        (error(368), 400, RETRY),
        (error(5000), 400, RETRY),
        (error(21009), 400, RETRY),
        (error(190), 400, AUTH),
        (error(190, 460), 401, AUTH),
        (error(190, 463), 200, AUTH),
        (error(190, is_transient=True), 500, AUTH),
        (error(3), 400, AUTH),
        (error(10), 403, AUTH),
        (error(200), 403, AUTH),
        (error(294), 400, AUTH),
        (error(100, 33), 400, AUTH),
        (error("190"), 400, AUTH),
        (error(100, 2804003), 400, REJECTED),
        (error(100, 2804001), 400, REJECTED),
        (error(100, 2804007), 400, REJECTED),
        (error(100, 2804009), 400, REJECTED),
        (error(100, 2804016), 400, REJECTED),
        (error(100, 2804017), 400, REJECTED),
        (error(100, 2804019), 400, REJECTED),
        (error(100, 2804048), 400, REJECTED),
        (error(100, 2804050), 400, REJECTED),
        (error(100), 400, REJECTED),
        (error(100, 2804009), 500, REJECTED),
        (error(100, is_transient=True), 400, RETRY),
        (error(7777, is_transient=True), 400, RETRY),
        (error(7777), 400, RETRY),
        (error(True), 400, RETRY),
        ({"error": "just text"}, 400, RETRY),
        ({"error": ["a", "list"]}, 400, RETRY),
        ({"error": None}, 400, RETRY),
        ({}, 500, RETRY),
        ({}, 400, RETRY),
        ({}, 302, RETRY),
        ({}, 429, THROTTLED),
        ({}, 413, REJECTED),
    ],
)
def test_the_code_decides_not_the_status(answer: Any, status: int, verdict: Verdict) -> None:
    assert read_answer(reply(answer, status), 1).verdict is verdict


@pytest.mark.parametrize("body", [b"<html>Sorry</html>", b"", b"null", b"[]", b'"text"', b"\xff\xfe", b"[" * 100_000])
@pytest.mark.parametrize("status", [200, 400, 403, 502])
def test_a_body_that_is_no_json_object_is_tried_again(body: bytes, status: int) -> None:
    assert read_answer(reply(body=body, status=status), 1).verdict is RETRY


@pytest.mark.parametrize(
    ("status", "fault", "detail"),
    [(None, "Timeout", "Timeout"), (None, "Connection failed", "Connection failed"), (None, None, "No answer"),
     (200, "Too large", "Too large")],
)  # fmt: skip
def test_a_fault_of_the_network_is_tried_again(status: int | None, fault: str | None, detail: str) -> None:
    cut = reply(body=b'{"events_received": 1', status=status, error=fault)
    assert read_answer(cut, 1) == Outcome.retry(detail)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ({"events_received": 5, "messages": [], "fbtrace_id": "AbC"}, Outcome.sent("fbtrace_id AbC")),
        ({"events_received": 6}, Outcome.sent()),
        (
            {"events_received": 3, "fbtrace_id": "AbC"},
            Outcome.sent("Meta received only 3 of 5 events; fbtrace_id AbC"),
        ),
        ({"events_received": 0}, Outcome.retry("Meta received none of 5 events")),
        ({"events_received": True}, Outcome.retry("Unexpected answer: no count of events received")),
        ({"events_received": [5]}, Outcome.retry("Unexpected answer: no count of events received")),
        ({}, Outcome.retry("Unexpected answer: no count of events received")),
    ],
)
def test_success_is_a_count_of_events_received(meta: Meta, answer: Any, expected: Outcome) -> None:
    assert meta.read(reply(answer), [event()] * 5) == expected


@pytest.mark.parametrize(
    ("header", "wait"),
    [
        ("120", 120.0),
        ("0", 1.0),
        ("999999999", 3600.0),
        ("Thu, 21 Dec 2023 01:59:36 GMT", 120.0),
        ("Thu, 21 Dec 2023 01:59:36 -0000", 120.0),
        ("Thu, 21 Dec 2000 00:00:00 GMT", 1.0),
        ("soon", None),
        ("-5", None),
        ("1" * 500, None),
        ("Thu, 99 Dec 99999 01:59:36 GMT", None),
    ],
)
def test_the_wait_that_meta_asks_for_is_kept_within_bounds(header: str, wait: float | None) -> None:
    assert read_answer(reply(error(4), 400, Retry_After=header), 1).after_s == wait
    assert read_answer(reply(error(4), 400, retry_after=header), 1).after_s == wait


def test_a_lasting_block_waits_long() -> None:
    assert read_answer(reply(error(368), 400), 1).after_s == 1800.0


@pytest.mark.parametrize(
    ("answer", "detail"),
    [
        (
            error(100, 2804009, error_user_title="Missing Value", error_user_msg="Send a value.", fbtrace_id="AbC"),
            "Missing Value: Send a value.; code 100/2804009; fbtrace_id AbC",
        ),
        (error(190, 463), "It says; code 190/463"),
        ({"error": "just text"}, "just text"),
        ({"error": {"odd": 1}}, "HTTP 400"),
        (error(190, message=f"Malformed access token {TOKEN}"), "Malformed access token …; code 190"),
        (error(100, message=f"Bad em {hashed('x')} of ana@example.com"), "Bad em … of …; code 100"),
        (error(100, message="line\r\nbreak\x00 \ud800"), "line break; code 100"),
    ],
)
def test_a_refusal_is_told_in_words_without_secrets(answer: Any, detail: str) -> None:
    assert read_answer(reply(answer, 400), 1).detail == detail


@given(ODD_BODIES, STATUSES)
def test_no_answer_raises_and_every_detail_can_be_stored(body: bytes, status: int | None) -> None:
    outcome = read_answer(reply(body=body, status=status), 3)
    assert isinstance(outcome, Outcome)
    assert outcome.detail.isprintable()
    assert len(outcome.detail) < 1500


@given(st.text(max_size=80))
def test_no_retry_after_raises(header: str) -> None:
    wait = read_answer(reply({}, 429, Retry_After=header), 1).after_s
    assert wait is None or 1 <= wait <= 3600
