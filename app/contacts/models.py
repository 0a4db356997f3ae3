"""Contact, the categories and tags it is in, what happened to it, and whom it was merged with."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, Integer, String, Text, text
from sqlalchemy import UniqueConstraint as Unique
from sqlalchemy.orm import Mapped, mapped_column

from app.contacts.consent.states import Consent
from app.core.db import Base
from app.core.ids import uuid7

Serial = BigInteger().with_variant(Integer, "sqlite")


def _plainly_ordered(length: int) -> String:
    """Text that both databases compare byte by byte, so that a prefix is a range of the index."""
    return String(length).with_variant(String(length, collation="C"), "postgresql")


IS_KEPT = text("deleted_at IS NULL")
_HAS_PHONE = text("phone_key IS NOT NULL AND deleted_at IS NULL")
_MAIL_ONLY = text("email IS NOT NULL AND phone_key IS NULL AND deleted_at IS NULL")
_HAS_MAIL = text("email IS NOT NULL AND deleted_at IS NULL")
_HAS_OWNER = text("owner_id IS NOT NULL AND deleted_at IS NULL")
_HAS_IMPORT = text("import_id IS NOT NULL")
_IS_DELETED = text("deleted_at IS NOT NULL")


class Contact(Base):
    """A person that a marketing team writes to. Known by phone (`phone_key`, in which Brazil's ninth digit makes no
    difference), or by e-mail where there is no phone: each is unique in an account among the contacts that are not
    deleted. `serial` numbers the rows for the search index and for links; nobody outside sees it. Deleted ones stay for
    a while, so that the deletion can be taken back."""

    __tablename__ = "contact"
    __table_args__ = (
        Unique("id"),
        CheckConstraint("whatsapp_consent IN ('unknown', 'granted', 'denied')", name="whatsapp_consent"),
        CheckConstraint("email_consent IN ('unknown', 'granted', 'denied')", name="email_consent"),
        CheckConstraint("email = lower(email)", name="email_lower"),
        CheckConstraint("(phone IS NULL) = (phone_key IS NULL)", name="phone_key"),
        Index("ix_contact_kept", "account_id", "serial", sqlite_where=IS_KEPT, postgresql_where=IS_KEPT),
        Index("ix_contact_name", "account_id", "folded_name", "serial", sqlite_where=IS_KEPT, postgresql_where=IS_KEPT),
        Index("ix_contact_updated", "account_id", "updated_at", "serial", sqlite_where=IS_KEPT,
              postgresql_where=IS_KEPT),
        Index("uq_contact_phone", "account_id", "phone_key", unique=True, sqlite_where=_HAS_PHONE,
              postgresql_where=_HAS_PHONE),
        Index("uq_contact_mail_only", "account_id", "email", unique=True, sqlite_where=_MAIL_ONLY,
              postgresql_where=_MAIL_ONLY),
        Index("ix_contact_email", "account_id", "email", sqlite_where=_HAS_MAIL, postgresql_where=_HAS_MAIL),
        Index("ix_contact_owner", "account_id", "owner_id", sqlite_where=_HAS_OWNER, postgresql_where=_HAS_OWNER),
        Index("ix_contact_import", "import_id", sqlite_where=_HAS_IMPORT, postgresql_where=_HAS_IMPORT),
        Index("ix_contact_deleted", "deleted_at", sqlite_where=_IS_DELETED, postgresql_where=_IS_DELETED),
    )  # fmt: skip

    serial: Mapped[int] = mapped_column(Serial, Identity(), primary_key=True)
    id: Mapped[UUID] = mapped_column(default=uuid7)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    name: Mapped[str] = mapped_column(String(200), default="")
    folded_name: Mapped[str] = mapped_column(_plainly_ordered(200), default="")  # by which the list sorts
    phone: Mapped[str | None] = mapped_column(String(20))  # E.164, as it was given: a ninth digit is never altered
    phone_key: Mapped[str | None] = mapped_column(_plainly_ordered(20))  # identity.phone_key: what makes two the same
    phone_raw: Mapped[str | None] = mapped_column(String(64))  # as it was typed
    email: Mapped[str | None] = mapped_column(String(254))
    company: Mapped[str | None] = mapped_column(String(200))
    locale: Mapped[str | None] = mapped_column(String(8))
    owner_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    custom: Mapped[dict[str, Any]] = mapped_column(default=dict)  # key of the field -> text, number, date, bool
    wa_id: Mapped[str | None] = mapped_column(String(32))  # WhatsApp's own name of the phone
    wa_user_id: Mapped[str | None] = mapped_column(String(128))
    zapi_lid: Mapped[str | None] = mapped_column(String(64))
    whatsapp_consent: Mapped[str] = mapped_column(String(8), default=Consent.UNKNOWN)  # to marketing; see ConsentEvent
    email_consent: Mapped[str] = mapped_column(String(8), default=Consent.UNKNOWN)
    last_inbound_at: Mapped[datetime | None]  # last wrote to us
    source: Mapped[str] = mapped_column(String(16))  # service.Source: how it came
    import_id: Mapped[UUID | None]  # that created it; no foreign key: a million rows would change with its deletion
    searchable: Mapped[str] = mapped_column(Text, default="")  # what search looks in (search.searchable_text)
    created_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None]
    anonymised_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(Integer, default=1)


class Category(Base):
    """A group of contacts that the team keeps by hand."""

    __tablename__ = "category"
    __table_args__ = (Unique("account_id", "folded_name"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    name: Mapped[str] = mapped_column(String(80))
    folded_name: Mapped[str] = mapped_column(String(80))
    description: Mapped[str | None] = mapped_column(String(500))
    color: Mapped[str] = mapped_column(String(7))  # #rrggbb
    created_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(Integer, default=1)


class Tag(Base):
    """A word that people put on contacts; made when it is first used."""

    __tablename__ = "tag"
    __table_args__ = (Unique("account_id", "folded_name"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    name: Mapped[str] = mapped_column(String(60))
    folded_name: Mapped[str] = mapped_column(String(60))
    created_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(Integer, default=1)


class ContactCategory(Base):
    """A contact in a category, both of one account."""

    __tablename__ = "contact_category"
    __table_args__ = ({"sqlite_with_rowid": False},)

    category_id: Mapped[UUID] = mapped_column(ForeignKey("category.id", ondelete="CASCADE"), primary_key=True)
    contact_serial: Mapped[int] = mapped_column(
        Serial, ForeignKey("contact.serial", ondelete="CASCADE"), primary_key=True, index=True
    )


class ContactTag(Base):
    """A tag on a contact, both of one account."""

    __tablename__ = "contact_tag"
    __table_args__ = ({"sqlite_with_rowid": False},)

    tag_id: Mapped[UUID] = mapped_column(ForeignKey("tag.id", ondelete="CASCADE"), primary_key=True)
    contact_serial: Mapped[int] = mapped_column(
        Serial, ForeignKey("contact.serial", ondelete="CASCADE"), primary_key=True, index=True
    )


class TimelineEntry(Base):
    """Something that happened to a contact, from whatever feature, for its page. `facts` hold no phone, e-mail or
    text of a message."""

    __tablename__ = "timeline_entry"
    __table_args__ = (Index("ix_timeline_entry_contact", "account_id", "contact_id", "at", "id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    contact_id: Mapped[UUID]
    kind: Mapped[str] = mapped_column(String(40))  # the event: contact.updated, …
    facts: Mapped[dict[str, Any]]
    actor_id: Mapped[UUID | None]
    actor: Mapped[str | None] = mapped_column(String(254))
    at: Mapped[datetime]


class ContactMerge(Base):
    """Which contact took in which other one: the address of the other leads on to it."""

    __tablename__ = "contact_merge"
    __table_args__ = (
        Unique("account_id", "merged_id"),
        Index("ix_contact_merge_kept", "account_id", "kept_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    kept_id: Mapped[UUID]
    merged_id: Mapped[UUID]
    taken: Mapped[list[str]] = mapped_column(default=list)  # names of the fields that came from the other one
    actor_id: Mapped[UUID | None]
    actor: Mapped[str | None] = mapped_column(String(254))
    at: Mapped[datetime]
