"""Names of events: neutral, Meta's, Kwai's and the log file's."""

from __future__ import annotations

import re
from typing import Any

import pytest

from app.destinations.kwai import Kwai
from app.destinations.meta import Meta
from app.destinations.names import META_NAMES, META_STANDARD, NEUTRAL, log_name

STANDARD_TWINS = {
    "EVENT_CONTENT_VIEW": "ViewContent",
    "EVENT_ADD_TO_CART": "AddToCart",
    "EVENT_ADD_TO_WISHLIST": "AddToWishlist",
    "EVENT_INITIATED_CHECKOUT": "InitiateCheckout",
    "EVENT_ADD_PAYMENT_INFO": "AddPaymentInfo",
    "EVENT_PURCHASE": "Purchase",
    "EVENT_COMPLETE_TRANSACTION": "Purchase",
    "EVENT_FIRST_DEPOSIT": "Purchase",
    "EVENT_COMPLETE_REGISTRATION": "CompleteRegistration",
    "EVENT_FORM_SUBMIT": "Lead",
    "EVENT_CONTACT": "Contact",
    "EVENT_SUBSCRIBE": "Subscribe",
    "EVENT_SEARCH": "Search",
    "EVENT_LOAN_APPLICATION": "SubmitApplication",
    "EVENT_CREDIT_CARD_APPLICATION": "SubmitApplication",
}


def camel(neutral: str) -> str:
    return "".join(part.capitalize() for part in neutral.removeprefix("EVENT_").split("_"))


def test_there_are_32_neutral_names() -> None:
    assert len(NEUTRAL) == len(set(NEUTRAL)) == 32
    assert all(re.fullmatch(r"EVENT_[A-Z0-9_]+", name) for name in NEUTRAL)


@pytest.mark.parametrize("name", NEUTRAL)
def test_a_neutral_name_has_its_standard_twin_or_a_camel_case_custom_one(name: str) -> None:
    assert META_NAMES[name] == STANDARD_TWINS.get(name, camel(name))
    assert log_name(name) == META_NAMES[name]


def test_the_log_leaves_other_names_as_they_are() -> None:
    assert [log_name(name) for name in ("PageView", "MyOwnEvent")] == ["PageView", "MyOwnEvent"]


@pytest.mark.parametrize(
    ("name", "settings", "wire"),
    [
        ("EVENT_PURCHASE", {}, "Purchase"),
        ("EVENT_PLACE_ORDER", {}, "PlaceOrder"),
        ("EVENT_PURCHASE_7_DAY", {}, "Purchase7Day"),
        ("PageView", {}, "PageView"),
        ("pageview", {}, None),
        ("EVENT_UNKNOWN", {}, None),
        ("", {}, None),
        ("Deposit", {"customEvents": ["Deposit"]}, "Deposit"),
        ("Deposit", {"customEvents": "Deposit"}, None),
        (" Deposit", {"customEvents": [" Deposit", 7, None]}, None),
        ("EVENT_FIRST_DEPOSIT", {"eventMap": {"EVENT_FIRST_DEPOSIT": "Deposit"}}, "Deposit"),
        ("EVENT_FIRST_DEPOSIT", {"eventMap": {"EVENT_FIRST_DEPOSIT": ""}}, "Purchase"),
        ("EVENT_FIRST_DEPOSIT", {"eventMap": {"EVENT_FIRST_DEPOSIT": {"a": 1}}}, "Purchase"),
        ("EVENT_FIRST_DEPOSIT", {"eventMap": ["EVENT_FIRST_DEPOSIT"]}, "Purchase"),
    ],
)
def test_meta_takes_neutral_standard_and_custom_names(
    meta: Meta, name: str, settings: dict[str, Any], wire: str | None
) -> None:
    assert meta.wire_name(name, settings) == wire


@pytest.mark.parametrize(
    ("name", "settings", "wire"),
    [
        ("EVENT_PURCHASE", {}, "EVENT_PURCHASE"),
        ("Purchase", {"customEvents": ["Purchase"]}, None),
        ("EVENT_FORM_SUBMIT", {"eventMap": {"EVENT_FORM_SUBMIT": "EVENT_CONTACT"}}, "EVENT_CONTACT"),
        ("EVENT_FORM_SUBMIT", {"eventMap": {"EVENT_FORM_SUBMIT": "Lead"}}, "EVENT_FORM_SUBMIT"),
    ],
)
def test_kwai_takes_its_32_names_and_no_others(
    kwai: Kwai, name: str, settings: dict[str, Any], wire: str | None
) -> None:
    assert kwai.wire_name(name, settings) == wire


def test_accepted_names_are_exactly_those_that_have_a_wire_name(meta: Meta, kwai: Kwai) -> None:
    settings = {"customEvents": ["Deposit", "Purchase"]}
    accepted = meta.accepted_names(settings)
    assert sorted(accepted) == sorted({*NEUTRAL, *META_STANDARD, "Deposit"})
    assert all(meta.wire_name(name, settings) for name in accepted)
    assert kwai.accepted_names(settings) == list(NEUTRAL)
