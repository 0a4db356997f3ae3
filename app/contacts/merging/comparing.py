"""Two contacts side by side: what differs, what is proposed, and what will be joined."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.contacts import listing, words
from app.contacts.consent.models import ConsentEvent
from app.contacts.consent.states import Channel, Consent
from app.contacts.fields.models import CustomField
from app.contacts.merging.moving import stricter
from app.contacts.merging.service import COLUMNS, OWN
from app.contacts.models import Contact, TimelineEntry
from app.contacts.reading import Row, with_groups

COUNTED = 1_000


@dataclass(frozen=True, slots=True)
class Line:
    """A field as both have it; `is_other` whether the one that goes has the better value."""

    name: str  # of the wire
    label: Any
    kept: str
    other: str
    is_other: bool

    @property
    def differs(self) -> bool:
        return self.kept != self.other


@dataclass(frozen=True, slots=True)
class Comparison:
    """`tags` and `categories` are those of both; `moved` is how many entries come along, at most COUNTED."""

    kept: Row
    other: Row
    lines: list[Line]
    tags: list[Any]
    categories: list[Any]
    consents: Mapping[Channel, Consent]
    moved: int

    @property
    def differing(self) -> list[Line]:
        return [line for line in self.lines if line.differs]

    @property
    def same(self) -> list[tuple[Any, str]]:
        return [(line.label, line.kept) for line in self.lines if not line.differs and line.kept]


def compare(session: Session, kept: Contact, other: Contact, fields: Sequence[CustomField]) -> Comparison:
    rows = with_groups(session.connection(), [kept, other])
    owners = dict(listing.owners_of(session, kept.account_id))
    lines = [_line(name, kept, other, owners) for name in COLUMNS]
    lines += [_own_line(field, kept, other) for field in fields]
    return Comparison(
        rows[0],
        rows[1],
        lines,
        _joined(rows[0].tags, rows[1].tags),
        _joined(rows[0].categories, rows[1].categories),
        stricter(kept, other),
        _counted(session, other),
    )


def _line(name: str, kept: Contact, other: Contact, owners: Mapping[str, str]) -> Line:
    column = COLUMNS[name][0]
    own, others = getattr(kept, column), getattr(other, column)
    shown = [_shown(column, value, owners) for value in (own, others)]
    return Line(name, words.FIELDS[column], shown[0], shown[1], not own and bool(others))


def _own_line(field: CustomField, kept: Contact, other: Contact) -> Line:
    values = [contact.custom.get(field.key) for contact in (kept, other)]
    shown = ["" if value is None else words.shown_value(field, value) for value in values]
    return Line(OWN + field.key, field.label, shown[0], shown[1], values[0] is None and values[1] is not None)


def _shown(column: str, value: Any, owners: Mapping[str, str]) -> str:
    if not value:
        return ""
    if column == "owner_id":
        return owners.get(str(value), str(value))
    return words.language(value) or "" if column == "locale" else str(value)


def _joined(kept: Sequence[Any], other: Sequence[Any]) -> list[Any]:
    return list({one.id: one for one in (*kept, *other)}.values())


def _counted(session: Session, other: Contact) -> int:
    total = 0
    for model in (TimelineEntry, ConsentEvent):
        mine = (model.account_id == other.account_id) & (model.contact_id == other.id)
        some = select(model.id).where(mine).limit(COUNTED).subquery()
        total += session.scalar(select(func.count()).select_from(some)) or 0
    return min(total, COUNTED)
