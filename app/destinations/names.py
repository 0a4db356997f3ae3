"""Event names: the 32 neutral ones that client apps send, and what Meta and the log file call them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

META_STANDARD = (
    "AddPaymentInfo", "AddToCart", "AddToWishlist", "CompleteRegistration", "Contact", "CustomizeProduct", "Donate",
    "FindLocation", "InitiateCheckout", "Lead", "PageView", "Purchase", "Schedule", "Search", "StartTrial",
    "SubmitApplication", "Subscribe", "ViewContent",
)  # fmt: skip

# Neutral name (which is Kwai's) -> Meta's. Where Meta has no twin, a custom name: CamelCase without EVENT_.
META_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "EVENT_CONTENT_VIEW": "ViewContent",
        "EVENT_ADD_TO_CART": "AddToCart",
        "EVENT_ADD_TO_WISHLIST": "AddToWishlist",
        "EVENT_INITIATED_CHECKOUT": "InitiateCheckout",
        "EVENT_ADD_PAYMENT_INFO": "AddPaymentInfo",
        "EVENT_PLACE_ORDER": "PlaceOrder",
        "EVENT_PURCHASE": "Purchase",
        "EVENT_COMPLETE_TRANSACTION": "Purchase",
        "EVENT_COMPLETE_REGISTRATION": "CompleteRegistration",
        "EVENT_FORM_SUBMIT": "Lead",
        "EVENT_BUTTON_CLICK": "ButtonClick",
        "EVENT_CONTACT": "Contact",
        "EVENT_SUBSCRIBE": "Subscribe",
        "EVENT_SEARCH": "Search",
        "EVENT_DOWNLOAD": "Download",
        "EVENT_FIRST_DEPOSIT": "Purchase",
        "EVENT_CREDIT_APPROVAL": "CreditApproval",
        "EVENT_LOAN_APPLICATION": "SubmitApplication",
        "EVENT_LOAN_CREDIT": "LoanCredit",
        "EVENT_LOAN_DISBURSAL": "LoanDisbursal",
        "EVENT_CREDIT_CARD_APPLICATION": "SubmitApplication",
        "EVENT_VALUE_PRODUCE": "ValueProduce",
        "EVENT_KEY_INAPP_EVENT": "KeyInappEvent",
        "EVENT_KEY_INAPP_EVENT_1": "KeyInappEvent1",
        "EVENT_KEY_INAPP_EVENT_2": "KeyInappEvent2",
        "EVENT_KEY_INAPP_EVENT_3": "KeyInappEvent3",
        "EVENT_AD_VIEW": "AdView",
        "EVENT_AD_CLICK": "AdClick",
        "EVENT_PURCHASE_1_DAY": "Purchase1Day",
        "EVENT_PURCHASE_2_DAY": "Purchase2Day",
        "EVENT_PURCHASE_3_DAY": "Purchase3Day",
        "EVENT_PURCHASE_7_DAY": "Purchase7Day",
    }
)
NEUTRAL = tuple(META_NAMES)
MAX_NAME = 100


def log_name(name: str) -> str:
    """The name in `tracking_events_….log` (CONTRACTS §4): Meta's for a neutral one, whatever the platform was."""
    return META_NAMES.get(name, name)


def override(pixel_settings: Mapping[str, Any], name: str) -> str | None:
    """The pixel's own name for a neutral one (`eventMap`), or None. A malformed map counts as none."""
    event_map = pixel_settings.get("eventMap")
    chosen = event_map.get(name) if isinstance(event_map, Mapping) else None
    return chosen if is_name(chosen) else None


def custom_names(pixel_settings: Mapping[str, Any]) -> list[str]:
    """The further names that a pixel takes as they are (`customEvents`), without what cannot be a name."""
    listed = pixel_settings.get("customEvents")
    return [name for name in listed if is_name(name)] if isinstance(listed, list | tuple) else []


def is_name(value: Any) -> bool:
    """Whether a platform could take this as an event name: 1 to 100 printable characters, no space around it."""
    return isinstance(value, str) and 0 < len(value) <= MAX_NAME and value.isprintable() and value == value.strip()
