"""What waits for somebody to follow a link from their mailbox."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base
from app.core.ids import uuid7


class Purpose(StrEnum):
    RESET = "reset"
    NEW_EMAIL = "new_email"


class Registration(Base):
    """A company that somebody wants to open: its account is there (so that its mail is its own), but nobody is in it
    until the link was followed. Of the link only the hash is kept."""

    __tablename__ = "registration"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"), unique=True)
    email: Mapped[str] = mapped_column(String(254), index=True)
    name: Mapped[str] = mapped_column(String(120))
    locale: Mapped[str | None] = mapped_column(String(8))
    password_hash: Mapped[str] = mapped_column(String(256))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class MailedLink(Base):
    """A one-time link to a person who is there: to a new password, or to a new address (`email`). Dies with any other
    change of either."""

    __tablename__ = "mailed_link"
    __table_args__ = (CheckConstraint("purpose IN ('reset', 'new_email')", name="purpose"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    purpose: Mapped[str] = mapped_column(String(16))
    email: Mapped[str | None] = mapped_column(String(254))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
