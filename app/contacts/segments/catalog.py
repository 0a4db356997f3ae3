"""The fields that a rule may name, what each takes, and the things of an account that rules name by their ids."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import tzinfo
from enum import StrEnum
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.accounts.models import Account, User
from app.contacts.consent.states import Consent
from app.contacts.fields.models import CustomField
from app.contacts.importing.models import ContactImport
from app.contacts.models import Category, Tag
from app.contacts.segments.rule import Leaf, Node, Op, leaves
from app.contacts.service import Source
from app.core.folding import folded_name
from app.core.ids import to_uuid

CUSTOM = "custom:"


class Kind(StrEnum):
    TEXT = "text"
    PHONE = "phone"
    CHOICE = "choice"
    NUMBER = "number"
    DATE = "date"  # a day of the calendar
    MOMENT = "moment"  # a time on the clock of the account
    YES_NO = "yes_no"
    OWNER = "owner"
    TAG = "tag"
    CATEGORY = "category"
    IMPORT = "import"


_TEXT = (Op.CONTAINS, Op.STARTS, Op.IS, Op.IS_NOT)
_SAME = (Op.IS, Op.IS_NOT)
_IN = (Op.HAS, Op.HAS_NOT)
_TIME = (Op.WITHIN_DAYS, Op.OVER_DAYS, Op.BEFORE, Op.AFTER, Op.ON)
OPS: dict[Kind, tuple[Op, ...]] = {
    Kind.TEXT: _TEXT,
    Kind.PHONE: _TEXT,
    Kind.CHOICE: _SAME,
    Kind.NUMBER: (*_SAME, Op.LESS, Op.MORE, Op.BETWEEN),
    Kind.DATE: _TIME,
    Kind.MOMENT: _TIME,
    Kind.YES_NO: (Op.IS,),
    Kind.OWNER: _SAME,
    Kind.TAG: _IN,
    Kind.CATEGORY: _IN,
    Kind.IMPORT: _SAME,
}
THINGS: dict[Kind, tuple[type[Any], InstrumentedAttribute[Any]]] = {  # what is named by an id: the table, its words
    Kind.OWNER: (User, User.name),
    Kind.TAG: (Tag, Tag.name),
    Kind.CATEGORY: (Category, Category.name),
    Kind.IMPORT: (ContactImport, ContactImport.filename),
}


@dataclass(frozen=True, slots=True)
class Field:
    """`options`, of a choice: value → word. `can_lack`: a contact may have none."""

    name: str
    kind: Kind
    label: Any
    options: Mapping[str, Any] = field(default_factory=dict)
    can_lack: bool = False

    @property
    def ops(self) -> tuple[Op, ...]:
        if not self.can_lack:
            return OPS[self.kind]
        return OPS[self.kind] + ((Op.NEVER,) if self.kind is Kind.MOMENT else (Op.IS_EMPTY, Op.IS_SET))

    @property
    def key(self) -> str:
        """Of a custom field."""
        return self.name.removeprefix(CUSTOM)


CONSENTS: dict[str, Any] = {
    Consent.GRANTED: _l("Said yes"),
    Consent.DENIED: _l("Said no"),
    Consent.UNKNOWN: _l("Not asked"),
}
SOURCES: dict[str, Any] = {
    Source.FORM: _l("Form"),
    Source.API: _l("API"),
    Source.IMPORT: _l("Import"),
    Source.MESSAGE: _l("Message"),
    Source.DEMO: _l("Demonstration"),
}
LANGUAGES: dict[str, Any] = {"pt_BR": _l("Portuguese"), "en": _l("English")}
FIXED = (
    Field("name", Kind.TEXT, _l("Name"), can_lack=True),
    Field("email", Kind.TEXT, _l("E-mail"), can_lack=True),
    Field("phone", Kind.PHONE, _l("Phone number"), can_lack=True),
    Field("company", Kind.TEXT, _l("Company"), can_lack=True),
    Field("tag", Kind.TAG, _l("Tag")),
    Field("category", Kind.CATEGORY, _l("Category")),
    Field("whatsappConsent", Kind.CHOICE, _l("Marketing by WhatsApp"), CONSENTS),
    Field("emailConsent", Kind.CHOICE, _l("Marketing by e-mail"), CONSENTS),
    Field("createdAt", Kind.MOMENT, _l("Created")),
    Field("updatedAt", Kind.MOMENT, _l("Changed")),
    Field("lastInboundAt", Kind.MOMENT, _l("Last wrote to us"), can_lack=True),
    Field("owner", Kind.OWNER, _l("Owner"), can_lack=True),
    Field("source", Kind.CHOICE, _l("Source"), SOURCES),
    Field("import", Kind.IMPORT, _l("Import")),
    Field("locale", Kind.CHOICE, _l("Language"), LANGUAGES, can_lack=True),
)


@dataclass(frozen=True, slots=True)
class Known:
    """What there is in an account: its fields by name, and of the things that some rules name those that exist (kind →
    id → name), tags also by their folded names."""

    fields: Mapping[str, Field]
    country: str
    zone: tzinfo
    things: Mapping[Kind, Mapping[str, str]]
    tags: Mapping[str, str]


def known(session: Session, account_id: UUID, nodes: Iterable[Node] = ()) -> Known:
    """All that is needed to check, to compile and to say these rules."""
    account = session.execute(select(Account.country_code, Account.timezone).where(Account.id == account_id)).one()
    fields = fields_of(session, account_id)
    asked: dict[Kind, set[str]] = {kind: set() for kind in THINGS}
    for node in nodes:
        for leaf in leaves(node):
            _ask(asked, fields.get(leaf.field), leaf)
    things = {kind: _named(session, account_id, kind, texts) for kind, texts in asked.items()}
    return Known(fields, account.country_code, ZoneInfo(account.timezone), things, _tags(session, account_id, asked))


def fields_of(session: Session, account_id: UUID) -> dict[str, Field]:
    """By name, ours first, then the account's own in their order."""
    mine = select(CustomField).where(CustomField.account_id == account_id)
    own = session.scalars(mine.order_by(CustomField.position, CustomField.folded_label))
    return {one.name: one for one in (*FIXED, *map(_of_custom, own))}


