"""What client apps reported, and the keys by which a repeat is known."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Index, Integer, String, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base


def _identity_index(column: str) -> Index:
    """For the privacy desk and the log; partial, since many events carry none."""
    known = text(f"{column} IS NOT NULL")
    return Index(f"ix_tracked_event_{column}", "account_id", column, sqlite_where=known, postgresql_where=known)


class TrackedEvent(Base):
    """One accepted conversion. `identity` is what the platform's adapter made of the person (hashed); clear e-mail and
    phone are never stored. On PostgreSQL partitioned by month of `created_at`, which is the time in the id."""

    __tablename__ = "tracked_event"
    __table_args__ = (
        _identity_index("em_hash"),
        _identity_index("ph_hash"),
        _identity_index("click_id"),
        Index("ix_tracked_event_target", "target_id", "created_at"),
        Index("ix_tracked_event_client", "client_id", "created_at"),
        Index("ix_tracked_event_name", "account_id", "event_name", "created_at"),
        Index("ix_tracked_event_event_id", "account_id", "event_id"),
        {"postgresql_partition_by": "RANGE (created_at)"},
    )

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    created_at: Mapped[datetime] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    client_id: Mapped[UUID]
    target_id: Mapped[UUID]  # our pixel
    platform: Mapped[str] = mapped_column(String(24))
    pixel_id: Mapped[str] = mapped_column(String(255))
    event_name: Mapped[str] = mapped_column(String(64))
    event_id: Mapped[str] = mapped_column(String(128))
    event_time: Mapped[datetime]
    click_id: Mapped[str | None] = mapped_column(String(512))  # Kwai's, or Meta's fbclid
    value: Mapped[Decimal | None]
    currency: Mapped[str | None] = mapped_column(String(3))
    em_hash: Mapped[str | None] = mapped_column(String(64))
    ph_hash: Mapped[str | None] = mapped_column(String(64))
    identity: Mapped[dict[str, Any]]
    fields: Mapped[dict[str, Any]]
    repeats: Mapped[int] = mapped_column(Integer, default=0, server_default="0")  # sent again, not taken again
    repeated_at: Mapped[datetime | None]
    edited_at: Mapped[datetime | None]  # a person corrected a field for a replay


class MatchHour(Base):
    """How many events that one hour accepted for one target carried what a platform recognises a person by, kept in the
    transaction that accepts them. Only for platforms that identify people (Meta). Shards as in DeliveryHour."""

    __tablename__ = "match_hour"
    __table_args__ = ({"sqlite_with_rowid": False},)

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    hour: Mapped[datetime] = mapped_column(primary_key=True)
    target_id: Mapped[UUID] = mapped_column(primary_key=True)
    shard: Mapped[int] = mapped_column(Integer, primary_key=True)
    events: Mapped[int] = mapped_column(Integer)
    em: Mapped[int] = mapped_column(Integer)
    ph: Mapped[int] = mapped_column(Integer)
    fbc: Mapped[int] = mapped_column(Integer)
    fbp: Mapped[int] = mapped_column(Integer)
    address: Mapped[int] = mapped_column(Integer)
    agent: Mapped[int] = mapped_column(Integer)


class EventKey(Base):
    """A key under which an event was accepted: given by the client, or the fingerprint of its body for 15 s."""

    __tablename__ = "event_key"
    __table_args__ = ({"sqlite_with_rowid": False},)  # no index on the expiry: the nightly purge walks the key instead

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    client_id: Mapped[UUID] = mapped_column(primary_key=True)
    key_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    event_id: Mapped[UUID]  # TrackedEvent.id
    body_hash: Mapped[str] = mapped_column(String(64))
    expires_at: Mapped[datetime]
