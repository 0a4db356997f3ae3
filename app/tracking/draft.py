"""From a client's JSON object to an event ready to be recorded, in the order of checks of CONTRACTS §4."""

from __future__ import annotations

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
from app.destinations.base import Destination
from app.outbound.verdicts import Verdict
from app.tracking import quick
from app.tracking.keys import Keys, keys_of
from app.tracking.lookup import KnownClient, KnownPixel, Lookups
from app.tracking.matches import IDENTIFYING
from app.tracking.person import Browser, person
from app.tracking.required import known_fields, platform_of, required
from app.tracking.schema import EventBody
from app.tracking.stored_fields import stored_fields

FUTURE_S = 60  # a client's clock may be this much ahead
CameFrom = tuple[str | None, str | None]  # the address of the call, and its Origin when a browser sent it
NOWHERE: CameFrom = (None, None)


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
    came_from: CameFrom = NOWHERE
    caller: str | None = None  # the address of the client app's server
    waiter: str | None = None
    # the recorder's findings
    refusal: AppError | None = None
    original_id: UUID | None = None  # of the event that this one repeats
    verdict: Verdict | None = None  # where the repeated event stands
    held: bool = False  # paused, throttled or broken: nobody should wait

    @property
    def request_id(self) -> str:
        return f"track_{(self.original_id or self.id).hex}"


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sends an event, and what its request says beside the body."""

    client: KnownClient
    browser: Browser
    address: str | None = None
    idempotency_key: str | None = None
    came_from: CameFrom = NOWHERE


class Drafter:
    """Reads events for one process: knows the destinations and the look-ups."""

    def __init__(self, settings: Settings, lookups: Lookups) -> None:
        self._lookups = lookups
        self._destinations: dict[str, Destination] = {key: registry.get(key, settings) for key in registry.KEYS}

    def draft(self, body: Mapping[str, Any], body_hash: str, sender: Sender) -> Draft:
        """Raises Malformed or Invalid (400) or Forbidden (403), each saying what is wrong."""
        given = known_fields(body)
        pixel_id, name = required(given, "pixel_id"), required(given, "event_name")
        platform = platform_of(given)
        destination = self._destinations[platform]
        pixel = self._pixel(sender.client, destination, pixel_id, name)
        fields = _values(given)
        now = clock.now()
        keys = keys_of(
            platform=platform,
            pixel_id=pixel_id,
            event_name=name,
            event_id=fields.get("event_id"),
            header_key=sender.idempotency_key,
            body_hash=body_hash,
            now=now,
        )
        return _complete(fields, destination, pixel, sender, keys, body_hash, now)

    def _pixel(self, client: KnownClient, destination: Destination, pixel_id: str, name: str) -> KnownPixel:
        """The pixel, which takes this event from this client."""
        for fresh in (False, True):  # a refusal rests on nothing older than a second
            pixel = self._lookups.pixel(client.account_id, destination.key, pixel_id, fresh=fresh)
            refusal = refuse_pixel(client, pixel) or _refuse_name(destination, pixel, name)
            if refusal is None and pixel is not None:
                return pixel
        assert refusal is not None
        raise refusal


def refuse_pixel(client: KnownClient, pixel: KnownPixel | None) -> AppError | None:
    """Why this client may not send to this pixel, or None."""
    if pixel is None:
        return Malformed("Unknown pixel_id")
    if client.pixel_ids is not None and str(pixel.id) not in client.pixel_ids:
        return Forbidden("This client may not use this pixel")
    if not pixel.active:
        return Malformed("This pixel is inactive")
    return None


def _refuse_name(destination: Destination, pixel: KnownPixel | None, name: str) -> AppError | None:
    settings = pixel.settings if pixel is not None else {}
    if destination.wire_name(name, settings) is not None:
        return None
    accepted = ", ".join(destination.accepted_names(settings))
    return Invalid({"event_name": ["Not accepted by this pixel"]}, f"Unknown event_name. Accepted: {accepted}")


def _values(given: Mapping[str, Any]) -> dict[str, Any]:
    """The fields as the model reads them, without it where nothing is odd. Raises Invalid."""
    fields = quick.fields(given)
    if fields is not None:
        return fields
    try:
        return quick.of_model(EventBody.model_validate(given))
    except ValidationError as error:
        raise to_invalid(error, given) from None


def _complete(
    values: Mapping[str, Any],
    destination: Destination,
    pixel: KnownPixel,
    sender: Sender,
    keys: Keys,
    body_hash: str,
    now: datetime,
) -> Draft:
    event_time = _event_time(values, destination, now)
    identity: Mapping[str, Any] = {}
    if destination.key in IDENTIFYING:
        identity = destination.identify(person(values, sender.browser, sender.client.country_code, event_time))
    denied = "consent" in values and destination.key == "facebook" and values["consent"].ad_user_data == "denied"
    click_id = values.get("click_id")
    if not denied and (reason := destination.unusable(identity, click_id)):
        raise Malformed(reason)
    id_ = uuid7()
    return Draft(
        id=id_,
        client=sender.client,
        pixel=pixel,
        event_name=values["event_name"],
        event_id=values.get("event_id") or f"evt_{id_.hex}",
        event_time=event_time,
        expires_at=event_time + destination.max_age,
        click_id=click_id,
        identity={} if denied else identity,
        fields=stored_fields(values, sender.browser.page, pixel.settings.get("siteUrl")),
        body_hash=body_hash,
        keys=keys.each,
        idempotency_key=keys.header,
        consent_denied=denied,
        came_from=sender.came_from,
        caller=sender.address,
    )


def _event_time(values: Mapping[str, Any], destination: Destination, now: datetime) -> datetime:
    given = values.get("event_time")
    if given is None and "click_time" not in values:
        return now
    latest = now + timedelta(seconds=FUTURE_S)
    for name in ("event_time", "click_time"):
        if name in values and values[name] > latest:
            raise Invalid({name: ["Is in the future"]}, f"{name} is in the future")
    event_time = min(given or now, now)
    if event_time < now - destination.max_age:
        days = destination.max_age.days
        raise Invalid({"event_time": [f"Is older than {days} days"]}, f"event_time is older than {days} days")
    return event_time
