"""Pixel: an account at a destination, with its token."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Boolean, ForeignKey, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, foreign, mapped_column, relationship

from app.core.db import Base
from app.core.ids import uuid7
from app.outbound.models import Target, TargetState

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
    folded: Mapped[str] = mapped_column(String(600), default="")  # id and description without accents and case
    settings: Mapped[dict[str, Any]] = mapped_column(default=dict)
    active: Mapped[bool] = mapped_column(Boolean, default=True)
    created_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(Integer, default=1)
    target: Mapped[Target | None] = relationship(
        primaryjoin=lambda: foreign(Pixel.id) == Target.id, viewonly=True, lazy="joined", uselist=False
    )

    @property
    def is_paused(self) -> bool:
        """By a person or for its token: what is accepted waits."""
        return self.target is not None and self.target.state == TargetState.PAUSED
