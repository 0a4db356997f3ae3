"""Every 4xx of intake: what it says, that nothing is stored, how long it takes and what it reads."""

from __future__ import annotations

import io
import json
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event

from app.core import clock
from app.core.runtime import runtime
from tests.tracking_fixtures import EVENTS, KWAI_PIXEL, KWAI_REGISTRATION, META_PIXEL, META_PURCHASE, Sender

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
KWAI, META = KWAI_REGISTRATION, META_PURCHASE
PERSON = ("fbclid", "email", "phone")
NOBODY_KNOWN = {key: value for key, value in META.items() if key not in PERSON} | {"platform": "facebook"}


def without(body: dict[str, Any], *names: str) -> dict[str, Any]:
    return {key: value for key, value in body.items() if key not in names}


SENTENCES: list[tuple[dict[str, Any], str]] = [
    (without(KWAI, "click_id"), "Missing click_id or fbclid"),
    ({**KWAI, "click_id": None}, "Missing click_id or fbclid"),
    ({**KWAI, "click_id": "  \t"}, "Missing click_id or fbclid"),
    ({**without(KWAI, "click_id"), "platform": "kwai"}, "Missing click_id"),
    ({**KWAI, "click_id": "", "platform": "kwai"}, "Missing click_id"),
    (without(KWAI, "pixel_id"), "Missing pixel_id"),
    ({**KWAI, "pixel_id": " "}, "Missing pixel_id"),
    (without(KWAI, "event_name"), "Missing event_name"),
    ({**KWAI, "event_name": None}, "Missing event_name"),
    ({**KWAI, "pixel_id": "999"}, "Unknown pixel_id"),
    ({**KWAI, "pixel_id": META_PIXEL}, "Unknown pixel_id"),
    ({**META, "pixel_id": KWAI_PIXEL}, "Unknown pixel_id"),
    ({**KWAI, "platform": "facebook"}, "Unknown pixel_id"),
    ({**KWAI, "fbclid": "IwAR0"}, "Both click_id and fbclid are given: name the platform"),
    ({**KWAI, "fbc": "fb.1.1234567890.abc"}, "Both click_id and fbclid are given: name the platform"),
    ({**KWAI, "platform": "orkut"}, "Unknown platform. Accepted: kwai, facebook"),
    ({**KWAI, "platform": 5}, "Unknown platform. Accepted: kwai, facebook"),
    (NOBODY_KNOWN, "Meta needs at least one valid email"),
    ({**NOBODY_KNOWN, "email": "nobody"}, "Meta needs at least one valid email"),
    ({**NOBODY_KNOWN, "client_ip_address": "203.0.113.9"}, "Meta needs at least one valid email"),
    ({**META, "event_name": "PurchaseX"}, "Unknown event_name. Accepted: EVENT_CONTENT_VIEW, EVENT_ADD_TO_CART"),
    ({**KWAI, "event_name": "Purchase"}, "Unknown event_name. Accepted: EVENT_CONTENT_VIEW, EVENT_ADD_TO_CART"),
]


def test_each_refusal_says_what_is_wrong(sender: Sender, rows: Callable[[], Any]) -> None:
    before = rows()
    got = [(sender.post(body), beginning) for body, beginning in SENTENCES]
    assert [answer.status_code for answer, _ in got] == [400] * len(SENTENCES)
    wrong = [
        (answer.get_json()["error"], said) for answer, said in got if not answer.get_json()["error"].startswith(said)
    ]
    assert wrong == []
    assert rows() == before


def test_the_sources_messages_are_verbatim(sender: Sender) -> None:
    assert sender.post({"pixel_id": "1", "event_name": "x"}).get_json() == {"error": "Missing click_id or fbclid"}
    assert sender.post({**KWAI, "pixel_id": "1"}).get_json() == {"error": "Unknown pixel_id"}
    refused = sender.send(headers={"Authorization": "Bearer wrong"})
    assert (refused.status_code, refused.get_json()) == (401, {"error": "Unauthorized"})
    assert refused.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_refused_name_lists_all_that_are_taken(sender: Sender, make_pixel: Callable[..., Any]) -> None:
    make_pixel("facebook", "777", settings={"customEvents": ["Matricula"]})
    said = sender.post({**META, "pixel_id": "777", "event_name": "Other"}).get_json()
    names = said["error"].removeprefix("Unknown event_name. Accepted: ").split(", ")
    assert {"EVENT_PURCHASE", "Purchase", "Matricula"} < set(names)
    assert list(said["fields"]) == ["event_name"]
    for name in ("EVENT_AD_CLICK", "ViewContent", "Matricula"):
        assert sender.post({**META, "pixel_id": "777", "event_name": name}, Prefer="respond-async").status_code == 202


