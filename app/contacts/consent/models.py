"""The log of consents, which only grows, and who is never to be written to."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base
from app.core.ids import uuid7


class ConsentEvent(Base):
    """One consent or refusal, as it happened: the proof. `Contact.whatsapp_consent` and `.email_consent` follow from
    the last one about marketing."""

    __tablename__ = "consent_event"
    __table_args__ = (
        CheckConstraint("channel IN ('whatsapp', 'email')", name="channel"),
        CheckConstraint("state IN ('granted', 'denied', 'unknown')", name="state"),
        Index("ix_consent_event_contact", "account_id", "contact_id", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    contact_id: Mapped[UUID]
    channel: Mapped[str] = mapped_column(String(16))
    purpose: Mapped[str] = mapped_column(String(16))
    state: Mapped[str] = mapped_column(String(8))
    basis: Mapped[str | None] = mapped_column(String(24))
    source: Mapped[str] = mapped_column(String(16))
    detail: Mapped[str | None] = mapped_column(String(255))  # which form, which file
    text_version: Mapped[str | None] = mapped_column(String(64))  # of what the person agreed to
    at: Mapped[datetime]  # when the person said so, which may be long before it was recorded
    created_at: Mapped[datetime]
    actor_id: Mapped[UUID | None]
    actor: Mapped[str | None] = mapped_column(String(254))
    ip_address: Mapped[str | None] = mapped_column(String(64))  # of the person, on their own page


class Suppression(Base):
    """A phone or an e-mail address that gets nothing by a channel (`any`: by none), as a keyed hash: it outlives the
    contact and tells nobody who it was."""

    __tablename__ = "suppression"
    __table_args__ = (
        CheckConstraint("channel IN ('whatsapp', 'email', 'any')", name="channel"),
        CheckConstraint("reason IN ('opted_out', 'erased')", name="reason"),
        {"sqlite_with_rowid": False},
    )

    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"), primary_key=True)
    hash: Mapped[str] = mapped_column(String(64), primary_key=True)  # consent.suppression.hash_of
    channel: Mapped[str] = mapped_column(String(16), primary_key=True)
    reason: Mapped[str] = mapped_column(String(16))
    created_at: Mapped[datetime]
