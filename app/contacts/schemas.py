"""Contacts on the wire: what comes in, what goes out."""

from __future__ import annotations

from datetime import datetime, tzinfo
from typing import Any, Literal
from uuid import UUID

from pydantic import ConfigDict, Field

from app.contacts.filters import Filters, from_url
from app.contacts.models import Contact
from app.contacts.reading import Row, with_groups
from app.contacts.search import MAX_TEXT
from app.contacts.values import MAX_TAGS
from app.core.db import db
from app.core.errors import Invalid, english
from app.core.masking import seen_email, seen_phone
from app.core.pagination import CursorQuery
from app.core.schema import Out, Schema

MAX_CATEGORIES = 100
WIRE_NAMES = {"whatsapp": "whatsappConsent", "email": "emailConsent", "from": "createdFrom", "to": "createdTo"}
State = Literal["unknown", "granted", "denied"]
CONTACT: dict[str, Any] = {
    "name": "Ana Souza",
    "phoneNumber": "+5511987654321",
    "email": "ana@example.com",
    "tags": ["vip"],
    "customFields": {"city": "Santos"},
}


class ContactFilter(Schema):
    """All that is given must hold. `q` finds parts of names, companies, phones, e-mail addresses and custom fields (of
    names and companies only for who sees people masked), `owner` is a person's id or `none`, `createdFrom` (included)
    and `createdTo` are dates or times."""

    q: str | None = Field(None, max_length=MAX_TEXT)
    segment: str | None = Field(None, max_length=40, description="The id of a segment.")
    category: str | None = Field(None, max_length=40, description="The id of a category.")
    tag: str | None = Field(None, max_length=60, description="The name of a tag.")
    whatsapp_consent: State | None = None
    email_consent: State | None = None
    owner: str | None = Field(None, max_length=40)
    has: Literal["phone", "email", "no_phone", "no_email"] | None = None
    import_: str | None = Field(None, alias="import", max_length=40, description="The id of the import it came by.")
    created_from: str | None = Field(None, max_length=40)
    created_to: str | None = Field(None, max_length=40)

    def to_filters(self, zone: tzinfo) -> Filters:
        """Dates are on the clock of `zone`. Raises Invalid by the names of the wire."""
        given = {
            "q": self.q,
            "segment": self.segment,
            "category": self.category,
            "tag": self.tag,
            "whatsapp": self.whatsapp_consent,
            "email": self.email_consent,
            "owner": self.owner,
            "has": self.has,
            "import": self.import_,
            "from": self.created_from,
            "to": self.created_to,
        }
        asked = from_url({name: text for name, text in given.items() if text}, zone)
        if asked.problems:
            raise Invalid({WIRE_NAMES.get(name, name): english(text) for name, text in asked.problems.items()})
        return asked.filters


class ContactQuery(ContactFilter, CursorQuery):
    """Sorts by createdAt (`-createdAt` unless asked otherwise), name and updatedAt."""


class ContactIn(Schema):
    """A new contact: a name, a phone number or an e-mail address is needed. `phoneNumber` as people write it,
    `customFields` by the keys of the account's fields, `tags` by name, made where they are new. Consents are told to
    `/contacts/{id}/consents`."""

    model_config = ConfigDict(json_schema_extra={"examples": [CONTACT]})

    name: str | None = None
    phone_number: str | None = None
    email: str | None = None
    company: str | None = None
    locale: str | None = None
    owner_id: str | None = None
    custom_fields: dict[str, Any] | None = None
    tags: list[str] | None = Field(None, max_length=MAX_TAGS)
    category_ids: list[str] | None = Field(None, max_length=MAX_CATEGORIES)


class ContactChange(ContactIn):
    """What is given is replaced, the rest stays; an empty text clears a field, an empty list takes all away, and of
    `customFields` only those that are named change. `version` guards against a change made meanwhile."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"company": "Loja nova", "version": 3}]})

    version: int | None = None


class Removal(Schema):
    version: int | None = None


class CategoryRef(Out):
    id: UUID
    name: str
    color: str


class ContactOut(Out):
    """`phoneNumber` is E.164; `userId` who created it; `source` how it came: form, api, import, message, demo. Who sees
    people masked gets phone and e-mail address so."""

    id: UUID
    name: str
    phone_number: str | None
    email: str | None
    company: str | None
    locale: str | None
    owner_id: UUID | None
    custom_fields: dict[str, Any]
    tags: list[str]
    categories: list[CategoryRef]
    whatsapp_consent: str
    email_consent: str
    last_inbound_at: datetime | None
    source: str
    created_at: datetime
    updated_at: datetime
    version: int
    user_id: UUID | None

    @classmethod
    def of(cls, row: Row) -> ContactOut:
        contact = row.contact
        same = {name: getattr(contact, name) for name in cls.model_fields if name in Contact.__table__.columns}
        return cls(
            **same
            | {
                "phone_number": seen_phone(contact.phone),
                "email": seen_email(contact.email),
                "custom_fields": contact.custom,
                "tags": [tag.name for tag in row.tags],
                "categories": [CategoryRef.model_validate(category) for category in row.categories],
                "user_id": contact.created_by,
            }
        )

    @classmethod
    def of_contact(cls, contact: Contact) -> ContactOut:
        """Of one, its groups read beside it."""
        return cls.of(with_groups(db.session.connection(), [contact])[0])
