"""What the simulated platforms take, what they refuse, and in which words."""

from __future__ import annotations

import time
from typing import Any

import pytest

from app.core.exchange import Call
from app.core.http import Client
from app.simulator import Simulator
from app.simulator.platforms import kwai_identity
from tests.simulator.conftest import Send, lead

WEEK_S = 7 * 86400


def test_kwai_takes_a_complete_event(simulator: Simulator, to_kwai: Send) -> None:
    reply = to_kwai(properties='{"value":1}')

    assert (reply.status, reply.json()) == (200, {"result": 1})
    assert list(simulator.arrivals.values()) == [1]


@pytest.mark.parametrize(
    "fields",
    [{"access_token": ""}, {"clickid": None}, {"event_name": ""}, {"pixelId": 0}, {"event_name": "Purchase"},
     {"properties": {"value": 1}}, {"clickid": "x-poison-y"}],
)  # fmt: skip
def test_kwai_refuses_with_status_200(simulator: Simulator, to_kwai: Send, fields: dict[str, Any]) -> None:
    reply = to_kwai(**fields)

    assert reply.status == 200
    assert reply.json()["result"] != 1
    assert not simulator.arrivals


def test_kwai_events_differ_by_click_name_and_properties(simulator: Simulator, to_kwai: Send) -> None:
    to_kwai(properties="{}")
    to_kwai(properties="{}", third_party="another tag")
    to_kwai(properties='{"value":2}')
    to_kwai(clickid="c2", properties="{}")

    assert sorted(simulator.arrivals.values()) == [1, 1, 2]
    same = {"clickid": "c1", "event_name": "EVENT_PURCHASE", "properties": "{}"}
    assert simulator.arrivals[kwai_identity(same)] == 2


def test_meta_takes_a_batch_at_any_version(simulator: Simulator, client: Client) -> None:
    for version in ("v19.0", "v25.0", "v30.1"):
        body = {"data": [lead(f"{version}-{n}") for n in range(3)], "access_token": "t"}
        reply = client.send(Call("POST", f"{simulator.url}/{version}/m1/events", body))
        assert reply.json()["events_received"] == 3
        assert reply.json()["messages"] == []
        assert reply.json()["fbtrace_id"]

    assert len(simulator.arrivals) == 9


@pytest.mark.parametrize(
    ("event", "subcode"),
    [
        (lead(event_time=int(time.time()) - WEEK_S - 60), 2804003),
        (lead(event_time=int(time.time()) - 63 * 86400, action_source="physical_store"), 2804003),
        (lead(event_name="Purchase"), 2804009),
        (lead(event_name="Purchase", custom_data={"value": 5}), 2804009),
        (lead("a-poison-b"), 2804001),
        (lead(event_name=""), None),
        (lead(event_time="2026-11-21"), None),
        ("text", None),
    ],
)
def test_one_bad_event_makes_meta_refuse_the_whole_call(
    simulator: Simulator, to_meta: Send, event: Any, subcode: int | None
) -> None:
    reply = to_meta(lead("good"), event)

    error = reply.json()["error"]
    assert (reply.status, error["code"], error.get("error_subcode")) == (400, 100, subcode)
    assert not simulator.arrivals


@pytest.mark.parametrize(
    "event",
    [
        lead(event_time=int(time.time()) - WEEK_S + 3600),
        lead(event_time=int(time.time()) - 30 * 86400, action_source="physical_store"),
        lead(event_name="Purchase", custom_data={"value": 10.5, "currency": "BRL"}),
        lead(event_name="Purchase", custom_data={"value": 0, "currency": "BRL"}),
    ],
)
def test_meta_takes_what_is_just_within_its_rules(to_meta: Send, event: Any) -> None:
    assert to_meta(event).json()["events_received"] == 1


def test_meta_wants_a_token_and_one_to_a_thousand_events(to_meta: Send) -> None:
    assert to_meta(lead(), token=None).status == 401
    assert to_meta(lead(), token=None).json()["error"]["code"] == 190
    assert to_meta().json()["error"]["code"] == 100
    assert to_meta(*[lead(str(n)) for n in range(1001)]).json()["error"]["code"] == 100
    assert to_meta(*[lead(str(n)) for n in range(1000)]).json()["events_received"] == 1000


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"', b"\xff", b"[" * 100_000])
@pytest.mark.parametrize("path", ["/log/common/api", "/v25.0/m1/events"])
def test_body_that_is_no_object_is_refused(simulator: Simulator, client: Client, path: str, body: bytes) -> None:
    reply = client.send(Call("POST", simulator.url + path, None, {}, body))

    assert reply.status in (200, 400)
    assert reply.json().get("error") or reply.json()["result"] != 1


def test_other_paths_and_methods_are_no_platform(simulator: Simulator, client: Client) -> None:
    assert client.send(Call("GET", f"{simulator.url}/v25.0/m1/events")).status == 405
    assert client.send(Call("POST", f"{simulator.url}/v25/m1/events", {})).status == 404
    assert client.send(Call("POST", f"{simulator.url}/other", {})).status == 404


def test_call_is_kept_as_it_came(simulator: Simulator, client: Client) -> None:
    before = time.time()
    call = Call("POST", f"{simulator.url}/v25.0/m1/events?x=1", {"data": [lead()], "access_token": "t"}, {"X-A": "b"})
    client.send(call)

    (got,) = simulator.received("facebook")
    assert (got.platform, got.pixel, got.method, got.path) == ("facebook", "m1", "POST", "/v25.0/m1/events?x=1")
    assert (got.body, got.status, got.events, got.behaviour) == (call.json, 200, 1, "answer")
    assert got.headers["x-a"] == "b"
    assert "connection" not in got.headers
    assert before <= got.at <= time.time()
    assert simulator.received("kwai") == []


def test_events_are_counted_per_pixel_with_their_duplicates(simulator: Simulator, to_meta: Send, to_kwai: Send) -> None:
    to_meta(lead("a"), lead("b"))
    to_meta(lead("b"), pixel="m2")
    to_meta(lead("poison"))
    to_kwai()

    counts = simulator.counts()
    assert (counts["calls"], counts["events"], counts["unique"], counts["duplicates"]) == (4, 4, 3, 1)
    assert counts["pixels"]["facebook:m1"] == {"calls": 2, "calls_not_taken": 1, "events": 2, "duplicates": 0}
    assert counts["pixels"]["facebook:m2"]["duplicates"] == 1
    assert simulator.arrivals["b"] == 2
    assert set(simulator.first_at) == set(simulator.arrivals)


def test_a_receiver_of_webhooks_takes_what_comes_and_misbehaves_when_told(simulator: Simulator, client: Client) -> None:
    call = Call("POST", f"{simulator.url}/hooks/crm", {"event": "deal.won"}, {"webhook-id": "msg_1"})
    assert client.send(call).status == 200

    for kind, status in (("refuse", 400), ("throttle", 429), ("expire", 401), ("error", 500)):
        simulator.behave(kind=kind, platform="webhook", pixel="crm", times=1)
        assert client.send(call).status == status
    simulator.behave(kind="error", platform="webhook", pixel="crm", times=1, status=410)
    assert client.send(call).status == 410
    assert dict(simulator.arrivals) == {"msg_1": 1}
    assert [one.pixel for one in simulator.received("webhook")] == ["crm"] * 6
