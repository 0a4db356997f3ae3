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


class ErrorClass(StrEnum):
    """Why a delivery is not done, in kinds that people can act on. Set with each attempt, and by what ends a delivery
    without one."""

    REFUSED = "refused"  # the platform read it and said no: something in it is wrong
    CREDENTIALS = "credentials"
    THROTTLED = "throttled"
    TIMEOUT = "timeout"
    CONNECTION = "connection"
    SERVER = "server"  # the platform's own trouble
    EXPIRED = "expired"  # older than the platform takes
    UNBUILT = "unbuilt"  # no call could be made of it
    GONE = "gone"  # the receiver, its target, or what was to be sent is no more
    CONSENT = "consent"  # the person refused: never to be sent
    BY_HAND = "by_hand"


OPEN_STATUSES = (Status.PENDING, Status.LEASED)
IS_OPEN = text("status IN ('pending', 'leased')")  # as the partial index spells it: SQLite wants no parameters there
_DEAD = text("status = 'dead'")
_CANCELLED = text("status = 'cancelled'")
_LISTED = text("target_id IS NOT NULL")
_LISTED_FAILED = text("target_id IS NOT NULL AND outcome <> 'sent'")


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
    last_error_at: Mapped[datetime | None]
    failing_since: Mapped[datetime | None]  # the first failed call since the last one that arrived
    per_second: Mapped[int | None] = mapped_column(Integer)  # calls, not rows: a batch is one; None: no limit
    per_minute: Mapped[int | None] = mapped_column(Integer)
    per_hour: Mapped[int | None] = mapped_column(Integer)
    per_day: Mapped[int | None] = mapped_column(Integer)
    limited_until: Mapped[datetime | None]  # a window is full until then
    updated_at: Mapped[datetime]


class Delivery(Base):
    """A thing owed to an outside system, tried until `done`, `dead` or `cancelled`. Committed with its cause. A replay
    opens the same row again, so that one thing is owed once, however many people ask for it."""

    __tablename__ = "delivery"
    __table_args__ = (
        UniqueConstraint("account_id", "ref_id", "target_id", "generation"),
        CheckConstraint("status IN ('pending', 'leased', 'done', 'dead', 'cancelled')", name="status"),
        CheckConstraint("attempts >= 0", name="attempts"),
        Index("ix_delivery_due", "target_id", "next_at", sqlite_where=IS_OPEN, postgresql_where=IS_OPEN),
        Index("ix_delivery_open", "account_id", "id", sqlite_where=IS_OPEN, postgresql_where=IS_OPEN),
        Index("ix_delivery_target", "target_id", "id"),
        Index("ix_delivery_dead", "account_id", "done_at", sqlite_where=_DEAD, postgresql_where=_DEAD),
        Index("ix_delivery_dead_id", "account_id", "id", sqlite_where=_DEAD, postgresql_where=_DEAD),
        Index("ix_delivery_dead_target", "target_id", "id", sqlite_where=_DEAD, postgresql_where=_DEAD),
        Index("ix_delivery_cancelled", "account_id", "id", sqlite_where=_CANCELLED, postgresql_where=_CANCELLED),
    )

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    kind: Mapped[str] = mapped_column(String(24))
    target_id: Mapped[UUID]
    ref_id: Mapped[UUID]  # the domain row (an event, a message); its created_at is ref_at, so one partition is read
    ref_at: Mapped[datetime]
    generation: Mapped[int] = mapped_column(Integer, default=0)  # how often it was replayed
    status: Mapped[str] = mapped_column(String(16))
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    next_at: Mapped[datetime]  # while leased: the end of the lease
    expires_at: Mapped[datetime | None]  # not worth sending later
    lease_token: Mapped[str | None] = mapped_column(String(36))
    waiter: Mapped[str | None] = mapped_column(String(64))  # the web process in which a request waits for the verdict
    http_status: Mapped[int | None] = mapped_column(Integer)
    outcome: Mapped[str | None] = mapped_column(String(16))  # of the last attempt
    error: Mapped[str | None] = mapped_column(String(16))  # ErrorClass of the last attempt, or of what ended it
    detail: Mapped[str | None] = mapped_column(Text)
    response: Mapped[str | None] = mapped_column(Text)  # of the last attempt, scrubbed, at most 2 KB
    created_at: Mapped[datetime]
    done_at: Mapped[datetime | None]
    replayed_at: Mapped[datetime | None]


