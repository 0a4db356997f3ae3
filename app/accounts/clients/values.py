"""What people decide about a client, and the checks of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from app.accounts.clients.pixel_choices import pixels_of
from app.accounts.clients.places import MAX_PLACES, to_network, to_origin
from app.accounts.models import ApiClient
from app.core import clock
from app.core.errors import N_, Invalid

MAX_LIMIT = 10_000_000
YEARS = range(2000, 2101)
WINDOWS = {"per_minute": "perMinute", "per_hour": "perHour", "per_day": "perDay"}
OUT_OF_RANGE = N_("Choose 1 to 10,000,000, or leave it empty for no limit.")
NOT_ADDRESSES = N_("Give up to 50 IP addresses or networks, such as 203.0.113.7 or 10.0.0.0/8, one a line.")
NOT_ORIGINS = N_("Give up to 50 whole origins, such as https://www.example.com, one a line.")

Limits = Mapping[str, int | None]  # per_minute, per_hour, per_day
Wrong = dict[str, list[str]]


class Scope(StrEnum):
    EVENTS_WRITE = "events:write"
    STATS_READ = "stats:read"


class AnswerMode(StrEnum):
    WAIT = "wait"
    ACKNOWLEDGE = "acknowledge"


@dataclass(frozen=True, slots=True)
class ClientValues:
    """`pixel_ids`: ids of our pixels, None for all of the account; limits None for none; `pixel_limits` besides those
    of the client, by our pixel's id; `addresses` networks and `origins` sites that may call, None or none of them for
    any; `expires_at` None for never."""

    name: str
    scopes: Sequence[str] = (Scope.EVENTS_WRITE,)
    pixel_ids: Sequence[str] | None = None
    answer_mode: str = AnswerMode.WAIT
    per_minute: int | None = None
    per_hour: int | None = None
    per_day: int | None = None
    pixel_limits: Mapping[str, Limits] | None = None
    addresses: Sequence[str] | None = None
    origins: Sequence[str] | None = None
    expires_at: datetime | None = None


DECIDED = tuple(field.name for field in fields(ClientValues))


def checked(
    session: Session, account_id: UUID, values: ClientValues, before: ApiClient | None = None
) -> dict[str, object]:
    """The values as columns. `before`: the client as it is, which may keep what could not be chosen anew. Raises
    Invalid naming each wrong field as the API does."""
    wrong: Wrong = {}
    ours = {pixel.id for pixel in pixels_of(session, account_id)}
    scopes = sorted({str(scope) for scope in values.scopes})
    if not values.name.strip():
        wrong["name"] = [N_("Give it a name.")]
    if not scopes or any(scope not in tuple(Scope) for scope in scopes):
        wrong["scopes"] = [N_("Choose at least one of events:write and stats:read.")]
    if values.answer_mode not in tuple(AnswerMode):
        wrong["answerMode"] = [N_("Choose wait or acknowledge.")]
    for field, wire in WINDOWS.items():
        if not _is_limit(getattr(values, field)):
            wrong[wire] = [OUT_OF_RANGE]
    pixel_ids = None if values.pixel_ids is None else sorted({str(id_) for id_ in values.pixel_ids})
    if pixel_ids is not None and not (pixel_ids and ours.issuperset(pixel_ids)):
        wrong["pixelIds"] = [N_("Choose at least one pixel of this account, or allow all.")]
    found = asdict(values) | {"name": values.name.strip(), "scopes": scopes, "pixel_ids": pixel_ids}
    found["pixel_limits"] = _pixel_limits(values, ours, before, wrong)
    found["addresses"] = _places(values.addresses, to_network, "addresses", NOT_ADDRESSES, wrong)
    found["origins"] = _places(values.origins, to_origin, "origins", NOT_ORIGINS, wrong)
    _check_expiry(values.expires_at, before, wrong)
    if wrong:
        raise Invalid(wrong)
    return found


def _places(
    given: Iterable[str] | None, read: Callable[[str], str | None], wire: str, message: str, wrong: Wrong
) -> list[str] | None:
    """In their normal form and order, each once; None where there are none."""
    found = [read(text) for text in given or ()]
    places = sorted({place for place in found if place is not None})
    if None in found or len(places) > MAX_PLACES:
        wrong[wire] = [message]
    return places or None


def _pixel_limits(values: ClientValues, ours: set[str], before: ApiClient | None, wrong: Wrong) -> Any:
    """Without the limits that are none, and without those of pixels that were deleted since."""
    was = (before.pixel_limits if before is not None else None) or {}
    kept: dict[str, dict[str, int]] = {}
    for id_, limits in (values.pixel_limits or {}).items():
        if str(id_) not in ours:
            if str(id_) not in was:
                wrong["pixelLimits"] = [N_("Choose pixels of this account.")]
            continue
        if not all(_is_limit(limit) for limit in limits.values()) or not WINDOWS.keys() >= limits.keys():
            wrong["pixelLimits"] = [OUT_OF_RANGE]
        elif some := {name: limit for name, limit in limits.items() if limit is not None}:
            kept[str(id_)] = some
    return kept or None


def _is_limit(limit: int | None) -> bool:
    return limit is None or 1 <= limit <= MAX_LIMIT


def _check_expiry(at: datetime | None, before: ApiClient | None, wrong: Wrong) -> None:
    if at is None or (before is not None and before.expires_at == at):
        return
    if at.tzinfo is None or at.year not in YEARS or at <= clock.now():
        wrong["expiresAt"] = [N_("Choose a time that is still to come.")]
