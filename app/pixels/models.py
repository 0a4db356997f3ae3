"""Pixel: an account at a destination, with its token."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Boolean, ForeignKey, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base
from app.core.ids import uuid7

TOKEN_PLACE = "pixel:access_token"  # noqa: S105 - what the sealed token is bound to, not a token


class Pixel(Base):
    """An id at a platform and the token that speaks for it. Its deliveries' target carries the same id."""

    __tablename__ = "pixel"
    __table_args__ = (UniqueConstraint("account_id", "platform", "pixel_id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    platform: Mapped[str] = mapped_column(String(24))
    pixel_id: Mapped[str] = mapped_column(String(255))
    sealed_token: Mapped[str] = mapped_column(Text)
    token_last4: Mapped[str] = mapped_column(String(4))
    description: Mapped[str | None] = mapped_column(String(255))
    settings: Mapped[dict[str, Any]] = mapped_column(default=dict)
    active: Mapped[bool] = mapped_column(Boolean, default=True)
    created_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(Integer, default=1)