WRONG_TYPES: dict[str, list[Any]] = {
    "pixel_id": [True, 1.5, [], {}],
    "event_name": [True, 1.5, ["EVENT_PURCHASE"], {}],
    "platform": [True, 5, [], {}],
    "click_id": [True, 1.5, ["a"], {}, "x" * 513],
    "fbclid": [True, 1.5, ["a"], {}],
    "fbc": [5, True, [], {}],
    "fbp": [5, True, [], {}],
    "event_id": [True, 1.5, [], {}, "x" * 129],
    "event_time": [True, [], {}, "yesterday", -5, 0, 1e300, 9999999999, "2031-01-01T00:00:00Z", "12:00", "²"],
    "click_time": [True, [], "soon", "2031-01-01T00:00:00Z"],
    "event_source_url": [5, True, [], {}, "x" * 2001],
    "referrer": [5, True, []],
    "action_source": ["somewhere", 5, []],
    "email": [5, True, ["a@b.co"], {}],
    "phone": [True, 1.5, [], {}],
    "external_id": [True, 1.5, {}, [True], [["a"]], ["a"] * 11, [None]],
    "first_name": [5, True, []],
    "zip": [True, 1.5, []],
    "client_ip_address": [5, True, []],
    "client_user_agent": [5, True, []],
    "value": [True, False, "50,00", "", "abc", "1e5", "-1", -1, -0.01, 1e13, "NaN", [], {}, "٣"],
    "shipping": [True, -1, "R$ 5", []],
    "tax": [True, -1, []],
    "currency": ["XXQ", "R$", "real", 986, True, [], "BRLBRL"],
    "order_id": [True, 1.5, [], {}],
    "content_ids": [True, 1.5, {}, [True], [{}]],
    "content_name": [5, True, [], {}],
    "contents": [{}, "a", [1], [{"quantity": True}], [{"price": True}], [{"price": -1}], [{"id": 1.5}], [{}] * 201],
    "num_items": [True, 1.5, "3", -1, 10**9],
    "limited_data_use": ["true", 1, []],
    "consent": ["denied", True, [], {"ad_user_data": "no"}, {"ad_user_data": True}],
    "test": ["yes", 1],
    "test_event_code": [5, True],
}
ABSENT = {"value": [""]}  # blank text means absent, so this one is no fault


def test_a_known_key_of_a_wrong_type_is_named(sender: Sender, rows: Callable[[], Any]) -> None:
    before = rows()
    kwai_only = ("click_id",)
    wrong = []
    for name, values in WRONG_TYPES.items():
        for value in values:
            if value in ABSENT.get(name, []):
                continue
            answer = sender.post({**(KWAI if name in kwai_only else META), name: value})
            fields = answer.get_json().get("fields", {})
            if answer.status_code != 400 or not any(field.split(".")[0] == name for field in fields):
                wrong.append((name, value, answer.status_code, answer.get_json()))
    assert wrong == []
    assert rows() == before


BAD_BODIES = [
    b"",
    b"{",
    b"[]",
    b'"text"',
    b"null",
    b"{} {}",
    b"\xff\xfe{}",
    b'{"a": "\xff"}',
    b"\xef\xbb\xbf{}",
    b'{"value": NaN}',
    b'{"value": Infinity}',
    b'{"value": 1e999}',
    b'{"value": 9007199254740993}',
    b'{"value": ' + b"9" * 500 + b"}",
    b'{"a": "\\u0000"}',
    b'{"a": "\\ud800"}',
    b'{"a": 1, "a": 2}',
    b'{"a": ' + b"[" * 40 + b"]" * 40 + b"}",
    b"[" * 60_000,
    b'{"a": ' * 9_000,
    b'{"a": "' + b"\\" * 50_000,
    json.dumps({str(n): 0 for n in range(1001)}).encode(),
]


def test_bodies_that_are_not_our_json_are_malformed(sender: Sender, rows: Callable[[], Any]) -> None:
    before = rows()
    answers = [sender.send(body) for body in BAD_BODIES]
    assert [answer.status_code for answer in answers] == [400] * len(BAD_BODIES)
    assert all(list(answer.get_json()) == ["error"] for answer in answers)
    assert rows() == before


class Unreadable(io.RawIOBase):
    def read(self, size: int = -1) -> bytes:
        raise AssertionError("the body was read")