def _of_custom(own: CustomField) -> Field:
    return Field(CUSTOM + own.key, Kind(own.kind), own.label, {one: one for one in own.options}, can_lack=True)


def _ask(asked: dict[Kind, set[str]], own: Field | None, leaf: Leaf) -> None:
    if own is not None and own.kind in asked and isinstance(leaf.value, str):
        asked[own.kind].add(leaf.value)


def _named(session: Session, account_id: UUID, kind: Kind, texts: Iterable[str]) -> dict[str, str]:
    model, name = THINGS[kind]
    ids = [id_ for text in texts if (id_ := to_uuid(text)) is not None]
    if not ids:
        return {}
    return _pairs(session, select(model.id, name).where(model.account_id == account_id, model.id.in_(ids)))


def _tags(session: Session, account_id: UUID, asked: Mapping[Kind, Iterable[str]]) -> dict[str, str]:
    names = [folded_name(text) for text in asked[Kind.TAG]]
    if not names:
        return {}
    found = session.execute(
        select(Tag.folded_name, Tag.id).where(Tag.account_id == account_id, Tag.folded_name.in_(names))
    )
    return {name: str(id_) for name, id_ in found}


def offered(session: Session, account_id: UUID, kind: Kind, limit: int = 200) -> dict[str, str]:
    """Things to choose from in a form, id → name: people, tags and categories by name, the latest imports."""
    model, name = THINGS[kind]
    order: ColumnElement[Any] = ContactImport.id.desc() if kind is Kind.IMPORT else name.asc()
    return _pairs(session, select(model.id, name).where(model.account_id == account_id).order_by(order).limit(limit))


def _pairs(session: Session, query: Any) -> dict[str, str]:
    return {str(id_): name for id_, name in session.execute(query)}
