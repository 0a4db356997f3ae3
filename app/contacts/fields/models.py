"""The fields that an account adds to its contacts."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base
from app.core.ids import uuid7


class FieldKind(StrEnum):
    """Of the values in `Contact.custom`: text and choice are texts, number a number, date an ISO date as text, yes_no
    true or false."""

    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    YES_NO = "yes_no"
    CHOICE = "choice"


class CustomField(Base):
    """Its key never changes, for contacts, segments and mappings name it; its label may."""

    __tablename__ = "custom_field"
    __table_args__ = (
        UniqueConstraint("account_id", "key"),
        UniqueConstraint("account_id", "folded_label"),
        CheckConstraint("kind IN ('text', 'number', 'date', 'yes_no', 'choice')", name="kind"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    key: Mapped[str] = mapped_column(String(40))  # [a-z][a-z0-9_]*
    label: Mapped[str] = mapped_column(String(60))
    folded_label: Mapped[str] = mapped_column(String(60))
    kind: Mapped[str] = mapped_column(String(8))
    options: Mapped[list[str]] = mapped_column(default=list)  # of a choice
    position: Mapped[int] = mapped_column(Integer, default=0)
    created_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(Integer, default=1)
