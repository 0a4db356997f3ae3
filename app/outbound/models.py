"""Target, delivery, attempt: the ledger of everything owed to an outside system."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base
from app.core.ids import uuid7


class Status(StrEnum):
    """Where a delivery stands. `leased` is pending in somebody's hands: when the lease ends it is simply due again."""

    PENDING = "pending"
    LEASED = "leased"
    DONE = "done"
    DEAD = "dead"
    CANCELLED = "cancelled"


class TargetState(StrEnum):
    ACTIVE = "active"
    PAUSED = "paused"  # waits for a person: by hand, or because its credentials died
    DELETED = "deleted"  # what is still due gets cancelled


class Breaker(StrEnum):
    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"  # one probe at a time


OPEN_STATUSES = (Status.PENDING, Status.LEASED)
IS_OPEN = text("status IN ('pending', 'leased')")  # as the partial index spells it: SQLite wants no parameters there
_DEAD = text("status = 'dead'")


class Target(Base):
    """One outside account that receives deliveries (a pixel, a subscription, a connection), by that row's own id, with
    the engine's knowledge of it: pause, throttle, breaker. A paused delivery is a pending one of a paused target."""

    __tablename__ = "target"
    __table_args__ = (
        CheckConstraint("state IN ('active', 'paused', 'deleted')", name="state"),
        CheckConstraint("breaker IN ('closed', 'open', 'half_open')", name="breaker"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"), index=True)
    kind: Mapped[str] = mapped_column(String(24))
    label: Mapped[str] = mapped_column(String(255))
    state: Mapped[str] = mapped_column(String(16), default=TargetState.ACTIVE)
    reason: Mapped[str | None] = mapped_column(String(500))  # why it is paused, in words
    reason_code: Mapped[str | None] = mapped_column(String(16))  # "auth" ends with a new token, "user" by hand
    not_before: Mapped[datetime | None]  # throttled until
    breaker: Mapped[str] = mapped_column(String(16), default=Breaker.CLOSED)
    breaker_until: Mapped[datetime | None]
    failures: Mapped[int] = mapped_column(Integer, default=0)  # failed calls in a row
    trips: Mapped[int] = mapped_column(Integer, default=0)  # times the breaker opened in a row
    last_error: Mapped[str | None] = mapped_column(String(500))
    updated_at: Mapped[datetime]


class Delivery(Base):
    """A thing owed to an outside system, tried until `done`, `dead` or `cancelled`. Committed with its cause."""

    __tablename__ = "delivery"
    __table_args__ = (
        UniqueConstraint("account_id", "ref_id", "target_id", "generation"),
        CheckConstraint("status IN ('pending', 'leased', 'done', 'dead', 'cancelled')", name="status"),
        CheckConstraint("attempts >= 0", name="attempts"),
        Index("ix_delivery_due", "target_id", "next_at", sqlite_where=IS_OPEN, postgresql_where=IS_OPEN),
        Index("ix_delivery_dead", "account_id", "done_at", sqlite_where=_DEAD, postgresql_where=_DEAD),
    )

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    kind: Mapped[str] = mapped_column(String(24))
    target_id: Mapped[UUID]
    ref_id: Mapped[UUID]  # the domain row (an event, a message); its created_at is ref_at, so one partition is read
    ref_at: Mapped[datetime]
    generation: Mapped[int] = mapped_column(Integer, default=0)  # rises with a replay
    status: Mapped[str] = mapped_column(String(16))
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    next_at: Mapped[datetime]  # while leased: the end of the lease
    expires_at: Mapped[datetime | None]  # not worth sending later
    lease_token: Mapped[str | None] = mapped_column(String(36))
    waiter: Mapped[str | None] = mapped_column(String(64))  # the web process in which a request waits for the verdict
    http_status: Mapped[int | None] = mapped_column(Integer)
    outcome: Mapped[str | None] = mapped_column(String(16))  # of the last attempt
    detail: Mapped[str | None] = mapped_column(Text)
    response: Mapped[str | None] = mapped_column(Text)  # of the last attempt, scrubbed, at most 2 KB
    created_at: Mapped[datetime]
    done_at: Mapped[datetime | None]


class Attempt(Base):
    """One try of one delivery. On PostgreSQL partitioned by month of `created_at`."""

    __tablename__ = "attempt"
    __table_args__ = (
        Index("ix_attempt_delivery", "account_id", "delivery_id"),
        {"postgresql_partition_by": "RANGE (created_at)"},
    )

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    created_at: Mapped[datetime] = mapped_column(primary_key=True)  # the time in the id
    id: Mapped[UUID] = mapped_column(primary_key=True)
    delivery_id: Mapped[UUID]
    n: Mapped[int] = mapped_column(Integer)
    started_at: Mapped[datetime]
    duration_ms: Mapped[int] = mapped_column(Integer)
    http_status: Mapped[int | None] = mapped_column(Integer)
    outcome: Mapped[str] = mapped_column(String(16))
    detail: Mapped[str | None] = mapped_column(Text)
    response: Mapped[str | None] = mapped_column(Text)
