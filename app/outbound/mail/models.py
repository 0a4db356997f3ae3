"""A letter on its way."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base
from app.core.ids import uuid7

LETTER_PLACE = "mail_message:sealed"
_KEPT = text("sealed IS NOT NULL")


class MailMessage(Base):
    """One e-mail: to whom, masked, and the whole of it sealed (its links open doors), until it was sent, has failed for
    good or is too old; then `sealed` is wiped. One without a delivery waits in the outbox, since nothing sends mail."""

    __tablename__ = "mail_message"
    __table_args__ = (
        Index("ix_mail_message_account", "account_id", "id"),
        Index("ix_mail_message_kept", "expires_at", sqlite_where=_KEPT, postgresql_where=_KEPT),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    purpose: Mapped[str] = mapped_column(String(24))  # the name of its template
    recipient: Mapped[str] = mapped_column(String(254))  # masked
    sealed: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    wiped_at: Mapped[datetime | None]