class Attempt(Base):
    """One try of one delivery. On PostgreSQL partitioned by month of `created_at`."""

    __tablename__ = "attempt"
    __table_args__ = (
        Index("ix_attempt_delivery", "account_id", "delivery_id"),
        Index("ix_attempt_target", "target_id", "id", sqlite_where=_LISTED, postgresql_where=_LISTED),
        Index(
            "ix_attempt_target_failed",
            "target_id",
            "id",
            sqlite_where=_LISTED_FAILED,
            postgresql_where=_LISTED_FAILED,
        ),
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
    target_id: Mapped[UUID | None]  # of kinds whose attempts are listed by target


DELAY_BOUNDS_S = (0.05, 0.1, 0.2, 0.35, 0.5, 1, 2, 5, 10, 30, 60, 300, 1800, 7200, 86_400)
DELAYS = tuple(f"delay_{number}" for number in range(len(DELAY_BOUNDS_S) + 1))  # the last one has no upper bound


class DeliveryHour(Base):
    """What became of the deliveries that one hour accepted for one target, kept in the transactions that change them:
    accepted less done, dead and cancelled is what still waits. `delay_n` counts those done by the time from acceptance
    to arrival (DELAY_BOUNDS_S). A shard is one writer's share, negative numbers included; readers take sums."""

    __tablename__ = "delivery_hour"
    __table_args__ = ({"sqlite_with_rowid": False},)

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    hour: Mapped[datetime] = mapped_column(primary_key=True)  # UTC, of acceptance
    target_id: Mapped[UUID] = mapped_column(primary_key=True)
    shard: Mapped[int] = mapped_column(Integer, primary_key=True)
    accepted: Mapped[int] = mapped_column(Integer)
    done: Mapped[int] = mapped_column(Integer)
    dead: Mapped[int] = mapped_column(Integer)
    cancelled: Mapped[int] = mapped_column(Integer)
    delay_0: Mapped[int] = mapped_column(Integer)
    delay_1: Mapped[int] = mapped_column(Integer)
    delay_2: Mapped[int] = mapped_column(Integer)
    delay_3: Mapped[int] = mapped_column(Integer)
    delay_4: Mapped[int] = mapped_column(Integer)
    delay_5: Mapped[int] = mapped_column(Integer)
    delay_6: Mapped[int] = mapped_column(Integer)
    delay_7: Mapped[int] = mapped_column(Integer)
    delay_8: Mapped[int] = mapped_column(Integer)
    delay_9: Mapped[int] = mapped_column(Integer)
    delay_10: Mapped[int] = mapped_column(Integer)
    delay_11: Mapped[int] = mapped_column(Integer)
    delay_12: Mapped[int] = mapped_column(Integer)
    delay_13: Mapped[int] = mapped_column(Integer)
    delay_14: Mapped[int] = mapped_column(Integer)
    delay_15: Mapped[int] = mapped_column(Integer)


class DeliveryTally(Base):
    """How many deliveries of a target are open, or dead for which reason, just now. Shards as in DeliveryHour."""

    __tablename__ = "delivery_tally"
    __table_args__ = (CheckConstraint("state IN ('open', 'dead')", name="state"), {"sqlite_with_rowid": False})

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    target_id: Mapped[UUID] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column(String(8), primary_key=True)
    error: Mapped[str] = mapped_column(String(16), primary_key=True)  # ErrorClass of the dead; empty for the open
    shard: Mapped[int] = mapped_column(Integer, primary_key=True)
    number: Mapped[int] = mapped_column(Integer)