def test_a_body_over_the_limit_is_refused_unread(sender: Sender) -> None:
    for path, length in ((EVENTS, 64 * 1024 + 1), (f"{EVENTS}/batch", 2 * 1024 * 1024 + 1)):
        overrides = {"wsgi.input": Unreadable(), "CONTENT_LENGTH": str(length)}
        answer = sender.send(path=path, environ_overrides=overrides)
        assert answer.status_code == 413
        assert "error" in answer.get_json()


def test_a_chunked_body_is_read_to_one_byte_past_the_limit(sender: Sender) -> None:
    stream = io.BytesIO(b" " * (64 * 1024) + json.dumps(KWAI).encode())
    chunked = {"wsgi.input": stream, "wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"}
    answer = sender.send(environ_overrides={**chunked, "CONTENT_LENGTH": ""})
    assert (answer.status_code, stream.tell()) == (413, 64 * 1024 + 1)
    whole = io.BytesIO(json.dumps(KWAI).encode())
    sent = {**chunked, "wsgi.input": whole, "CONTENT_LENGTH": "", "HTTP_PREFER": "respond-async"}
    assert sender.send(environ_overrides=sent).status_code == 202


def test_only_plain_json_is_a_content_type(sender: Sender) -> None:
    body = json.dumps(KWAI).encode()
    refused = [
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/json; charset=latin-1",
        "",
        "multipart/x",
    ]
    for given in refused:
        assert sender.send(body, headers={"Content-Type": given}).status_code == 415
    for coding in ("gzip", "br", "deflate", "gzip, identity"):
        assert sender.send(body, headers={"Content-Encoding": coding}).status_code == 415
    taken = {"Content-Type": "Application/JSON; charset=UTF-8", "Content-Encoding": "identity"}
    assert sender.send(body, headers={**taken, "Prefer": "respond-async"}).status_code == 202


def test_an_idempotency_key_must_be_short_and_printable(sender: Sender) -> None:
    for key in ("", "x" * 256, "a\tb", "caf\x80"):
        assert sender.send(json.dumps(KWAI).encode(), headers={"Idempotency-Key": key}).status_code == 400


def test_times_have_bounds(sender: Sender) -> None:
    now = clock.now()
    edges = [
        (timedelta(days=-7, minutes=-1), 400),
        (timedelta(days=-7, minutes=1), 202),
        (timedelta(seconds=30), 202),
        (timedelta(seconds=120), 400),
    ]
    for shift, status in edges:
        moment = now + shift
        for given in (int(moment.timestamp()), moment.isoformat()):
            answer = sender.post({**KWAI, "event_time": given, "event_id": str(given)}, Prefer="respond-async")
            assert (shift, answer.status_code) == (shift, status)


def test_refusals_are_quick(sender: Sender, rows: Callable[[], Any]) -> None:
    before = rows()
    bodies = [*BAD_BODIES, *(json.dumps(body).encode() for body, _ in SENTENCES)]
    bodies += [json.dumps({**META, "event_source_url": "https://x.example/?" + "a=?" * 600, "value": -1}).encode()]
    took = []
    for body in bodies:
        started = time.perf_counter()
        assert sender.send(body).status_code == 400
        took.append(time.perf_counter() - started)
    assert statistics.median(took) <= 0.020
    assert max(took) < 1
    assert rows() == before


@contextmanager
def statements(app: Flask) -> Iterator[list[str]]:
    """What is asked of the database inside the block; BEGIN and ROLLBACK ask nothing."""
    asked: list[str] = []

    def note(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if not statement.startswith("BEGIN"):
            asked.append(statement)

    engine = runtime(app).engine
    event.listen(engine, "before_cursor_execute", note)
    yield asked
    event.remove(engine, "before_cursor_execute", note)


def test_a_refusal_reads_at_most_what_no_cache_knew(app: Flask, sender: Sender) -> None:
    sender.post(KWAI, Prefer="respond-async")
    sender.post(META, Prefer="respond-async")
    sender.post({**KWAI, "event_id": "cached"}, Prefer="respond-async")
    known: list[dict[str, Any]] = [body for body, said in SENTENCES if not said.startswith("Unknown pixel")]
    with statements(app) as asked:
        for body in BAD_BODIES:
            sender.send(body)
        for body in known:
            sender.post(body)
    assert [line for line in asked if "pixel" not in line] == []
    with statements(app) as asked:
        sender.post({**KWAI, "pixel_id": "999"})
        sender.post({**KWAI, "pixel_id": "999"})
    assert len(asked) == 1
    with statements(app) as asked:
        sender.send(headers={"Authorization": "Bearer guess"})
        sender.send(headers={"Authorization": "Bearer guess"})
    assert len(asked) == 1
    assert all(line.startswith("SELECT") for line in asked)
