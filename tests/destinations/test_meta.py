"""What Meta is sent: identities, rows and the call around them."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from app.core.exchange import Json
from app.core.settings import Settings
from app.destinations.base import Person
from app.destinations.meta import Meta
from tests.destinations.builders import NOON, NOON_S, TOKEN, event, hashed, pixel

WHOLE_PERSON = Person(
    email=" Ana@Example.com ",
    phone="(11) 99999-9999",
    external_id=("User 1", "u2"),
    first_name="Ana María",
    last_name="O'Connor",
    city="São Paulo",
    state="São Paulo",
    zip="01310-100",
    country="Brasil",
    gender="Feminino",
    date_of_birth="05/03/1995",
    fbclid="IwAR0",
    fbp="fb.1.1596403881668.1116446470",
    client_ip_address="203.0.113.9:4711",
    client_user_agent="Mozilla/5.0",
    click_time=NOON,
)
WHOLE_IDENTITY = {
    "fbc": f"fb.1.{NOON_S}000.IwAR0",
    "fbp": "fb.1.1596403881668.1116446470",
    "em": [hashed("ana@example.com")],
    "ph": [hashed("5511999999999")],
    "fn": [hashed("anamaría")],
    "ln": [hashed("oconnor")],
    "ct": [hashed("sãopaulo")],
    "st": [hashed("sp")],
    "zp": [hashed("01310100")],
    "country": [hashed("br")],
    "ge": [hashed("f")],
    "db": [hashed("19950305")],
    "external_id": [hashed("user1"), hashed("u2")],
    "client_ip_address": "203.0.113.9",
    "client_user_agent": "Mozilla/5.0",
}


def row_of(meta: Meta, settings: Json | None = None, **changes: Any) -> Json:
    (row,) = (meta.build([event(**changes)], pixel(**(settings or {}))).json or {})["data"]
    assert isinstance(row, dict)
    return row


def test_the_purchase_of_source_1_goes_out_in_full(meta: Meta) -> None:
    identity = meta.identify(Person(email="user@example.com", phone="+5511999999999", fbclid="fb.1.1234567890.abc123"))
    fields = {"value": Decimal("50.00"), "currency": "BRL", "event_source_url": "https://example.com"}
    call = meta.build([event(event_id="evt_abc123xyz", identity=identity, fields=fields)], pixel())

    assert (call.method, call.url) == ("POST", "https://graph.facebook.com/v25.0/123456789012345/events")
    assert call.headers == {"Content-Type": "application/json"}
    assert call.json == {
        "access_token": TOKEN,
        "data": [
            {
                "event_name": "Purchase",
                "event_time": NOON_S,
                "action_source": "website",
                "event_id": "evt_abc123xyz",
                "event_source_url": "https://example.com",
                "user_data": {
                    "fbc": "fb.1.1234567890.abc123",
                    "em": [hashed("user@example.com")],
                    "ph": [hashed("5511999999999")],
                },
                "custom_data": {"value": 50, "currency": "BRL"},
            }
        ],
    }


def test_every_field_of_a_person_is_identified(meta: Meta) -> None:
    assert meta.identify(WHOLE_PERSON) == WHOLE_IDENTITY


def test_nothing_clear_stays_in_the_identity(meta: Meta) -> None:
    stored = json.dumps(meta.identify(WHOLE_PERSON), ensure_ascii=False).lower()
    assert not [clear for clear in ("ana", "99999", "connor", "paulo", "1995", "user 1", "01310") if clear in stored]


def test_hashes_pass_lower_cased_and_junk_is_left_out(meta: Meta) -> None:
    person = Person(email=hashed("a@b.co").upper(), phone="0", city="--", zip=" ", fbclid="{{x}}", click_time=NOON)
    assert meta.identify(person) == {"em": [hashed("a@b.co")]}


@pytest.mark.parametrize("name", ["email", "phone", "external_id", "fbclid", "fbp"])
def test_one_strong_identity_is_enough(meta: Meta, name: str) -> None:
    alone = replace(Person(click_time=NOON), **{name: getattr(WHOLE_PERSON, name)})
    assert meta.unusable(meta.identify(alone), None) is None


@pytest.mark.parametrize(
    "person",
    [
        Person(),
        Person(first_name="Ana", city="Recife", country="BR"),
        Person(client_ip_address="203.0.113.9"),
        Person(client_user_agent="Mozilla/5.0"),
        Person(email="junk", client_ip_address="junk", client_user_agent="Mozilla/5.0"),
    ],
)
def test_a_weak_identity_is_refused_in_words(meta: Meta, person: Person) -> None:
    assert "at least one valid email, phone" in (meta.unusable(meta.identify(person), "click") or "")


def test_address_and_agent_together_are_enough(meta: Meta) -> None:
    person = Person(client_ip_address="203.0.113.9", client_user_agent="Mozilla/5.0")
    assert meta.unusable(meta.identify(person), None) is None


def test_commerce_is_mapped_and_only_what_meta_documents(meta: Meta) -> None:
    fields = {
        "value": "149.90", "currency": "brl", "order_id": 77, "content_ids": ["sku1", 2], "content_type": "product",
        "content_name": "Shoes", "content_category": "Wear", "num_items": 3, "search_string": "shoes",
        "contents": [
            {"id": "sku1", "quantity": 2, "price": "49.95", "delivery_category": "home_delivery", "name": "Shoe"},
            {"id": 2, "quantity": 1, "price": Decimal("50"), "delivery_category": "by pigeon", "email": "a@b.co"},
            {"quantity": 1}, "junk",
        ],
        "shipping": "10", "tax": "1", "coupon": "X", "email": "a@b.co", "phone": "+5511999999999", "city": "Recife",
    }  # fmt: skip
    assert row_of(meta, fields=fields)["custom_data"] == {
        "value": 149.9,
        "currency": "BRL",
        "content_ids": ["sku1", "2"],
        "contents": [
            {"id": "sku1", "quantity": 2, "item_price": 49.95, "delivery_category": "home_delivery"},
            {"id": "2", "quantity": 1, "item_price": 50},
        ],
        "content_type": "product",
        "content_name": "Shoes",
        "content_category": "Wear",
        "num_items": 3,
        "order_id": "77",
        "search_string": "shoes",
    }


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, None),
        ({"value": 0}, {"value": 0}),
        ({"content_id": "user_123"}, {"content_ids": ["user_123"]}),
        ({"content_id": "a", "content_ids": ["b"]}, {"content_ids": ["b"]}),
        ({"value": {"odd": 1}, "contents": "odd", "currency": ["BRL"]}, None),
    ],
)
def test_custom_fields_that_are_absent_or_odd_are_left_out(meta: Meta, fields: Json, expected: Json | None) -> None:
    assert row_of(meta, fields=fields).get("custom_data") == expected


def test_amounts_go_out_as_plain_json_numbers(meta: Meta) -> None:
    call = meta.build([event(fields={"value": Decimal("50.00")}), event(fields={"value": Decimal("49.9")})], pixel())
    sent = json.dumps(call.json)
    assert '"value": 50}' in sent
    assert '"value": 49.9}' in sent


LIMITED = {
    "data_processing_options": ["LDU"],
    "data_processing_options_country": 0,
    "data_processing_options_state": 0,
}


@pytest.mark.parametrize(
    ("fields", "settings", "expected"),
    [
        ({}, {}, {}),
        ({"limited_data_use": True}, {}, LIMITED),
        ({}, {"limitedDataUse": True}, LIMITED),
        ({"limited_data_use": False}, {"limitedDataUse": True}, {}),
        ({"consent": {"ad_personalization": "denied"}}, {}, {"opt_out": True}),
        ({"consent": {"ad_personalization": "granted"}}, {}, {}),
        ({"consent": "denied"}, {}, {}),
    ],
)
def test_privacy_follows_the_event_then_the_pixel(meta: Meta, fields: Json, settings: Json, expected: Json) -> None:
    row = row_of(meta, settings, fields=fields)
    assert {name: value for name, value in row.items() if name.startswith(("data_processing", "opt_"))} == expected


@pytest.mark.parametrize(
    ("fields", "settings", "expected"),
    [
        ({"referrer": "https://a.example/"}, {}, {"referrer_url": "https://a.example/"}),
        ({}, {"siteUrl": "https://shop.example"}, {"event_source_url": "https://shop.example"}),
        ({"action_source": "email"}, {}, {"action_source": "email"}),
        ({"action_source": "carrier pigeon"}, {}, {"action_source": "other"}),
    ],
)
def test_where_it_happened(meta: Meta, fields: Json, settings: Json, expected: Json) -> None:
    row = row_of(meta, settings, fields=fields)
    places = {"action_source", "event_source_url", "referrer_url"} & row.keys()
    assert {name: row[name] for name in places} == {"action_source": "website"} | expected


def test_a_click_into_a_whatsapp_chat_is_credited_with_its_page(meta: Meta) -> None:
    identity = meta.identify(Person(ctwa_clid="ARAk-x_9", email="a@b.co"))
    fields = {"action_source": "business_messaging"}
    row = row_of(meta, {"pageId": "4321"}, identity=identity, fields=fields)
    assert row["messaging_channel"] == "whatsapp"
    assert row["user_data"] == {"em": [hashed("a@b.co")], "ctwa_clid": "ARAk-x_9", "page_id": "4321"}


def test_the_test_code_of_the_event_goes_before_the_pixels(meta: Meta) -> None:
    coded, plain = event(fields={"test_event_code": "TEST1"}), event()
    target = pixel(testEventCode="TEST2")
    assert [meta.batch_key(coded, target), meta.batch_key(plain, target)] == ["TEST1", "TEST2"]
    assert (meta.build([coded], target).json or {})["test_event_code"] == "TEST1"
    assert "test_event_code" not in (meta.build([plain], pixel()).json or {})


def test_events_with_different_test_codes_never_share_a_call(meta: Meta) -> None:
    with pytest.raises(ValueError, match="different test codes"):
        meta.build([event(), event(fields={"test_event_code": "TEST1"})], pixel())


def test_a_thousand_events_are_one_call_in_order(meta: Meta) -> None:
    body = meta.build([event(event_id=f"e{n}") for n in range(meta.max_batch)], pixel()).json or {}
    assert [row["event_id"] for row in body["data"]] == [f"e{n}" for n in range(1000)]
    assert meta.max_age == timedelta(days=7)


@pytest.mark.parametrize(
    ("version", "used"), [(None, "v25.0"), ("v26.0", "v26.0"), ("../v1", "v25.0"), ("26", "v25.0"), (26, "v25.0")]
)
def test_the_graph_version_is_the_pixels_or_the_settings(meta: Meta, version: Any, used: str) -> None:
    call = meta.build([event()], pixel(graphVersion=version))
    assert call.url == f"https://graph.facebook.com/{used}/123456789012345/events"


def test_the_base_url_comes_from_the_settings(plain_settings: Settings) -> None:
    simulated = Meta(plain_settings.model_copy(update={"meta_graph_url": "http://127.0.0.1:9/meta"}))
    assert simulated.build([event()], pixel()).url == "http://127.0.0.1:9/meta/v25.0/123456789012345/events"


@pytest.mark.parametrize("pixel_id", ["", "12/../34", "12?access_token=x", "abc", "１２", "1" * 40, "12\n"])
def test_a_pixel_id_that_is_not_digits_is_never_called(meta: Meta, pixel_id: str) -> None:
    with pytest.raises(ValueError, match="digits only"):
        meta.build([event()], pixel(pixel_id))


def test_a_name_accepted_under_older_settings_still_goes_out(meta: Meta) -> None:
    assert row_of(meta, name="Deposit")["event_name"] == "Deposit"
    assert row_of(meta, {"eventMap": {"EVENT_PURCHASE": "Deposit"}})["event_name"] == "Deposit"


def test_the_token_is_nowhere_but_at_the_top_of_the_body(meta: Meta) -> None:
    call = meta.build([event(identity=WHOLE_IDENTITY)], pixel())
    assert TOKEN not in call.url + json.dumps(dict(call.headers)) + json.dumps((call.json or {})["data"])
