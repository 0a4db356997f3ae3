"""Webhook: where an account wants to be told what happened, the secrets it is signed with, and what is told."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, foreign, mapped_column, relationship

from app.core.db import Base
from app.core.ids import uuid7
from app.outbound.models import Target, TargetState

KIND = "webhook"  # of the deliveries that a webhook's target receives
SECRET_PLACE = "webhook_secret:sealed"  # noqa: S105 - what a sealed secret is bound to, not a secret
HEADERS_PLACE = "webhook:sealed_headers"


class Schedule(StrEnum):
    """When a delivery that failed is tried again."""

    FAST = "fast"  # 1, 5 and 15 s: as source 4 has it
    STANDARD = "standard"  # those, then 2 min to 24 h


class Webhook(Base):
    """A subscription. Its deliveries' target carries the same id, and says whether it is on: a paused target is a
    disabled webhook, which is told nothing new while what it is owed already waits. `events` are exact names,
    `deal.*`, or `*` alone."""

    __tablename__ = "webhook"
    __table_args__ = (
        CheckConstraint("schedule IN ('fast', 'standard')", name="schedule"),
        Index("ix_webhook_account_id", "account_id", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    name: Mapped[str] = mapped_column(String(80))
    folded: Mapped[str] = mapped_column(String(600), default="")  # name and host without accents and case
    url: Mapped[str] = mapped_column(String(2000))
    events: Mapped[list[str]]
    description: Mapped[str | None] = mapped_column(String(500))
    sealed_headers: Mapped[str | None] = mapped_column(Text)  # JSON object: name -> value; they may hold tokens
    schedule: Mapped[str] = mapped_column(String(16), default=Schedule.STANDARD)
    created_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(Integer, default=1)
    target: Mapped[Target] = relationship(
        primaryjoin=lambda: foreign(Webhook.id) == Target.id, viewonly=True, lazy="joined", uselist=False
    )

    @property
    def is_active(self) -> bool:
        return self.target.state == TargetState.ACTIVE


class WebhookSecret(Base):
    """One secret of a webhook. Without `expires_at` it is the current one; a replaced one signs until then."""

    __tablename__ = "webhook_secret"
    __table_args__ = (Index("ix_webhook_secret_webhook_id", "webhook_id", "id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    webhook_id: Mapped[UUID] = mapped_column(ForeignKey("webhook.id", ondelete="CASCADE"))
    sealed: Mapped[str] = mapped_column(Text)
    last4: Mapped[str] = mapped_column(String(4))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]


class WebhookMessage(Base):
    """What happened, as it is told: the bytes of `body` are what goes out and is signed, to every webhook that takes
    the event and at every try. On PostgreSQL partitioned by month of `created_at`, the time in the id."""

    __tablename__ = "webhook_message"
    __table_args__ = ({"postgresql_partition_by": "RANGE (created_at)"},)

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    created_at: Mapped[datetime] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    event: Mapped[str] = mapped_column(String(64))
    body: Mapped[str] = mapped_column(Text)


class WebhookHour(Base):
    """The attempts that were made for one webhook in one hour, kept in the transactions that log them. Shards as in
    DeliveryHour."""

    __tablename__ = "webhook_hour"
    __table_args__ = ({"sqlite_with_rowid": False},)

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    hour: Mapped[datetime] = mapped_column(primary_key=True)  # UTC, in which the attempt began
    webhook_id: Mapped[UUID] = mapped_column(primary_key=True)
    shard: Mapped[int] = mapped_column(Integer, primary_key=True)
    sent: Mapped[int] = mapped_column(Integer)
    failed: Mapped[int] = mapped_column(Integer)
    duration_ms: Mapped[int] = mapped_column(BigInteger)  # of all of them together
