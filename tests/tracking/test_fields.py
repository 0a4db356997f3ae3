"""What is kept of an accepted event: forms of values, defaults, and what a browser's own request adds."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask

from app.core import clock
from app.core.ids import created_at
from app.tracking.models import TrackedEvent
from tests.tracking_fixtures import ASYNC, KWAI_PIXEL, KWAI_REGISTRATION, META_PURCHASE, Sender

KWAI, META = KWAI_REGISTRATION, META_PURCHASE
Stored = Callable[[str], TrackedEvent]
sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
BROWSER = {"Origin": "https://loja.example", "User-Agent": "Mozilla/5.0", "Referer": "https://loja.example/obrigado"}


@pytest.fixture
def keep(sender: Sender, stored: Stored) -> Callable[..., TrackedEvent]:
    """Posts an event and gives what was recorded."""

    def post(body: dict[str, Any], **headers: str) -> TrackedEvent:
        answer = sender.post(body, **{**ASYNC, **headers})
        assert answer.status_code == 202, answer.get_json()
        return stored(answer.get_json()["request_id"])

    return post


def test_ids_may_be_integers_and_texts_are_trimmed(keep: Callable[..., TrackedEvent]) -> None:
    event = keep(
        {**KWAI, "pixel_id": int(KWAI_PIXEL), "click_id": 987, "event_id": 5, "content_id": 7, "order_id": " a "}
    )
    assert (event.pixel_id, event.click_id, event.event_id) == (KWAI_PIXEL, "987", "5")
    assert (event.fields["content_id"], event.fields["order_id"]) == ("7", "a")


@sqlite
def test_null_blank_and_unknown_keys_are_absent(keep: Callable[..., TrackedEvent]) -> None:
    odd = {"value": None, "currency": "", "content_name": "  ", "event_id": None, "fbclid": "", "colour": "red", "": 1}
    event = keep({**KWAI, **odd})
    assert {"value", "currency", "content_name", "colour", "fbclid", ""}.isdisjoint(event.fields)
    assert event.value is None
    assert event.event_id == f"evt_{event.id.hex}"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("49.90", "49.90"),
        (49.9, "49.9"),
        (50, "50"),
        (0, "0"),
        ("0", "0"),
        (1e12, "1000000000000"),
        ("0.1234567", None),
    ],
)
def test_amounts_are_exact(keep: Callable[..., TrackedEvent], sender: Sender, given: Any, kept: str | None) -> None:
    if kept is None:
        assert sender.post({**KWAI, "value": given}).status_code == 400
        return
    event = keep({**KWAI, "value": given, "shipping": given})
    assert event.value is not None
    assert float(event.value) == float(kept)
    assert float(event.fields["shipping"]) == float(kept)


@sqlite
def test_times_come_as_seconds_milliseconds_or_iso(keep: Callable[..., TrackedEvent]) -> None:
    moment = (clock.now() - timedelta(hours=2)).replace(microsecond=0)
    seconds = int(moment.timestamp())
    local = moment.astimezone(tz=None).isoformat()
    naive = moment.replace(tzinfo=None).isoformat()
    for given in (seconds, str(seconds), seconds * 1000, moment.isoformat(), local, naive, f"{naive}Z"):
        assert keep({**KWAI, "event_time": given, "event_id": str(given)}).event_time == moment


def test_the_id_carries_the_time_of_its_row(keep: Callable[..., TrackedEvent]) -> None:
    event = keep(KWAI)
    assert event.created_at == created_at(event.id)
    assert abs(event.event_time - datetime.now(UTC)) < timedelta(seconds=30)


@sqlite
def test_meta_is_an_alias(keep: Callable[..., TrackedEvent]) -> None:
    assert keep({**META, "platform": "meta"}).platform == "facebook"
    assert keep({**META, "platform": " facebook ", "click_id": "both"}).click_id == "both"


@sqlite
def test_a_click_is_dated_once(keep: Callable[..., TrackedEvent]) -> None:
    click = clock.now().replace(microsecond=0) - timedelta(days=20)
    event = keep({**META, "fbclid": "IwAR0abc", "click_time": click.isoformat()})
    assert event.identity["fbc"] == f"fb.1.{int(click.timestamp()) * 1000}.IwAR0abc"
    late = keep({**META, "fbclid": "IwAR0abc", "event_time": int(clock.now().timestamp()) - 60, "event_id": "2"})
    assert late.identity["fbc"] == f"fb.1.{int(late.event_time.timestamp()) * 1000}.IwAR0abc"


@sqlite
def test_a_servers_request_adds_nothing_to_the_person(keep: Callable[..., TrackedEvent]) -> None:
    event = keep(META, **{"User-Agent": "curl/8", "Referer": "https://erp.example/"})
    assert {"client_ip_address", "client_user_agent"}.isdisjoint(event.identity)
    assert "event_source_url" not in event.fields
    assert event.fields["action_source"] == "website"


@sqlite
@pytest.mark.parametrize("sign", [{"Origin": "https://loja.example"}, {"Sec-Fetch-Site": "cross-site"}])
def test_a_browsers_request_adds_address_agent_and_page(
    keep: Callable[..., TrackedEvent], sign: dict[str, str]
) -> None:
    event = keep(META, **{**sign, "User-Agent": "Mozilla/5.0", "Referer": "https://loja.example/obrigado"})
    assert event.identity["client_ip_address"] == "127.0.0.1"
    assert event.identity["client_user_agent"] == "Mozilla/5.0"
    assert event.fields["event_source_url"] == "https://loja.example/obrigado"


@sqlite
def test_what_the_body_says_goes_before_the_browser(keep: Callable[..., TrackedEvent]) -> None:
    said = {
        "client_ip_address": "2001:db8::7",
        "client_user_agent": "App/1",
        "event_source_url": "https://loja.example/a",
        "action_source": "app",
    }
    event = keep({**META, **said}, **BROWSER)
    assert event.identity["client_ip_address"] == "2001:db8::7"
    assert event.identity["client_user_agent"] == "App/1"
    assert (event.fields["event_source_url"], event.fields["action_source"]) == ("https://loja.example/a", "app")


@sqlite
def test_kwai_keeps_nothing_of_the_person(keep: Callable[..., TrackedEvent]) -> None:
    event = keep({**KWAI, "email": "ana@example.com", "phone": "+5511999999999", "fbp": "fb.1.1.1"}, **BROWSER)
    assert (event.identity, event.em_hash, event.ph_hash) == ({}, None, None)
    assert set(event.fields) == {*KWAI, "action_source", "event_source_url"} - {"click_id", "event_name"}


@sqlite
def test_the_site_is_the_last_resort(
    sender: Sender, make_pixel: Callable[..., Any], keep: Callable[..., TrackedEvent]
) -> None:
    make_pixel("facebook", "555", settings={"siteUrl": "https://loja.example"})
    assert keep({**META, "pixel_id": "555"}).fields["event_source_url"] == "https://loja.example"
    assert keep({**META, "pixel_id": "555", "value": 1}, **BROWSER).fields["event_source_url"] == BROWSER["Referer"]


@sqlite
@pytest.mark.parametrize(("hops", "address"), [(0, "127.0.0.1"), (1, "203.0.113.9"), (2, "198.51.100.7")])
def test_only_trusted_proxies_tell_the_address(
    with_settings: Callable[..., Flask], sender: Sender, stored: Stored, hops: int, address: str
) -> None:
    there = Sender(with_settings(trusted_proxies=hops), sender.token, sender.id)
    forwarded = {"X-Forwarded-For": "192.0.2.1, 198.51.100.7, 203.0.113.9", "X-Forwarded-Host": "evil.example"}
    answer = there.post(META, **{**ASYNC, **BROWSER, **forwarded})
    assert stored(answer.get_json()["request_id"]).identity["client_ip_address"] == address


def test_an_odd_forwarded_address_stops_nobody(with_settings: Callable[..., Flask], sender: Sender) -> None:
    there = Sender(with_settings(trusted_proxies=1), sender.token, sender.id)
    for number, odd in enumerate(["x" * 500, "[::1", "1.2.3.4:99", "::ffff:10.0.0.1%eth0", "\xff"]):
        sent = {**ASYNC, "X-Forwarded-For": odd}
        assert there.post({**KWAI, "event_id": number}, **sent).status_code == 202


@sqlite
def test_consent_denied_is_not_sent_and_keeps_nobody(
    sender: Sender, stored: Stored, app: Flask, rows: Callable[[], dict[str, int]]
) -> None:
    answer = sender.post({**META, "consent": {"ad_user_data": "denied", "ad_personalization": "granted"}})
    told = answer.get_json()
    assert answer.status_code == 200
    assert told["success"] is True
    assert told["message"] == "Event not sent: consent denied"
    assert stored(told["request_id"]).identity == {}
    assert sender.status(told["request_id"])["status"] == "cancelled"


@sqlite
def test_consent_of_kwais_events_does_not_stop_them(sender: Sender) -> None:
    assert sender.post({**KWAI, "consent": {"ad_user_data": "denied"}}, **ASYNC).status_code == 202


LONGEST = {
    "pixel_id": KWAI_PIXEL, "event_name": "EVENT_PURCHASE", "click_id": 512, "gclid": 512, "gbraid": 512, "wbraid": 512,
    "ttclid": 512, "ttp": 128, "client_id": 128, "ctwa_clid": 512, "fbp": 128, "event_id": 128, "referrer": 2000,
    "event_source_url": 2000, "email": 320, "phone": 64, "first_name": 255, "city": 255, "zip": 64, "country": 64,
    "client_ip_address": 64, "client_user_agent": 1024, "order_id": 255, "content_id": 255, "content_type": 64,
    "content_name": 500, "content_category": 255, "search_string": 500, "coupon": 255, "test_event_code": 64,
}  # fmt: skip


def longest(length: int | str) -> str:
    return length if isinstance(length, str) else "é" * length if length <= 255 else "x" * length


def test_the_longest_values_fit(keep: Callable[..., TrackedEvent], sender: Sender) -> None:
    body = {name: longest(length) for name, length in LONGEST.items()}
    amounts = {"value": 10**12, "shipping": "999999999999.999999", "tax": 0.000001, "num_items": 1_000_000}
    event = keep(
        {**body, **amounts, "currency": "brl", "content_ids": ["é" * 255] * 20, "external_id": ["a" * 255] * 10}
    )
    assert (event.click_id, event.currency) == ("x" * 512, "BRL")
    for name, length in LONGEST.items():
        if isinstance(length, int):
            refused = sender.post({**body, name: "x" * (length + 1)})
            assert (name, refused.status_code, list(refused.get_json()["fields"])) == (name, 400, [name])
