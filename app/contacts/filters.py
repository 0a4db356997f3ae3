"""Which contacts are meant: one value for the list, its links, bulk actions, exports and the API."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime, tzinfo
from typing import Any
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, ScalarSelect, exists, literal_column, select
from sqlalchemy.orm import Session

from app.contacts.consent.states import Consent
from app.contacts.grouping import tag_named
from app.contacts.models import Contact, ContactCategory, ContactTag
from app.contacts.names_only import by_name
from app.contacts.search import MAX_TEXT, Driver
from app.contacts.segments.conditions import segment_condition
from app.core import periods
from app.core.ids import to_uuid
from app.core.masking import masks_people
from app.core.pagination import Column, order_by

NAMES = (
    "q", "segment", "category", "tag", "whatsapp", "email", "owner", "has", "import", "from", "to"
)  # fmt: skip
NOBODY = "none"  # owner=none
HAS = ("phone", "email", "no_phone", "no_email")
SORTS: dict[str, Column] = {"createdAt": Contact.serial, "name": Contact.folded_name, "updatedAt": Contact.updated_at}
DEFAULT_SORT = "-createdAt"


@dataclass(frozen=True, slots=True)
class Filters:
    """All that is given must hold. `text` is what was typed into the search; `tag` a name; `start` and `end` (not
    included) of the creation. What a person typed is personal: see `names_people`."""

    text: str | None = None
    segment: UUID | None = None
    category: UUID | None = None
    tag: str | None = None
    whatsapp: Consent | None = None
    email: Consent | None = None
    owner: UUID | str | None = None
    has: str | None = None
    import_id: UUID | None = None
    start: datetime | None = None
    end: datetime | None = None

    @property
    def names_people(self) -> bool:
        """Whether these filters may not stand in a job's params or an audit entry."""
        return self.text is not None

    def conditions(self, session: Session, account_id: UUID) -> list[ColumnElement[bool]]:
        """All but the text (`search.page_of` takes that) and the account. Who sees people masked finds them by their
        names only. Raises NotFound for a segment that is not there."""
        found: list[ColumnElement[bool]] = []
        if self.text is not None and masks_people():
            found.append(by_name(self.text))
        if self.segment is not None:
            found.append(segment_condition(session, account_id, self.segment))
        if self.category is not None:
            found.append(_in_category(self.category))
        if self.tag is not None:
            found.append(has_tag(account_id, self.tag))
        if self.owner is not None:
            found.append(Contact.owner_id.is_(None) if self.owner == NOBODY else Contact.owner_id == self.owner)
        if self.has is not None:
            found.append(_HAS[self.has])
        if self.start is not None:
            found.append(Contact.created_at >= self.start)
        if self.end is not None:
            found.append(Contact.created_at < self.end)
        equal = {"whatsapp_consent": self.whatsapp, "email_consent": self.email, "import_id": self.import_id}
        return found + [getattr(Contact, name) == value for name, value in equal.items() if value is not None]

    def driver(self, account_id: UUID) -> Driver | None:
        """The index of a tag or category, which has the contacts that are in it in the order of their creation."""
        if self.tag is not None:
            serial = ContactTag.contact_serial
            return Driver(ContactTag.__table__, serial, ContactTag.tag_id == _tag(account_id, self.tag))
        if self.category is not None:
            serial = ContactCategory.contact_serial
            return Driver(ContactCategory.__table__, serial, ContactCategory.category_id == self.category)
        return None

    def to_json(self) -> dict[str, str]:
        """For a job's params; `from_json` reads it back."""
        given = {each.name: getattr(self, each.name) for each in fields(self)}
        return {
            name: value.isoformat() if isinstance(value, datetime) else str(value)
            for name, value in given.items()
            if value is not None
        }


_HAS: dict[str, ColumnElement[bool]] = {
    "phone": Contact.phone.is_not(None),
    "email": Contact.email.is_not(None),
    "no_phone": Contact.phone.is_(None),
    "no_email": Contact.email.is_(None),
}


def _in_category(category_id: UUID) -> ColumnElement[bool]:
    here = (ContactCategory.category_id == category_id) & (ContactCategory.contact_serial == Contact.serial)
    return _is_there(here)


def has_tag(account_id: UUID, name: str) -> ColumnElement[bool]:
    """Whether a contact has the tag of this name."""
    here = (ContactTag.tag_id == _tag(account_id, name)) & (ContactTag.contact_serial == Contact.serial)
    return _is_there(here)


def _is_there(here: ColumnElement[bool]) -> ColumnElement[bool]:
    """In a table of links, also where the list goes along the same one (`Filters.driver`)."""
    return exists(select(literal_column("1")).where(here).correlate(Contact))


def _tag(account_id: UUID, name: str) -> ScalarSelect[UUID]:
    return tag_named(account_id, name).scalar_subquery()


def terms_of(sort: str | None) -> list[ColumnElement[Any]]:
    """The order of a list. Raises Invalid for an unknown one."""
    asked = sort or DEFAULT_SORT
    if asked.removeprefix("-") == "createdAt":  # serials are given out in that order, and are their own tie-break
        return [Contact.serial.desc() if asked.startswith("-") else Contact.serial.asc()]
    return list(order_by(asked, SORTS, DEFAULT_SORT, Contact.serial))


def from_json(stored: Mapping[str, str]) -> Filters:
    """What `to_json` wrote."""
    read: dict[str, Any] = {
        "segment": UUID,
        "category": UUID,
        "whatsapp": Consent,
        "email": Consent,
        "owner": lambda text: text if text == NOBODY else UUID(text),
        "import_id": UUID,
        "start": datetime.fromisoformat,
        "end": datetime.fromisoformat,
    }
    return Filters(**{name: read.get(name, str)(value) for name, value in stored.items()})


@dataclass(frozen=True, slots=True)
class Asked:
    """What a URL asks for; `problems` (name → words) say why nothing can match, `moments` are those of `from` and
    `to`."""

    filters: Filters
    problems: dict[str, Any]
    moments: dict[str, datetime | None]


def from_url(args: Mapping[str, str], zone: tzinfo) -> Asked:
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
    unknown = _l("Nothing can match this.")
    filters = Filters(
        text=read("q", _plain, unknown),
        segment=read("segment", to_uuid, _l("There is no such segment.")),
        category=read("category", to_uuid, _l("There is no such category.")),
        tag=read("tag", _plain, unknown),
        whatsapp=read("whatsapp", _consent, unknown),
        email=read("email", _consent, unknown),
        owner=read("owner", lambda text: text if text == NOBODY else to_uuid(text), _l("There is no such person.")),
        has=read("has", lambda text: text if text in HAS else None, unknown),
        import_id=read("import", to_uuid, unknown),
        start=start,
        end=end,
    )
    return Asked(filters, problems, {"from": start, "to": end})


def _plain(text: str) -> str | None:
    return text if len(text) <= MAX_TEXT and text.isprintable() else None


def _consent(text: str) -> Consent | None:
    return Consent(text) if text in set(Consent) else None
