"""A test event: a made-up purchase of a made-up person, sent to the platform at once; nothing of it is stored."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from app.accounts import audit
from app.core import clock
from app.core.access import Actor
from app.core.errors import Invalid, Text, TooMany
from app.core.exchange import Json, Outcome, Verdict
from app.core.http import Client
from app.core.ids import uuid7
from app.core.ratelimit import Limit, RateLimiter
from app.core.runtime import runtime
from app.core.vault import VaultError
from app.destinations import registry
from app.destinations.base import Destination, Event, Person, PixelKey, masked
from app.outbound.exchange_one import Exchange, exchange
from app.outbound.limits import service as limits
from app.outbound.results import How
from app.pixels import options
from app.pixels.models import TOKEN_PLACE, Pixel

log = logging.getLogger(__name__)
PER_MINUTE = Limit("pixel-test", 10, 60)  # of an account: each holds a server's thread until the platform answers
FIRST_CHOICE = "EVENT_PURCHASE"
MAX_CLICK_ID = 512
UNREADABLE = "The stored token cannot be read with this installation's keys"
EMAIL, PHONE = "teste@example.com", "+5511900000000"
ADDRESS, AGENT = "203.0.113.10", "Mozilla/5.0 (X11; Linux x86_64) Kalitrack-Test/1.0"  # of RFC 5737, nobody's


@dataclass(frozen=True, slots=True)
class Trial:
    """A test that may be sent: the pixel with its token, the adapter, the event, and what a page needs to name it."""

    pixel_id: UUID
    label: str
    adapter: Destination
    key: PixelKey
    event: Event
    is_readable: bool = True  # whether its token could be decrypted


@dataclass(frozen=True, slots=True)
class Report:
    """What a test came to. `request` is the call as it went out, secrets masked (`method`, `url`, `headers`, `body`);
    `response` the platform's answer, scrubbed, at most 2 KB."""

    outcome: Verdict
    detail: str
    http_status: int | None
    duration_ms: int
    request: Json | None
    response: str | None
    how: How
    event_name: str


def wishes(pixel: Pixel) -> Json:
    """What a test is sent with unless somebody asks otherwise, by wire names."""
    adapter = registry.get(pixel.platform, runtime().settings)
    own = {name: pixel.settings.get(name) for name in adapter.test_takes}
    if "trackFlag" in own:
        own |= {"trackFlag": True, "testFlag": own["testFlag"] is True}
    names = event_names(pixel)
    return {"eventName": FIRST_CHOICE if FIRST_CHOICE in names else names[0], **own}


def event_names(pixel: Pixel) -> list[str]:
    return registry.get(pixel.platform, runtime().settings).accepted_names(pixel.settings)


def prepare(pixel: Pixel, values: Mapping[str, Any]) -> Trial:
    """A test as `values` want it (wire names; absent ones as in `wishes`), ready for `send`. Raises Invalid."""
    adapter = registry.get(pixel.platform, runtime().settings)
    asked = wishes(pixel) | {name: value for name, value in values.items() if value is not None}
    _check(adapter, pixel, asked)
    settings = pixel.settings | {
        name: asked.get(name) for name in adapter.test_takes if name != "clickId" and asked.get(name) is not None
    }
    try:
        token, is_readable = runtime().vault.open(TOKEN_PLACE, pixel.id, pixel.sealed_token), True
    except VaultError:
        token, is_readable = "", False
    return Trial(
        pixel.id,
        f"{adapter.label} {pixel.pixel_id}",
        adapter,
        PixelKey(pixel.pixel_id, token, settings),
        purchase(adapter, asked["eventName"], asked.get("clickId"), pixel.settings.get("siteUrl")),
        is_readable,
    )


def _check(adapter: Destination, pixel: Pixel, asked: Mapping[str, Any]) -> None:
    fields: dict[str, list[Text]] = {}
    if asked["eventName"] not in adapter.accepted_names(pixel.settings):
        fields["eventName"] = [_l("This pixel takes no event of this name.")]
    for name in asked.keys() - {"eventName", *adapter.test_takes}:
        fields[name] = [_l("A test on %(platform)s has no such option.", platform=adapter.label)]
    for name in adapter.test_needs:
        if not asked.get(name):
            fields[name] = [NEEDED[name]]
    for name, longest in (("testEventCode", options.MAX_LINE), ("clickId", MAX_CLICK_ID)):
        if not options.is_line(asked.get(name), longest):
            fields[name] = [_l("At most %(max)d characters, without control characters.", max=longest)]
    if fields:
        raise Invalid(fields)


