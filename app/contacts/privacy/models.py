"""What people asked about their data (LGPD, art. 18), until when it is due, and who did what."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base
from app.core.ids import uuid7

SUBJECT_PLACE = "privacy_request:sealed_subject"


class RequestKind(StrEnum):
    ACCESS = "access"
    CORRECTION = "correction"
    ANONYMISATION = "anonymisation"
    DELETION = "deletion"


class RequestState(StrEnum):
    OPEN = "open"
    DONE = "done"
    DECLINED = "declined"


class PrivacyRequest(Base):
    """One request. The person's phone or e-mail is kept sealed while it is open, and only as a hint and a keyed hash
    afterwards."""

    __tablename__ = "privacy_request"
    __table_args__ = (
        CheckConstraint("kind IN ('access', 'correction', 'anonymisation', 'deletion')", name="kind"),
        CheckConstraint("state IN ('open', 'done', 'declined')", name="state"),
        Index("ix_privacy_request_account", "account_id", "created_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    kind: Mapped[str] = mapped_column(String(16))
    state: Mapped[str] = mapped_column(String(12), default=RequestState.OPEN)
    subject_hint: Mapped[str] = mapped_column(String(64))  # masked
    subject_hash: Mapped[str] = mapped_column(String(64))  # as in Suppression
    sealed_subject: Mapped[str | None] = mapped_column(Text)  # phone and e-mail; gone once it is closed
    note: Mapped[str | None] = mapped_column(String(500))
    due_at: Mapped[datetime]  # 15 days after it came (LGPD, art. 19)
    closed_at: Mapped[datetime | None]
    created_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    created_at: Mapped[datetime]


class PrivacyAction(Base):
    """Who did what for a request. Only ever added."""

    __tablename__ = "privacy_action"
    __table_args__ = (Index("ix_privacy_action_request", "request_id", "id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    request_id: Mapped[UUID] = mapped_column(ForeignKey("privacy_request.id", ondelete="CASCADE"))
    action: Mapped[str] = mapped_column(String(24))
    facts: Mapped[dict[str, Any]]  # counts by table; never the data itself
    actor_id: Mapped[UUID | None]
    actor: Mapped[str | None] = mapped_column(String(254))
    at: Mapped[datetime]
