"""Mailings: what was sent when, to how many, and, where the sender tells, under which ids."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, String, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base
from app.core.ids import uuid7

DELAY_BOUNDS_H = (1, 3, 6, 12, 24, 48, 72, 168, 336)  # hours from sent to the first counted open; the last has no bound


class Mailing(Base):
    """A name and a period. With a list of ids, `listed` of them; else the sender may say how many were `sent`."""

    __tablename__ = "mailing"
    __table_args__ = (
        CheckConstraint("ends_at > starts_at", name="period"),
        CheckConstraint("sent IS NULL OR sent > 0", name="sent"),
        Index("ix_mailing_account_id", "account_id", "starts_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    name: Mapped[str] = mapped_column(String(120))
    starts_at: Mapped[datetime]  # a whole hour
    ends_at: Mapped[datetime]  # a whole hour, not in it
    sent: Mapped[int | None] = mapped_column(Integer)
    image_id: Mapped[UUID | None]  # only first opens through this image count; no foreign key: it outlives the image
    listed: Mapped[int] = mapped_column(Integer, default=0)
    created_by: Mapped[UUID | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(Integer, default=1)


_UNOPENED = text("opened_at IS NULL")


class MailedId(Base):
    """An id that a mailing went out with, and when it was opened after that."""

    __tablename__ = "mailed_id"
    __table_args__ = (
        Index(
            "ix_mailed_id_unopened",
            "account_id",
            "sent_at",
            "ref",
            "mailing_id",
            sqlite_where=_UNOPENED,
            postgresql_where=_UNOPENED,
        ),
        Index("ix_mailed_id_mailing_id", "mailing_id", "ref"),
        {"sqlite_with_rowid": False},
    )

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(String(255), primary_key=True)
    mailing_id: Mapped[UUID] = mapped_column(ForeignKey("mailing.id", ondelete="CASCADE"), primary_key=True)
    sent_at: Mapped[datetime]
    opened_at: Mapped[datetime | None]  # the first counted open that was recorded after `sent_at`


class MailingDelay(Base):
    """How many of a mailing's listed ids were opened, by the time that took (DELAY_BOUNDS_H). Shards as in OpenHour."""

    __tablename__ = "mailing_delay"
    __table_args__ = ({"sqlite_with_rowid": False},)

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    mailing_id: Mapped[UUID] = mapped_column(primary_key=True)
    bucket: Mapped[int] = mapped_column(Integer, primary_key=True)
    shard: Mapped[int] = mapped_column(Integer, primary_key=True)
    ids: Mapped[int] = mapped_column(Integer)
