"""The month itself: when events came, what they carried and how they fared. The same from the same seed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from app.core.exchange import Verdict
from app.demo.cast import TOKEN_DIED, DemoPixel
from app.outbound.models import ErrorClass, Status

DAYS = 30
ZONE = ZoneInfo("America/Sao_Paulo")
BY_HOUR = (3, 2, 1, 1, 1, 2, 4, 7, 10, 12, 13, 14, 15, 14, 13, 13, 13, 14, 15, 17, 19, 18, 13, 7)
BY_WEEKDAY = (0.9, 0.95, 1.0, 1.0, 1.15, 1.3, 1.1)
OUTAGE_DAY, OUTAGE_HOURS = 9, (14, 16)  # days ago; the platform answered late and with errors
NAMES = (
    ("EVENT_CONTENT_VIEW", 46),
    ("EVENT_ADD_TO_CART", 22),
    ("EVENT_INITIATED_CHECKOUT", 11),
    ("EVENT_PURCHASE", 13),
    ("EVENT_COMPLETE_REGISTRATION", 8),
)
GOODS = (
    ("SKU-1042", "Vestido midi", 189.9), ("SKU-2210", "Tênis casual", 259.0), ("SKU-0087", "Bolsa de couro", 349.5),
    ("SKU-3301", "Óculos de sol", 129.0), ("SKU-4100", "Jaqueta jeans", 219.9), ("SKU-5120", "Relógio", 480.0),
)  # fmt: skip
_WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"
AGENTS = (
    f"Mozilla/5.0 (Linux; Android 15; SM-A556E) {_WEBKIT} Chrome/142.0 Mobile Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6"
    " Mobile/15E148 Safari/604.1",
    f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {_WEBKIT} Chrome/142.0.0.0 Safari/537.36",
)
REFUSAL = "Invalid parameter: event 0: invalid fbc; code 100/2804001"
REFUSED_TOKEN = "access_token is invalid; code 10002"  # noqa: S105 - words, no token
NO_ANSWER = "Timeout (gave up after 12 attempts)"


@dataclass(frozen=True, slots=True)
class Try:
    """One attempt: seconds after acceptance, how it ended."""

    after_s: float
    verdict: Verdict
    status: int | None
    detail: str
    ms: int


@dataclass(frozen=True, slots=True)
class Story:
    """One event: what was sent and what became of its delivery."""

    at: datetime
    pixel: DemoPixel
    name: str
    click: str
    fields: dict[str, Any]
    identity: dict[str, Any]
    status: Status
    error: ErrorClass | None = None
    tries: tuple[Try, ...] = ()
    client: int = 0
    repeats: int = 0
    bits: int = 0
    detail: str | None = field(default=None)


def moments(random: Random, count: int, now: datetime) -> list[datetime]:
    """`count` moments of the last DAYS days, oldest first, with the rhythm of days and weeks."""
    first = (now - timedelta(days=DAYS)).astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    hours = [first + timedelta(hours=number) for number in range(DAYS * 24 + 1)]
    weights = []
    for number, hour in enumerate(hours):
        local = hour.astimezone(ZONE)
        growth = 0.8 + 0.4 * number / len(hours)
        weights.append(BY_HOUR[local.hour] * BY_WEEKDAY[local.weekday()] * growth)
    chosen = random.choices(hours, weights, k=count * 2)
    found = (hour + timedelta(milliseconds=random.randrange(3_600_000)) for hour in chosen)
    past = [moment for moment in found if moment < now - timedelta(seconds=30)]
    return sorted(past[:count])


def stories(random: Random, pixels: tuple[DemoPixel, ...], clients: int, count: int, now: datetime) -> Iterator[Story]:
    """The events of one company, oldest first."""
    people = [_person(random) for _ in range(300)]
    shares = [pixel.share for pixel in pixels]
    names, weights = [name for name, _ in NAMES], [weight for _, weight in NAMES]
    for at in moments(random, count, now):
        pixel = random.choices(pixels, shares)[0]
        name = random.choices(names, weights)[0]
        click = _click(random, pixel, at)
        meta = pixel.platform == "facebook"
        yield Story(
            at=at,
            pixel=pixel,
            name=name,
            click=click,
            fields=_fields(random, pixel, name, click),
            identity=_identity(random, random.choice(people), click, at) if meta else {},
            client=random.randrange(clients),
            repeats=1 if random.random() < 0.02 else 0,
            bits=random.getrandbits(74),
            **_fate(random, pixel, at, now),
        )


def _click(random: Random, pixel: DemoPixel, at: datetime) -> str:
    text = hashlib.sha256(f"{at.isoformat()}{random.random()}".encode()).hexdigest()
    return f"IwAR{text[:40]}" if pixel.platform == "facebook" else f"kw{text[:24]}"


def _fields(random: Random, pixel: DemoPixel, name: str, click: str) -> dict[str, Any]:
    fields: dict[str, Any] = {"pixel_id": pixel.pixel_id, "action_source": "website"}
    if pixel.platform == "facebook":
        fields["fbclid"] = click
    if site := pixel.settings.get("siteUrl"):
        fields["event_source_url"] = f"{site}/produto/{random.randrange(1000, 1040)}"
    if name != "EVENT_COMPLETE_REGISTRATION":
        id_, title, price = random.choice(GOODS)
        fields |= {"content_id": id_, "content_name": title, "content_type": "product", "value": str(price)}
        fields["currency"] = "BRL"
    if name == "EVENT_PURCHASE":
        fields["order_id"] = f"P{random.randrange(10**6, 10**7)}"
    return fields


def _person(random: Random) -> dict[str, Any]:
    def digest() -> list[str]:
        return [f"{random.getrandbits(256):064x}"]

    return {
        "em": digest(),
        "ph": digest(),
        "fn": digest(),
        "fbp": f"fb.1.{1_760_000_000_000 + random.randrange(10**9)}.{random.randrange(10**9)}",
        "client_ip_address": f"203.0.113.{random.randrange(1, 255)}",  # from the range for documentation
        "client_user_agent": random.choice(AGENTS),
    }


def _identity(random: Random, person: dict[str, Any], click: str, at: datetime) -> dict[str, Any]:
    chances = {"em": 0.71, "ph": 0.48, "fn": 0.3, "fbp": 0.86, "client_ip_address": 0.93, "client_user_agent": 0.93}
    known = {name: person[name] for name, chance in chances.items() if random.random() < chance}
    return {**known, "fbc": f"fb.1.{int(at.timestamp() * 1000)}.{click}"} if random.random() < 0.62 else known


def _fate(random: Random, pixel: DemoPixel, at: datetime, now: datetime) -> dict[str, Any]:
    """How the delivery fared: most arrive at once, some late, a few never."""
    age = now - at
    ms = int(random.lognormvariate(4.6, 0.5))
    if pixel.story == TOKEN_DIED and age < timedelta(days=2):
        refused = Try(0.02, Verdict.AUTH, 401, REFUSED_TOKEN, ms)
        tries = (refused,) if age > timedelta(days=2) - timedelta(minutes=30) else ()
        return {"status": Status.PENDING, "tries": tries}
    chance = random.random()
    if pixel.platform == "facebook" and chance < 0.012:
        detail = "Consent denied"
        return {"status": Status.CANCELLED, "error": ErrorClass.CONSENT, "detail": detail}
    if pixel.platform == "facebook" and chance < 0.020:
        return {
            "status": Status.DEAD,
            "error": ErrorClass.REFUSED,
            "tries": (Try(0.02, Verdict.REJECTED, 400, REFUSAL, ms),),
        }
    if _in_outage(at, now):
        return _through_an_outage(random, ms)
    if chance > 0.985:  # a hiccup
        first = Try(0.02, Verdict.RETRY, 503, "internal error", ms)
        return _arrived(Try(1.1, Verdict.SENT, 200, "", ms), first)
    return _arrived(Try(0.02, Verdict.SENT, 200, "", ms))


def _arrived(last: Try, *before: Try) -> dict[str, Any]:
    return {"status": Status.DONE, "tries": (*before, last)}


def _in_outage(at: datetime, now: datetime) -> bool:
    local, day = at.astimezone(ZONE), (now - timedelta(days=OUTAGE_DAY)).astimezone(ZONE)
    return local.date() == day.date() and OUTAGE_HOURS[0] <= local.hour < OUTAGE_HOURS[1]


def _through_an_outage(random: Random, ms: int) -> dict[str, Any]:
    failed = [Try(after, Verdict.RETRY, None, "Timeout", 10_000) for after in (0.02, 11.2, 24.6, 43.0)]
    if random.random() < 0.12:
        failed.append(Try(5400, Verdict.RETRY, None, NO_ANSWER, 10_000))
        return {"status": Status.DEAD, "error": ErrorClass.TIMEOUT, "tries": tuple(failed)}
    return _arrived(Try(70 + random.random() * 3600, Verdict.SENT, 200, "", ms), *failed)
