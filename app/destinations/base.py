"""The contract of a destination: identify a person, build a call, read the answer. Nothing else happens here."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID

from app.core.exchange import Call, Json, Outcome, Reply
from app.core.settings import Settings


@dataclass(slots=True)  # not frozen: made for each event, at a third of the cost
class Person:
    """Who converted, as the client app said it: clear or already hashed. Lives only during intake."""

    email: str | None = None
    phone: str | None = None
    external_id: tuple[str, ...] = ()
    first_name: str | None = None
    last_name: str | None = None
    city: str | None = None
    state: str | None = None
    zip: str | None = None
    country: str | None = None
    gender: str | None = None
    date_of_birth: str | None = None
    fbclid: str | None = None
    fbc: str | None = None
    fbp: str | None = None
    client_ip_address: str | None = None
    client_user_agent: str | None = None
    ctwa_clid: str | None = None  # a click from an ad into a WhatsApp chat
    click_time: datetime | None = None  # when the click happened; never later than the event
    default_country: str = "55"  # calling code for national phone numbers


@dataclass(frozen=True, slots=True)
class Event:
    """A conversion as stored. `fields` are the non-personal wire fields of CONTRACTS §4 that the client sent
    (value and the other amounts as Decimal or int, `contents` a list of objects), without the identity."""

    id: UUID
    event_id: str
    name: str  # as the client sent it: a neutral EVENT_… name, a platform's own, or a custom one
    occurred_at: datetime
    click_id: str | None = None  # Kwai's
    identity: Mapping[str, Any] = field(default_factory=dict)  # what identify() returned at intake
    fields: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PixelKey:
    """The account at the platform: its id there, its token in clear, and the pixel's settings
    (`graphVersion`, `testEventCode`, `trackFlag`, `testFlag`, `thirdParty`, `eventMap`, `customEvents`, `siteUrl`,
    `limitedDataUse`, `pageId`; absent keys mean the default)."""

    external_id: str
    access_token: str
    settings: Mapping[str, Any] = field(default_factory=dict)


class Destination(ABC):
    """One conversion platform. Pure: no sending, no clock, no database, no sleep."""

    key: ClassVar[str]  # the wire value in API, database and logs
    label: ClassVar[str]
    max_batch: ClassVar[int] = 1
    max_age: ClassVar[timedelta]  # older events are not worth sending; judged by the engine at claim
    event_names: ClassVar[Mapping[str, str]]  # neutral name -> the platform's name
    pixel_id_pattern: ClassVar[str] = r"[A-Za-z0-9_-]{1,64}"  # matches a whole id; the form and build() share it
    test_takes: ClassVar[tuple[str, ...]] = ()  # of a test event's options: `clickId`, and settings that a test may
    # set otherwise for itself (`testEventCode`, `trackFlag`, `testFlag`)
    test_needs: ClassVar[tuple[str, ...]] = ()  # those of them without which the platform shows the test nowhere

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    @abstractmethod
    def wire_name(self, name: str, pixel_settings: Mapping[str, Any]) -> str | None:
        """The platform's name of an event, or None when this pixel does not take it."""

    @abstractmethod
    def accepted_names(self, pixel_settings: Mapping[str, Any]) -> list[str]:
        """Every event name that intake takes for this pixel, for the 400 that refuses another."""

    @abstractmethod
    def identify(self, person: Person) -> Json:
        """The platform's identity fields, hashed where it wants hashes. Stored with the event, so nothing in clear
        that the platform takes hashed."""

    @abstractmethod
    def unusable(self, identity: Mapping[str, Any], click_id: str | None) -> str | None:
        """Why the platform could not attribute such an event (the text of a 400), or None when it can."""

    def batch_key(self, item: Event, target: PixelKey) -> Hashable:
        """Items may share a call only when their keys are equal (what a call says once, like Meta's test code)."""
        return None

    @abstractmethod
    def build(self, items: Sequence[Event], target: PixelKey) -> Call:
        """One call that carries all items (at most `max_batch`, equal in `batch_key`). Raises ValueError with a
        sentence when the pixel itself cannot be called (an id outside `pixel_id_pattern`)."""

    @abstractmethod
    def read(self, reply: Reply, items: Sequence[Event]) -> Outcome | list[Outcome]:
        """One outcome for the whole call, or one per item in order."""


SECRET_NAMES = frozenset({"access_token", "access-token", "authorization", "api_secret", "developer-token"})


def masked(call: Call) -> Json:
    """The call as people may see it: secrets shown as their last four characters, all else as it goes out."""
    body = {name: _shown(name, value) for name, value in (call.json or {}).items()}
    headers = {name: _shown(name, value) for name, value in call.headers.items()}
    return {"method": call.method, "url": call.url, "headers": headers, "json": body}


def _shown(name: str, value: Any) -> Any:
    if name.lower() not in SECRET_NAMES:
        return value
    text = str(value)
    return f"…{text[-4:]}" if len(text) >= 12 else "…"  # four of a short secret would be half of it
