"""The list of contacts: its columns, of which each person chooses, and the options of its filters."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts import choices
from app.accounts.models import User
from app.contacts import words
from app.contacts.consent.words import STATES
from app.contacts.fields.models import CustomField
from app.contacts.filters import NOBODY
from app.contacts.importing.models import ContactImport
from app.contacts.models import Category, Tag
from app.contacts.segments.models import Segment
from app.core.ids import to_uuid
from app.core.list_filters import Choice, word_of

CHOICE = "contacts.columns"
MAX_OPTIONS = 500
MAX_SUGGESTED = 200
OWN = "custom."
COLUMNS: dict[str, Any] = {  # beside the name, which is always there
    "phone": _l("Phone number"),
    "email": _l("E-mail"),
    "company": _l("Company"),
    "tags": _l("Tags"),
    "categories": _l("Categories"),
    "consents": _l("Marketing"),
    "owner": _l("Owner"),
    "createdAt": _l("Created"),
    "updatedAt": _l("Changed"),
    "lastInboundAt": _l("Last wrote to us"),
}
AT_FIRST = ("phone", "email", "tags", "consents", "createdAt")


def offered(fields: Iterable[CustomField]) -> dict[str, Any]:
    """Every column beside the name → its word, in their order."""
    return COLUMNS | {OWN + field.key: field.label for field in fields}


def shown(session: Session, user_id: UUID | None, fields: Iterable[CustomField]) -> dict[str, Any]:
    """The columns that this person sees, as `offered`; those of fields that are gone stay away."""
    kept = choices.read(session, user_id, CHOICE).get("shown", AT_FIRST)
    return {key: word for key, word in offered(fields).items() if key in kept}


def keep(session: Session, user_id: UUID, keys: Iterable[str], fields: Iterable[CustomField]) -> None:
    """What the person chose, in the caller's write transaction; unknown columns are left out."""
    chosen = set(keys)
    known = [key for key in offered(fields) if key in chosen]
    choices.keep(session.connection(), user_id, CHOICE, {"shown": known})


def head(columns: dict[str, Any], *, picks: bool) -> list[dict[str, Any]]:
    """The header of the table."""
    sorted_by = ("createdAt", "updatedAt")
    own = [{"label": word, "wide": True, "key": key if key in sorted_by else None} for key, word in columns.items()]
    select_column = [{"label": _("Select"), "hidden": True}] if picks else []
    return [*select_column, {"label": _("Name"), "key": "name"}, *own]


@dataclass(frozen=True, slots=True)
class Options:
    """What may be chosen in filters and forms, by name; `tags` are names to suggest."""

    segments: list[Choice]
    categories: Sequence[Any]  # id, name, color
    owners: list[Choice]
    tags: Sequence[str]


def options_of(session: Session, account_id: UUID) -> Options:
    return Options(
        [(str(row.id), row.name) for row in session.execute(_by_name(Segment, account_id, Segment.id, Segment.name))],
        session.execute(_by_name(Category, account_id, Category.id, Category.name, Category.color)).all(),
        owners_of(session, account_id),
        session.scalars(_by_name(Tag, account_id, Tag.name).limit(MAX_SUGGESTED)).all(),
    )


def owners_of(session: Session, account_id: UUID) -> list[Choice]:
    """Everybody of the team, by name."""
    mine = select(User.id, User.name).where(User.account_id == account_id).order_by(User.name, User.id)
    return [(str(row.id), row.name) for row in session.execute(mine.limit(MAX_OPTIONS))]


def _by_name(group: type[Any], account_id: UUID, *columns: Any) -> Any:
    return select(*columns).where(group.account_id == account_id).order_by(group.folded_name).limit(MAX_OPTIONS)


def filter_word(session: Session, account_id: UUID, options: Options, name: str, value: str) -> Any:
    """How a chip says the value of a filter."""
    match name:
        case "segment":
            return word_of(options.segments, value)
        case "category":
            return word_of([(str(one.id), one.name) for one in options.categories], value)
        case "owner":
            return _("Nobody") if value == NOBODY else word_of(options.owners, value)
        case "whatsapp" | "email":
            return STATES[value][0] if value in STATES else value
        case "has":
            return words.HAS.get(value, value)
        case "import":
            return import_word(session, account_id, to_uuid(value)) or value
    return value


def import_word(session: Session, account_id: UUID, id: UUID | None) -> str | None:
    """The name of the file that an import read."""
    mine = select(ContactImport.filename).where(ContactImport.account_id == account_id, ContactImport.id == id)
    return session.scalar(mine)
