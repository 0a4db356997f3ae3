"""What Kwai is sent, and how its answers are read."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given

from app.core.exchange import Json, Outcome, Verdict
from app.core.settings import Settings
from app.destinations.base import Person
from app.destinations.kwai import Kwai
from tests.destinations.builders import ODD_BODIES, STATUSES, TOKEN, event, pixel, reply

PROPERTIES = r"{\"content_id\":\"user_123\",\"content_type\":\"user\",\"value\":0,\"currency\":\"BRL\"}"
PRINTED_IN_SOURCE_1 = """{
  "access_token": "%s",
  "clickid": "abc123xyz",
  "event_name": "EVENT_COMPLETE_REGISTRATION",
  "is_attributed": 1,
  "mmpcode": "PL",
  "pixelId": "290714800540320",
  "pixelSdkVersion": "9.9.9",
  "properties": "%s",
  "testFlag": false,
  "third_party": "shopline",
  "trackFlag": false
}"""


def payload(kwai: Kwai, settings: Json | None = None, **fields: Any) -> Json:
    target = pixel("290714800540320", **(settings or {}))
    return kwai.build([event(click_id="abc123xyz", fields=fields)], target).json or {}


def test_the_registration_goes_out_exactly_as_source_1_prints_it(kwai: Kwai) -> None:
    fields = {"value": 0, "currency": "BRL", "content_id": "user_123", "content_type": "user"}
    registration = event("EVENT_COMPLETE_REGISTRATION", click_id="abc123xyz", fields=fields)
    call = kwai.build([registration], pixel("290714800540320"))

    assert json.dumps(call.json, indent=2) == PRINTED_IN_SOURCE_1 % (TOKEN, PROPERTIES)
    assert (call.method, call.url) == ("POST", "https://www.adsnebula.com/log/common/api")
    assert call.headers == {"Content-Type": "application/json", "Accept": "application/json;charset=utf-8"}


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({}, "{}"),
        (
            {"currency": "BRL", "content_name": "Depósito", "value": Decimal("50.00"), "content_id": "deposito"},
            '{"content_id":"deposito","content_name":"Depósito","value":50,"currency":"BRL"}',
        ),
        ({"value": "49.90"}, '{"value":49.9}'),
        ({"content_ids": ["sku1"], "num_items": 2}, '{"content_id":"sku1","quantity":2}'),
        ({"content_ids": ["sku1", "sku2"], "search_string": "tênis"}, '{"query":"tênis"}'),
        (
            {"contents": [{"id": "a", "name": "A", "category": "C", "quantity": 2, "price": "9.90", "brand": "B"}]},
            '{"contents":[{"content_id":"a","content_name":"A","content_category":"C","quantity":2,"price":9.9}]}',
        ),
        ({"contents": ["odd", {}, {"odd": 1}], "value": {"odd": 1}}, "{}"),
        ({"email": "a@b.co", "order_id": "1", "contents": [{"phone": "1"}]}, "{}"),
    ],
)
def test_properties_are_compact_json_in_a_string(kwai: Kwai, fields: Json, text: str) -> None:
    assert payload(kwai, **fields)["properties"] == text


@pytest.mark.parametrize(
    ("settings", "fields", "flags"),
    [
        ({}, {}, (False, False, "shopline")),
        ({}, {"test": True}, (False, True, "shopline")),
        ({"trackFlag": True}, {}, (False, True, "shopline")),
        ({"testFlag": True, "thirdParty": "minhaloja"}, {}, (True, False, "minhaloja")),
        ({"testFlag": "yes", "trackFlag": 1, "thirdParty": {}}, {"test": "no"}, (False, False, "shopline")),
    ],
)
def test_flags_come_from_the_pixel_and_the_event(kwai: Kwai, settings: Json, fields: Json, flags: Any) -> None:
    sent = payload(kwai, settings, **fields)
    assert (sent["testFlag"], sent["trackFlag"], sent["third_party"]) == flags


def test_the_events_map_of_the_pixel_is_used(kwai: Kwai) -> None:
    assert payload(kwai, {"eventMap": {"EVENT_PURCHASE": "EVENT_CONTACT"}})["event_name"] == "EVENT_CONTACT"


def test_kwai_keeps_no_person_and_needs_a_click(kwai: Kwai) -> None:
    assert kwai.identify(Person(email="ana@example.com", phone="+5511999999999")) == {}
    assert [kwai.unusable({}, click) for click in ("abc", None, " ")] == [None, "Missing click_id", "Missing click_id"]


def test_one_event_a_call_for_a_week(kwai: Kwai) -> None:
    assert (kwai.max_batch, kwai.max_age) == (1, timedelta(days=7))
    assert kwai.batch_key(event(fields={"test_event_code": "T"}), pixel()) is None


def test_the_url_comes_from_the_settings(plain_settings: Settings) -> None:
    simulated = Kwai(plain_settings.model_copy(update={"kwai_events_url": "http://127.0.0.1:9/kwai"}))
    assert simulated.build([event(click_id="a")], pixel()).url == "http://127.0.0.1:9/kwai"


@pytest.mark.parametrize("pixel_id", ["", "a/b", "a b", "x" * 65])
def test_an_odd_pixel_id_is_never_called(kwai: Kwai, pixel_id: str) -> None:
    with pytest.raises(ValueError, match="Kwai pixel"):
        kwai.build([event(click_id="a")], pixel(pixel_id))


@pytest.mark.parametrize(
    ("answer", "status", "expected"),
    [
        ({"result": 1}, 200, Outcome.sent()),
        ({"result": 1, "error_msg": "success"}, 200, Outcome.sent()),
        ({"result": 0}, 200, Outcome.rejected("Kwai answered result 0")),
        ({"result": "1"}, 200, Outcome.rejected("Kwai answered result 1")),
        ({"result": True}, 200, Outcome.rejected("Kwai answered result True")),
        ({"result": None}, 200, Outcome.rejected("Kwai answered result unknown")),
        ({"result": 2, "error_msg": "clickid is wrong"}, 200, Outcome.rejected("clickid is wrong")),
        ({"result": 2, "error_msg": "token bucket is empty"}, 200, Outcome.rejected("token bucket is empty")),
        ({"result": 2, "error_msg": "access_token is invalid"}, 200, Outcome.auth("access_token is invalid")),
        ({"result": 2, "error_msg": "Token has expired"}, 200, Outcome.auth("Token has expired")),
        ({"result": 2, "msg": "Invalid access token"}, 200, Outcome.auth("Invalid access token")),
        ({"result": 2, "message": "Permission denied"}, 200, Outcome.auth("Permission denied")),
        ({"result": 1}, 400, Outcome.rejected("Kwai answered result 1")),
        ({"error_msg": "no such pixel"}, 400, Outcome.rejected("no such pixel")),
        ({"error_msg": "try later"}, 200, Outcome.retry("try later")),
        ({}, 200, Outcome.retry("Unexpected answer")),
        ([{"result": 1}], 200, Outcome.retry("Unexpected answer")),
        ({}, 404, Outcome.retry("HTTP 404")),
        ({"result": 1}, 500, Outcome.retry("HTTP 500")),
        ({}, 401, Outcome.auth("HTTP 401")),
        ({}, 403, Outcome.auth("HTTP 403")),
        ({}, 429, Outcome.throttled("HTTP 429")),
        ({}, 302, Outcome.retry("HTTP 302")),
    ],
)
def test_only_result_1_is_success(kwai: Kwai, answer: Any, status: int, expected: Outcome) -> None:
    assert kwai.read(reply(answer, status), [event()]) == expected


def test_throttling_waits_as_long_as_asked(kwai: Kwai) -> None:
    assert kwai.read(reply({}, 429, Retry_After="30"), [event()]) == Outcome.throttled("HTTP 429", 30.0)


@pytest.mark.parametrize("body", [b"<html>", b"", b"null", b"\xff"])
@pytest.mark.parametrize("status", [200, 400, 404, 503])
def test_a_page_instead_of_json_is_tried_again(kwai: Kwai, body: bytes, status: int) -> None:
    assert kwai.read(reply(body=body, status=status), [event()]).verdict is Verdict.RETRY


@pytest.mark.parametrize("fault", ["Timeout", "Connection failed", "Too large"])
def test_a_fault_of_the_network_is_tried_again(kwai: Kwai, fault: str) -> None:
    assert kwai.read(reply(body=b"", status=None, error=fault), [event()]) == Outcome.retry(fault)


def test_a_token_in_an_answer_is_not_repeated(kwai: Kwai) -> None:
    outcome = kwai.read(reply({"result": 3, "error_msg": f"invalid access_token {TOKEN}"}), [event()])
    assert outcome == Outcome.auth("invalid access_token …")


@given(ODD_BODIES, STATUSES)
def test_no_answer_raises_and_every_detail_can_be_stored(kwai: Kwai, body: bytes, status: int | None) -> None:
    outcome = kwai.read(reply(body=body, status=status), [event()])
    assert outcome.detail.isprintable()
    assert len(outcome.detail) <= 500
