"""Finding: one thing that needs a person."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base
from app.core.ids import uuid7

_OPEN = text("resolved_at IS NULL")


class Finding(Base):
    """Raised when a check first reports it, resolved when the check no longer does. `subject` tells findings of one
    kind apart (a target's id, a host); `facts` are what the sentence about it needs."""

    __tablename__ = "finding"
    __table_args__ = (
        CheckConstraint("severity IN ('danger', 'warning')", name="severity"),
        Index(
            "uq_finding_open", "account_id", "kind", "subject", unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN
        ),
        Index("ix_finding_account_id", "account_id", "raised_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    kind: Mapped[str] = mapped_column(String(32))
    subject: Mapped[str] = mapped_column(String(128), default="")
    severity: Mapped[str] = mapped_column(String(8))
    facts: Mapped[dict[str, Any]]
    raised_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    resolved_at: Mapped[datetime | None]
