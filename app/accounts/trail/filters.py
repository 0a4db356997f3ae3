"""Which entries of the audit are meant: one value for the list, its links, its exports and the API."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime, timedelta, tzinfo
from typing import Any
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement

from app.accounts.models import AuditEntry
from app.core import periods
from app.core.ids import to_uuid

PERIOD = timedelta(days=30)  # before the end, where nobody says a start: rows are kept by their time
MAX_TEXT = 255
NAMES = ("action", "actor", "user", "subject", "address", "from", "to")


@dataclass(frozen=True, slots=True)
class Filters:
    """All that is given must hold; `end` is not included. `action` is one, or all that begin with it when it ends with
    a dot ("client."); `actor` is a part of the name, the others are whole."""

    start: datetime
    end: datetime | None = None
    action: str | None = None
    actor: str | None = None
    user: UUID | None = None
    subject: str | None = None
    address: str | None = None

    @property
    def names_people(self) -> bool:
        return self.actor is not None or self.address is not None

    def conditions(self, account_id: UUID) -> list[ColumnElement[bool]]:
        found = [AuditEntry.account_id == account_id, AuditEntry.created_at >= self.start]
        if self.end is not None:
            found.append(AuditEntry.created_at < self.end)
        if self.action is not None:
            is_group = self.action.endswith(".")
            begins = AuditEntry.action.startswith(self.action, autoescape=True)
            found.append(begins if is_group else AuditEntry.action == self.action)
        if self.actor is not None:
            found.append(AuditEntry.actor.icontains(self.actor, autoescape=True))
        equal = {"user_id": self.user, "subject_id": self.subject, "ip_address": self.address}
        return found + [getattr(AuditEntry, name) == value for name, value in equal.items() if value is not None]

    def to_json(self) -> dict[str, str]:
        """For a job's params and the audit; `from_json` reads it back."""
        given = {each.name: getattr(self, each.name) for each in fields(self)}
        return {
            name: value.isoformat() if isinstance(value, datetime) else str(value)
            for name, value in given.items()
            if value is not None
        }


def from_json(stored: Mapping[str, str]) -> Filters:
    """What `to_json` wrote."""
    read: dict[str, Any] = {"start": datetime.fromisoformat, "end": datetime.fromisoformat, "user": UUID}
    return Filters(**{name: read.get(name, str)(value) for name, value in stored.items()})


@dataclass(frozen=True, slots=True)
class Asked:
    """What a URL asks for; `problems` (name → words) say why nothing can match, `moments` are those of `from` and
    `to`."""

    filters: Filters
    problems: dict[str, Any]
    moments: dict[str, datetime | None]


def from_url(args: Mapping[str, str], zone: tzinfo, now: datetime) -> Asked:
    """From a query; a blank value is none. Dates and times are on the clock of `zone`."""
    given = {name: text for name in NAMES if (text := (args.get(name) or "").strip())}
    problems: dict[str, Any] = {}

    def read(name: str, reading: Any, message: Any) -> Any:
        found = reading(given[name]) if name in given else None
        if name in given and found is None:
            problems[name] = message
        return found

    start = read("from", lambda text: periods.moment(text, zone), _l("The start is not a date or a time."))
    end = read("to", lambda text: periods.moment(text, zone, of_end=True), _l("The end is not a date or a time."))
    if start is not None and end is not None and start >= end:
        problems["from"] = _l("The period ends before it begins: swap its two ends.")
    unknown = _l("Nothing can match this text.")
    filters = Filters(
        start=start or (end or now) - PERIOD,
        end=end,
        action=read("action", _plain, unknown),
        actor=read("actor", _plain, unknown),
        user=read("user", to_uuid, _l("There is no such person.")),
        subject=read("subject", _plain, unknown),
        address=read("address", _plain, unknown),
    )
    return Asked(filters, problems, {"from": start, "to": end})


def _plain(text: str) -> str | None:
    """None for what no stored text can equal."""
    return text if len(text) <= MAX_TEXT and text.isprintable() else None
