"""The fields of an event (CONTRACTS §4): a known key of a wrong type is refused, an unknown one ignored."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, Literal

from babel.numbers import list_currencies
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from app.core.errors import N_

MAX_AMOUNT = Decimal(10) ** 12
AMOUNT = re.compile(r"[0-9]{1,13}(?:\.[0-9]{1,6})?")
CURRENCIES = frozenset(list_currencies())
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
LATEST = datetime(2200, 1, 1, tzinfo=UTC)


def to_amount(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
        raise ValueError("must be a number or a decimal-point string")
    if isinstance(value, str) and not AMOUNT.fullmatch(value.strip()):
        raise ValueError(N_("must be a decimal number from 0 to 1000000000000 with at most 6 decimals"))
    try:
        amount = Decimal(value.strip() if isinstance(value, str) else value)
    except InvalidOperation:
        raise ValueError("must be a number") from None
    if not 0 <= amount <= MAX_AMOUNT:
        raise ValueError(N_("must be from 0 to 1000000000000"))
    return amount.quantize(Decimal("0.000001")).normalize() if amount.as_tuple().exponent < -6 else amount  # type: ignore[operator]


def _id(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise ValueError("must be text or an integer")
    return str(value).strip()


def _ids(value: Any) -> list[str]:
    if isinstance(value, list):
        return [_id(each) for each in value]
    return [_id(value)]


def to_moment(value: Any) -> datetime:
    """Unix seconds (milliseconds are told by their size) or ISO-8601; without a zone it is UTC."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
        raise ValueError("must be Unix seconds or an ISO-8601 time")
    try:
        if isinstance(value, str) and not value.strip().isdigit():
            moment = datetime.fromisoformat(value.strip())
            moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
        else:
            seconds = float(value)
            moment = datetime.fromtimestamp(seconds / 1000 if seconds > 1e11 else seconds, UTC)
    except (ValueError, OverflowError, OSError):
        raise ValueError("must be Unix seconds or an ISO-8601 time") from None
    if not EARLIEST <= moment <= LATEST:
        raise ValueError("is not a plausible time")
    return moment


def to_currency(value: Any) -> str:
    if not isinstance(value, str) or len(value) > 8 or value.strip().upper() not in CURRENCIES:
        raise ValueError(N_("must be an ISO 4217 code such as BRL"))
    return value.strip().upper()


Text = Annotated[str, StringConstraints(strip_whitespace=True, strict=True)]
Key = Annotated[str, BeforeValidator(_id)]  # ids come as text or as integers
ShortKey = Annotated[str, BeforeValidator(_id), StringConstraints(max_length=255)]
Amount = Annotated[Decimal, BeforeValidator(to_amount)]
Moment = Annotated[datetime, BeforeValidator(to_moment)]
Currency = Annotated[str, BeforeValidator(to_currency)]
Count = Annotated[int, Field(strict=True, ge=0, le=1_000_000)]
Flag = Annotated[bool, Field(strict=True)]
Decision = Literal["granted", "denied"]


EXAMPLE: dict[str, Any] = {
    "platform": "facebook",
    "pixel_id": "123456789012345",
    "event_name": "EVENT_PURCHASE",
    "event_id": "pedido-1042",
    "event_time": "2026-11-21T17:03:12Z",
    "fbclid": "IwAR2xExample",
    "email": "ana@example.com",
    "phone": "+5511999999999",
    "value": 50.0,
    "currency": "BRL",
    "content_ids": ["sku-1"],
}


class Consent(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    ad_user_data: Decision | None = None
    ad_personalization: Decision | None = None


class Content(BaseModel):
    """One product of an event."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    id: Key | None = Field(None, max_length=255)
    quantity: Count | None = None
    price: Amount | None = None
    name: Text | None = Field(None, max_length=255)
    category: Text | None = Field(None, max_length=255)
    brand: Text | None = Field(None, max_length=255)
    delivery_category: Literal["in_store", "curbside", "home_delivery"] | None = None


class EventBody(BaseModel):
    """One event as a client app sends it. Names are those of the source; `null` and blank text mean absent."""

    model_config = ConfigDict(extra="ignore", frozen=True, json_schema_extra={"examples": [EXAMPLE]})

    pixel_id: Key | None = Field(None, max_length=255)
    event_name: Text | None = Field(None, max_length=64)
    platform: Text | None = Field(None, max_length=24)
    click_id: Key | None = Field(None, max_length=512)
    fbclid: Key | None = Field(None, max_length=512)
    fbc: Text | None = Field(None, max_length=600)
    fbp: Text | None = Field(None, max_length=128)
    gclid: Key | None = Field(None, max_length=512)
    gbraid: Key | None = Field(None, max_length=512)
    wbraid: Key | None = Field(None, max_length=512)
    ttclid: Key | None = Field(None, max_length=512)
    ttp: Key | None = Field(None, max_length=128)
    client_id: Key | None = Field(None, max_length=128)
    ctwa_clid: Key | None = Field(None, max_length=512)
    click_time: Moment | None = None
    event_id: Key | None = Field(None, max_length=128)
    event_time: Moment | None = None
    event_source_url: Text | None = Field(None, max_length=2000)
    referrer: Text | None = Field(None, max_length=2000)
    action_source: (
        Literal[
            "website",
            "app",
            "email",
            "phone_call",
            "chat",
            "physical_store",
            "system_generated",
            "business_messaging",
            "other",
        ]
        | None
    ) = None
    email: Text | None = Field(None, max_length=320)
    phone: Key | None = Field(None, max_length=64)
    external_id: Annotated[list[ShortKey], BeforeValidator(_ids), Field(max_length=10)] | None = None
    first_name: Text | None = Field(None, max_length=255)
    last_name: Text | None = Field(None, max_length=255)
    city: Text | None = Field(None, max_length=255)
    state: Text | None = Field(None, max_length=255)
    zip: Key | None = Field(None, max_length=64)
    country: Text | None = Field(None, max_length=64)
    gender: Text | None = Field(None, max_length=64)
    date_of_birth: Key | None = Field(None, max_length=64)
    client_ip_address: Text | None = Field(None, max_length=64)
    client_user_agent: Text | None = Field(None, max_length=1024)
    value: Amount | None = None
    currency: Currency | None = None
    order_id: Key | None = Field(None, max_length=255)
    content_id: Key | None = Field(None, max_length=255)
    content_ids: Annotated[list[ShortKey], BeforeValidator(_ids), Field(max_length=200)] | None = None
    content_type: Text | None = Field(None, max_length=64)
    content_name: Text | None = Field(None, max_length=500)
    content_category: Text | None = Field(None, max_length=255)
    contents: Annotated[list[Content], Field(max_length=200)] | None = None
    num_items: Count | None = None
    search_string: Text | None = Field(None, max_length=500)
    shipping: Amount | None = None
    tax: Amount | None = None
    coupon: Text | None = Field(None, max_length=255)
    limited_data_use: Flag | None = None
    consent: Consent | None = None
    test_event_code: Text | None = Field(None, max_length=64)
    test: Flag | None = None


PERSONAL = frozenset(
    {
        "email", "phone", "external_id", "first_name", "last_name", "city", "state", "zip", "country", "gender",
        "date_of_birth", "client_ip_address", "client_user_agent", "fbc", "fbp",
    }
)  # fmt: skip
OWN_COLUMNS = frozenset({"platform", "event_name", "event_id", "event_time", "click_id", "click_time"})
