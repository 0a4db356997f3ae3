"""From a client's JSON object to an event ready to be recorded, in the order of checks of CONTRACTS §4."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from app.core import clock
from app.core.errors import AppError, Forbidden, Invalid, Malformed
from app.core.ids import uuid7
from app.core.schema import to_invalid
from app.core.settings import Settings
from app.destinations import registry
from app.destinations.base import Destination, Person
from app.outbound.verdicts import Verdict
from app.tracking.lookup import KnownClient, KnownPixel, Lookups
from app.tracking.schema import OWN_COLUMNS, PERSONAL, EventBody

FUTURE_S = 60  # a client's clock may be this much ahead
KEY_DAYS = 7
SAME_BODY_S = 15


@dataclass(frozen=True, slots=True)
class Browser:
    """What a browser's own request adds: its address, agent and page. A server's request adds nothing."""

    address: str | None = None
    agent: str | None = None
    page: str | None = None


@dataclass(slots=True)
class Draft:
    """An event on its way into the database; the recorder fills in the lower half."""

    id: UUID
    client: KnownClient
    pixel: KnownPixel
    event_name: str
    event_id: str
    event_time: datetime
    expires_at: datetime
    click_id: str | None
    identity: Mapping[str, Any]
    fields: Mapping[str, Any]
    body_hash: str
    keys: list[tuple[str, datetime]]  # (hash, expires_at)
    idempotency_key: str | None  # the hash of the header's key, if that is among `keys`
    consent_denied: bool
    caller: str | None = None  # the address it came from
    waiter: str | None = None
    # the recorder's findings
    refusal: AppError | None = None
    original_id: UUID | None = None  # of the event that this one repeats
    verdict: Verdict | None = None  # where the repeated event stands
    held: bool = False  # paused, throttled or broken: nobody should wait

    @property
    def request_id(self) -> str:
        return f"track_{(self.original_id or self.id).hex}"


class Drafter:
    """Reads events for one process: knows the destinations and the look-ups."""

    def __init__(self, settings: Settings, lookups: Lookups) -> None:
        self._lookups = lookups
        self._destinations: dict[str, Destination] = {key: registry.get(key, settings) for key in registry.KEYS}

    def draft(
        self, body: Mapping[str, Any], body_hash: str, client: KnownClient, browser: Browser, header_key: str | None
    ) -> Draft:
        """Raises Malformed or Invalid (400) or Forbidden (403), each saying what is wrong."""
        given = {key: value for key, value in body.items() if value is not None and value != ""}
        pixel_id, name = _required(given, "pixel_id"), _required(given, "event_name")
        platform = detect_platform(given)
        destination = self._destinations[platform]
        pixel = self._pixel(client, platform, pixel_id)
        if destination.wire_name(name, pixel.settings) is None:
            accepted = ", ".join(destination.accepted_names(pixel.settings))
            raise Invalid({"event_name": ["Not accepted by this pixel"]}, f"Unknown event_name. Accepted: {accepted}")
        try:
            event = EventBody.model_validate(given)
        except ValidationError as error:
            raise to_invalid(error, given) from None
        return self._complete(event, destination, pixel, client, browser, body_hash, header_key)

    def _pixel(self, client: KnownClient, platform: str, pixel_id: str) -> KnownPixel:
        for fresh in (False, True):  # a refusal rests on nothing older than a second
            pixel = self._lookups.pixel(client.account_id, platform, pixel_id, fresh=fresh)
            refusal = refuse_pixel(client, pixel)
            if refusal is None and pixel is not None:
                return pixel
        assert refusal is not None
        raise refusal

    def _complete(
        self,
        event: EventBody,
        destination: Destination,
        pixel: KnownPixel,
        client: KnownClient,
        browser: Browser,
        body_hash: str,
        header_key: str | None,
    ) -> Draft:
        now = clock.now()
        event_time = _event_time(event, destination, now)
        identity = destination.identify(_person(event, browser, client, event_time))
        denied = destination.key == "facebook" and event.consent is not None and event.consent.ad_user_data == "denied"
        if not denied and (reason := destination.unusable(identity, event.click_id)):
            raise Malformed(reason)
        id_ = uuid7()
        keys, header_hash = _keys(event, destination.key, body_hash, header_key, now)
        return Draft(
            id=id_,
            client=client,
            pixel=pixel,
            event_name=event.event_name or "",
            event_id=event.event_id or f"evt_{id_.hex}",
            event_time=event_time,
            expires_at=event_time + destination.max_age,
            click_id=event.click_id,
            identity={} if denied else identity,
            fields=_stored_fields(event, browser, pixel),
            body_hash=body_hash,
            keys=keys,
            idempotency_key=header_hash,
            consent_denied=denied,
        )


def refuse_pixel(client: KnownClient, pixel: KnownPixel | None) -> AppError | None:
    """Why this client may not send to this pixel, or None."""
    if pixel is None:
        return Malformed("Unknown pixel_id")
    if client.pixel_ids is not None and str(pixel.id) not in client.pixel_ids:
        return Forbidden("This client may not use this pixel")
    if not pixel.active:
        return Malformed("This pixel is inactive")
    return None


def detect_platform(given: Mapping[str, Any]) -> str:
    """An explicit platform wins, else the click id tells. Raises Malformed."""
    has_kwai, has_meta = "click_id" in given, "fbclid" in given or "fbc" in given
    if "platform" in given:
        named = given["platform"]
        platform = registry.canonical(named.strip()) if isinstance(named, str) else None
        if platform is None:
            raise Malformed(f"Unknown platform. Accepted: {', '.join(registry.KEYS)}")
        return platform
    if has_kwai and has_meta:
        raise Malformed("Both click_id and fbclid are given: name the platform")
    if not has_kwai and not has_meta:
        raise Malformed("Missing click_id or fbclid")
    return "kwai" if has_kwai else "facebook"


def _required(given: Mapping[str, Any], name: str) -> str:
    value = given.get(name)
    if isinstance(value, str):
        value = value.strip()
    elif isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    elif value is not None:
        raise Invalid({name: ["Must be text or an integer"]}, f"{name} must be text or an integer")
    if not value:
        raise Malformed(f"Missing {name}")
    if len(value) > 255:
        raise Invalid({name: ["Too long"]}, f"{name} is too long")
    return value


def _event_time(event: EventBody, destination: Destination, now: datetime) -> datetime:
    latest = now + timedelta(seconds=FUTURE_S)
    for name, moment in (("event_time", event.event_time), ("click_time", event.click_time)):
        if moment is not None and moment > latest:
            raise Invalid({name: ["Is in the future"]}, f"{name} is in the future")
    event_time = min(event.event_time or now, now)
    if event_time < now - destination.max_age:
        days = destination.max_age.days
        raise Invalid({"event_time": [f"Is older than {days} days"]}, f"event_time is older than {days} days")
    return event_time


def _person(event: EventBody, browser: Browser, client: KnownClient, event_time: datetime) -> Person:
    return Person(
        email=event.email,
        phone=event.phone,
        external_id=tuple(event.external_id or ()),
        first_name=event.first_name,
        last_name=event.last_name,
        city=event.city,
        state=event.state,
        zip=event.zip,
        country=event.country,
        gender=event.gender,
        date_of_birth=event.date_of_birth,
        fbclid=event.fbclid,
        fbc=event.fbc,
        fbp=event.fbp,
        ctwa_clid=event.ctwa_clid,
        client_ip_address=event.client_ip_address or browser.address,
        client_user_agent=event.client_user_agent or browser.agent,
        click_time=min(event.click_time or event_time, event_time),
        default_country=client.country_code,
    )


def _stored_fields(event: EventBody, browser: Browser, pixel: KnownPixel) -> dict[str, Any]:
    """What the adapters build from later: nothing personal, nothing that has a column of its own."""
    fields = {
        key: value
        for key, value in event.__dict__.items()
        if value is not None and value != "" and key not in PERSONAL and key not in OWN_COLUMNS
    }
    if event.contents is not None:
        fields["contents"] = [content.model_dump(exclude_none=True) for content in event.contents]
    if event.consent is not None:
        fields["consent"] = event.consent.model_dump(exclude_none=True)
    fields.setdefault("action_source", "website")
    page = event.event_source_url or browser.page or pixel.settings.get("siteUrl")
    if page:
        fields["event_source_url"] = page
    return fields


def _keys(
    event: EventBody, platform: str, body_hash: str, header_key: str | None, now: datetime
) -> tuple[list[tuple[str, datetime]], str | None]:
    """The keys under which this event is known, and which of them came from the header."""
    week = now + timedelta(days=KEY_DAYS)
    keys = []
    header_hash = None
    if event.event_id:
        keys.append((_digest("event", platform, event.pixel_id, event.event_name, event.event_id), week))
    if header_key:
        header_hash = _digest("header", header_key)
        keys.append((header_hash, week))
    if not keys:
        keys.append((_digest("body", body_hash), now + timedelta(seconds=SAME_BODY_S)))
    return keys, header_hash


def _digest(*parts: str | None) -> str:
    return hashlib.sha256("\0".join(part or "" for part in parts).encode()).hexdigest()