NEEDED: dict[str, Text] = {
    "testEventCode": _l("A test needs the code that Meta shows under Test events."),
    "clickId": _l("A test needs the click id that Kwai shows on its test page."),
}


def purchase(adapter: Destination, name: str, click_id: str | None, site_url: str | None) -> Event:
    """Of nobody: the addresses are those that standards keep free for examples."""
    now, id_ = clock.now(), uuid7()
    person = Person(
        email=EMAIL,
        phone=PHONE,
        first_name="Teste",
        last_name="Kalitrack",
        country="br",
        external_id=(f"test-{id_.hex[-12:]}",),
        client_ip_address=ADDRESS,
        client_user_agent=AGENT,
    )
    return Event(
        id=id_,
        event_id=f"test_{id_.hex}",
        name=name,
        occurred_at=now,
        click_id=click_id,
        identity=adapter.identify(person),
        fields={
            "action_source": "website",
            "event_source_url": site_url or "https://www.example.com/",
            "value": Decimal("1.00"),
            "currency": "BRL",
            "content_ids": ["test"],
            "content_type": "product",
            "content_name": "Kalitrack test",
            "contents": [{"id": "test", "quantity": 1, "price": Decimal("1.00")}],
            "num_items": 1,
            "order_id": f"test-{id_.hex[-12:]}",
        },
    )


def count(limiter: RateLimiter, account_id: UUID) -> None:
    """Raises TooMany, in words, when the account has sent its tests of this minute."""
    wait_s = limiter.hit(PER_MINUTE, str(account_id))
    if wait_s is not None:
        message = _l("At most %(max)d test events a minute. Try again in %(wait)d s.", max=10, wait=wait_s)
        raise TooMany(wait_s, message)


def take_call(session: Session, pixel_id: UUID) -> None:
    """Counts it among the calls of its pixel. Raises TooMany, which says how many remain."""
    limits.spend(session.connection(), pixel_id)


def send(trial: Trial) -> Report:
    """Sends it, as a worker would. Takes up to OUTBOUND_TIMEOUT: no transaction may be open. Never raises for what the
    platform does."""
    if not trial.is_readable:
        return Report(Verdict.AUTH, UNREADABLE, None, 0, None, None, How.UNBUILT, trial.event.name)
    timeout_s = runtime().settings.outbound_timeout
    client = Client(timeout_s=timeout_s, pool_size=1)
    try:
        one = exchange(
            client,
            lambda: trial.adapter.build([trial.event], trial.key),
            lambda reply: trial.adapter.read(reply, [trial.event]),
            timeout_s=timeout_s,
            secret=trial.key.access_token,
        )
    finally:
        client.close()
    if one.fault is not None:
        log.warning("a test event failed here", exc_info=one.fault, extra={"target_id": str(trial.pixel_id)})
    return _report(trial, one)


def _report(trial: Trial, one: Exchange) -> Report:
    outcome: Outcome = one.outcome[0] if isinstance(one.outcome, list) else one.outcome
    request = None
    if one.call is not None:
        shown = masked(replace(one.call, body=None))
        request = {"method": shown["method"], "url": shown["url"], "headers": shown["headers"], "body": shown["json"]}
    return Report(
        outcome.verdict,
        outcome.detail,
        one.http_status,
        one.duration_ms,
        request,
        one.response,
        one.how,
        trial.event.name,
    )


def record(session: Session, actor: Actor, trial: Trial, report: Report) -> None:
    """That a test was sent and what came of it; neither its body nor the answer."""
    said = {"event": report.event_name, "outcome": str(report.outcome), "httpStatus": report.http_status}
    changes = {name: [None, value] for name, value in said.items()}
    audit.record(session, actor, "pixel.tested", subject_id=trial.pixel_id, subject=trial.label, changes=changes)
