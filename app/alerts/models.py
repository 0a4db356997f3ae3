"""What an account wants to be told of at once, and what it was told."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Boolean, CheckConstraint, ForeignKey, Index, Integer, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base
from app.core.ids import uuid7

_OPEN = text("resolved_at IS NULL")


class AlertRule(Base):
    """How one topic alerts. An account without a row has the topic's defaults (`topics.py`). `threshold` is in the
    topic's own unit; `user_ids` are who gets the e-mail."""

    __tablename__ = "alert_rule"
    __table_args__ = (
        UniqueConstraint("account_id", "topic"),
        CheckConstraint("repeat_hours >= 1", name="repeat_hours"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    topic: Mapped[str] = mapped_column(String(32))
    enabled: Mapped[bool] = mapped_column(Boolean)
    threshold: Mapped[int | None] = mapped_column(Integer)
    by_mail: Mapped[bool] = mapped_column(Boolean)
    user_ids: Mapped[list[str]]
    by_webhook: Mapped[bool] = mapped_column(Boolean)
    repeat_hours: Mapped[int] = mapped_column(Integer)  # while it lasts, it is said again after so long
    updated_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(Integer, default=1)


class Alert(Base):
    """One thing that a rule told people of, until it was over. `subject` tells things of one kind apart. What came
    again soon after it was told is listed, and told only when the rule's time is up: until then `times` is 0."""

    __tablename__ = "alert"
    __table_args__ = (
        CheckConstraint("severity IN ('danger', 'warning')", name="severity"),
        Index("uq_alert_open", "account_id", "kind", "subject", unique=True, sqlite_where=_OPEN,
              postgresql_where=_OPEN),
        Index("ix_alert_account_id", "account_id", "raised_at"),
    )  # fmt: skip

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    topic: Mapped[str] = mapped_column(String(32))
    kind: Mapped[str] = mapped_column(String(32))  # of the finding behind it; each kind is of one topic
    subject: Mapped[str] = mapped_column(String(128))
    severity: Mapped[str] = mapped_column(String(8))
    facts: Mapped[dict[str, Any]]
    raised_at: Mapped[datetime]
    told_at: Mapped[datetime]  # the last time that this, or the one before of the same thing, was told
    times: Mapped[int] = mapped_column(Integer)  # how often it was told
    user_ids: Mapped[list[str]]  # who got the e-mail: they are told that it is over
    by_webhook: Mapped[bool] = mapped_column(Boolean)  # whether other systems were told
    resolved_at: Mapped[datetime | None]
