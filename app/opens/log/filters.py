"""Which opens are meant: one value for the list, its number, its links and its exports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime, tzinfo
from enum import StrEnum
from typing import Any
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, and_, not_

from app.core import periods
from app.core.ids import to_uuid
from app.opens import ids
from app.opens.models import COUNTED, Open, OpenClass

MAX_NAME = 100  # of a file, a client or a device
NAMES = ("ref", "from", "to", "class", "image", "file", "client", "device", "counted", "first")


class Kind(StrEnum):
    """What may be asked for as a class: one of them, people's or machines' together, or (as without) all."""

    ALL = "all"
    PEOPLE = "people"
    AUTOMATIC = "automatic"
    HUMAN = OpenClass.HUMAN
    IMAGE_PROXY = OpenClass.IMAGE_PROXY
    PREFETCH = OpenClass.PREFETCH
    BOT = OpenClass.BOT

    @property
    def classes(self) -> frozenset[str]:
        match self:
            case Kind.ALL:
                return frozenset(str(each) for each in OpenClass)
            case Kind.PEOPLE:
                return frozenset(str(each) for each in COUNTED)
            case Kind.AUTOMATIC:
                return frozenset(str(each) for each in OpenClass if each not in COUNTED)
        return frozenset({str(self)})


@dataclass(frozen=True, slots=True)
class Filters:
    """All that is given must hold; `end` is not included. `counted`: whether it adds to the figure of views, or, where
    machines are asked for, to theirs. `first` is true or not asked for."""

    start: datetime | None = None
    end: datetime | None = None
    ref: str | None = None
    kind: Kind | None = None
    image: UUID | None = None
    file: str | None = None
    client: str | None = None
    device: str | None = None
    counted: bool | None = None
    first: bool | None = None

    @property
    def is_plain(self) -> bool:
        return self == Filters()

    @property
    def viewed_classes(self) -> frozenset[str]:
        """The classes whose viewings are `counted`."""
        return self.kind.classes if self.kind is not None else Kind.PEOPLE.classes

    def conditions(self, account_id: UUID) -> list[ColumnElement[bool]]:
        """For a statement over Open."""
        found: list[ColumnElement[bool]] = [Open.account_id == account_id]
        if self.start is not None:
            found.append(Open.created_at >= self.start)
        if self.end is not None:
            found.append(Open.created_at < self.end)
        if self.kind is not None:
            found.append(Open.open_class.in_(sorted(self.kind.classes)))
        if self.counted is not None:
            adds = and_(Open.is_view, Open.open_class.in_(sorted(self.viewed_classes)))
            found.append(adds if self.counted else not_(adds))
        if self.first:
            found.append(Open.is_first.is_(True))
        equal = {"ref": self.ref, "image_id": self.image, "file": self.file}
        equal |= {"client": self.client, "device": self.device}
        return found + [getattr(Open, name) == value for name, value in equal.items() if value is not None]

    def to_json(self) -> dict[str, Any]:
        """For a job's params and the audit; `from_json` reads it back."""
        given = {each.name: getattr(self, each.name) for each in fields(self)}
        return {name: _plain(value) for name, value in given.items() if value is not None}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return value if isinstance(value, bool) else str(value)


def from_json(stored: Mapping[str, Any]) -> Filters:
    """What `to_json` wrote."""
    read: dict[str, Any] = {
        "start": datetime.fromisoformat,
        "end": datetime.fromisoformat,
        "kind": Kind,
        "image": UUID,
        "counted": bool,
        "first": bool,
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


def from_url(args: Mapping[str, str], zone: tzinfo) -> Asked:
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
    if start is not None and end is not None and start >= end:
        problems["from"] = _l("The period ends before it begins: swap its two ends.")
    found = Filters(
        start=start,
        end=end,
        ref=read("ref", lambda text: ids.clean(text).text or None, _l("Nothing can have this id.")),
        kind=read("class", _kind, _l("There is no such class.")),
        image=read("image", to_uuid, _l("This is not the id of an image.")),
        file=read("file", lambda text: _name(text.lower()), _l("No image can have this name.")),
        client=read("client", _name, _l("There is no such mail program.")),
        device=read("device", _name, _l("There is no such device.")),
        counted=read("counted", {"0": False, "1": True}.get, _l("Counted is either 0 or 1.")),
        first=read("first", {"1": True}.get, _l("First opens are asked for with 1.")),
    )
    return Asked(found, problems, {"from": start, "to": end})


def _kind(text: str) -> Kind | None:
    return Kind(text) if text in tuple(Kind) else None


def _name(text: str) -> str | None:
    """None for what no stored text can equal."""
    return text if len(text) <= MAX_NAME and text.isprintable() else None
