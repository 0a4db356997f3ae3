"""Which events are meant: one value for the list, its figure, its links and its exports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime, tzinfo
from enum import StrEnum
from typing import Any
from uuid import UUID

from flask_babel import lazy_gettext as _l

from app.core import periods
from app.core.ids import to_uuid
from app.core.periods import Preset
from app.destinations import registry
from app.outbound.models import ErrorClass
from app.tracking.status import EventStatus

MAX_TEXT = 512  # of a click id, the longest text that can be looked for
NAMES = ("q", "platform", "pixel", "event", "status", "error", "client", "period", "from", "to")


class Wish(StrEnum):
    """What may be asked for as a status: where an event stands, or both ways of waiting together."""

    PENDING = EventStatus.PENDING
    PAUSED = EventStatus.PAUSED
    WAITING = "waiting"
    DELIVERED = EventStatus.DELIVERED
    FAILED = EventStatus.FAILED
    CANCELLED = EventStatus.CANCELLED


@dataclass(frozen=True, slots=True)
class Filters:
    """All that is given must hold. `pixel` is our id or the one at the platform, `text` a request id, an event id or a
    click id as a whole, `error` is about failed events, `end` is not included."""

    platform: str | None = None
    pixel: str | None = None
    event: str | None = None
    status: Wish | None = None
    error: ErrorClass | None = None
    client: UUID | None = None
    start: datetime | None = None
    end: datetime | None = None
    text: str | None = None

    @property
    def is_plain(self) -> bool:
        return self == Filters()

    def to_json(self) -> dict[str, Any]:
        """For a job's params and the audit; `from_json` reads it back."""
        given = {each.name: getattr(self, each.name) for each in fields(self)}
        return {
            name: value.isoformat() if isinstance(value, datetime) else str(value)
            for name, value in given.items()
            if value is not None
        }


def from_json(stored: Mapping[str, Any]) -> Filters:
    """What `to_json` wrote."""
    read: dict[str, Any] = {
        "status": Wish,
        "error": ErrorClass,
        "client": UUID,
        "start": datetime.fromisoformat,
        "end": datetime.fromisoformat,
    }
    names = [each.name for each in fields(Filters)]
    return Filters(**{name: read.get(name, str)(stored[name]) for name in names if stored.get(name) is not None})


@dataclass(frozen=True, slots=True)
class Asked:
    """What a URL asks for; `problems` (field → words) say why nothing can match, `moments` are those of `from` and
    `to`."""

    filters: Filters
    problems: dict[str, Any]
    moments: dict[str, datetime | None]


def from_url(args: Mapping[str, str], zone: tzinfo, now: datetime) -> Asked:
    """From a query; a blank value is none. Dates and times are on the clock of `zone`."""
    given = {name: text for name in NAMES if (text := args.get(name, "").strip())}
    problems: dict[str, Any] = {}

    def read(name: str, reading: Any, message: Any) -> Any:
        text = given.get(name)
        found = reading(text) if text is not None else None
        if text is not None and found is None:
            problems[name] = message
        return found

    start = read("from", lambda text: periods.moment(text, zone), _l("The start is not a date or a time."))
    end = read("to", lambda text: periods.moment(text, zone, of_end=True), _l("The end is not a date or a time."))
    span = read("period", lambda text: _span(text, now, zone), _l("There is no such period."))
    if start is not None and end is not None and start >= end:
        problems["from"] = _l("The period ends before it begins: swap its two ends.")
    first, last = span or (None, None)
    found = Filters(
        platform=read("platform", registry.canonical, _l("There is no such platform.")),
        pixel=read("pixel", _plain, _l("This is not the id of a pixel.")),
        event=read("event", _plain, _l("There is no such event.")),
        status=read("status", _wish, _l("There is no such status.")),
        error=read("error", _error, _l("There is no such class of errors.")),
        client=read("client", to_uuid, _l("There is no such client app.")),
        start=max(filter(None, (start, first)), default=None),
        end=min(filter(None, (end, last)), default=None),
        text=read("q", _plain, _l("Nothing can have this id.")),
    )
    if found.error is not None and found.status not in (None, Wish.FAILED):
        problems["error"] = _l("Only failed events have a class of errors.")
    return Asked(found, problems, {"from": start, "to": end})


def _plain(text: str) -> str | None:
    """None for what no stored text can equal."""
    return text if len(text) <= MAX_TEXT and text.isprintable() else None


def _wish(text: str) -> Wish | None:
    return Wish(text) if text in tuple(Wish) else None


def _error(text: str) -> ErrorClass | None:
    return ErrorClass(text) if text in tuple(ErrorClass) else None


def _span(text: str, now: datetime, zone: tzinfo) -> tuple[datetime, datetime] | None:
    if text not in tuple(Preset):
        return None
    first, last = periods.days_of(Preset(text), now, zone)
    return periods.to_utc(first, zone), periods.to_utc(last, zone)
