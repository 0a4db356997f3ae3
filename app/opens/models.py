"""Who loaded which image of which e-mail, one row for each id, and the figures kept with them."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Boolean, CheckConstraint, Index, Integer, String, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base

NO_IMAGE = UUID(int=0)  # in the place of an image's id: an unknown file, or the built-in 1×1
CLASSES = "('human', 'image_proxy', 'prefetch', 'bot')"


class OpenClass(StrEnum):
    """Who loaded the image (DECISIONS, "Classes of opens")."""

    HUMAN = "human"
    IMAGE_PROXY = "image_proxy"  # for a person, who opens just then; device and place stay unknown
    PREFETCH = "prefetch"  # ahead of any person
    BOT = "bot"


COUNTED = frozenset({OpenClass.HUMAN, OpenClass.IMAGE_PROXY})


class MissReason(StrEnum):
    """Why a load left no open, or was odd: counted by the hour only."""

    WITHOUT_ID = "without_id"
    UNRENDERED = "unrendered"  # the template's variable itself
    UNSIGNED = "unsigned"  # of an image that counts signed links only
    UNKNOWN_FILE = "unknown_file"  # an open all the same, when it has an id
    UNRECORDED = "unrecorded"  # the database was away and the spool full: the open is lost


class Open(Base):
    """One load of an image, or several of the same within the window (`hits`). `is_view` is false for a further image
    of the same viewing, which counts for that image alone. `client` and `device` are None until somebody has looked
    at the user agent (a second or so). On PostgreSQL partitioned by month of `created_at`, the time in the id."""

    __tablename__ = "email_open"
    __table_args__ = (
        CheckConstraint(f"class IN {CLASSES}", name="class"),
        Index("ix_email_open_ref", "account_id", "ref", "created_at"),
        Index(
            "ix_email_open_undescribed",
            "agent_id",
            sqlite_where=text("client IS NULL"),
            postgresql_where=text("client IS NULL"),
        ),
        {"postgresql_partition_by": "RANGE (created_at)", "sqlite_with_rowid": False},
    )

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    created_at: Mapped[datetime] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(String(255))  # id_fatura
    file: Mapped[str] = mapped_column(String(100))  # as asked for
    image_id: Mapped[UUID]
    agent_id: Mapped[UUID]
    address: Mapped[str | None] = mapped_column(String(45))  # masked, kept or dropped by the account's setting
    referer: Mapped[str | None] = mapped_column(String(255))  # host and path
    open_class: Mapped[str] = mapped_column("class", String(12))
    reason: Mapped[str] = mapped_column(String(64))
    rule_version: Mapped[str] = mapped_column(String(16))
    client: Mapped[str | None] = mapped_column(String(40))
    device: Mapped[str | None] = mapped_column(String(16))
    hits: Mapped[int] = mapped_column(Integer)
    is_view: Mapped[bool] = mapped_column(Boolean)
    is_first: Mapped[bool] = mapped_column(Boolean)  # the first counted one of its id
    is_cut: Mapped[bool] = mapped_column(Boolean)  # the id was longer than 255
    is_signed: Mapped[bool] = mapped_column(Boolean)


class OpenedId(Base):
    """One id (an invoice) and its figures. Views are counted opens after folding; `last_hit_at` is of any load."""

    __tablename__ = "opened_id"
    __table_args__ = (
        Index("ix_opened_id_last_at", "account_id", "last_at"),
        Index(
            "ix_opened_id_unopened",
            "account_id",
            "last_hit_at",
            sqlite_where=text("first_at IS NULL"),
            postgresql_where=text("first_at IS NULL"),
        ),
        {"sqlite_with_rowid": False},
    )

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(String(255), primary_key=True)
    views: Mapped[int] = mapped_column(Integer)
    automatic: Mapped[int] = mapped_column(Integer)
    first_at: Mapped[datetime | None]  # the first counted open
    last_at: Mapped[datetime | None]
    last_hit_at: Mapped[datetime]
    burst_hour: Mapped[datetime]  # of the last row; a flood leaves BURST rows an hour, and hits
    burst: Mapped[int] = mapped_column(Integer)
    awaited: Mapped[bool] = mapped_column(Boolean)  # a mailing lists it and waits for its next counted open


class UserAgent(Base):
    """A user agent, kept once. Its id comes from the text, so that nobody has to look it up to write an open. The
    program and device are found out later, by the ticker."""

    __tablename__ = "user_agent"
    __table_args__ = (
        Index(
            "ix_user_agent_undescribed",
            "first_seen_at",
            sqlite_where=text("client IS NULL"),
            postgresql_where=text("client IS NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    text: Mapped[str] = mapped_column(String(1024))
    client: Mapped[str | None] = mapped_column(String(40))
    os: Mapped[str | None] = mapped_column(String(40))
    device: Mapped[str | None] = mapped_column(String(16))  # computer, phone, tablet, other, unknown
    first_seen_at: Mapped[datetime]


class OpenHour(Base):
    """The opens of one UTC hour, kept in the transactions that record them. Shards as in DeliveryHour."""

    __tablename__ = "open_hour"
    __table_args__ = ({"sqlite_with_rowid": False},)

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    hour: Mapped[datetime] = mapped_column(primary_key=True)
    shard: Mapped[int] = mapped_column(Integer, primary_key=True)
    views: Mapped[int] = mapped_column(Integer)  # counted, after folding
    automatic: Mapped[int] = mapped_column(Integer)  # prefetch and bot, after folding
    firsts: Mapped[int] = mapped_column(Integer)  # ids whose first counted open this was
    hits: Mapped[int] = mapped_column(Integer)  # every load


class _Slice:
    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    image_id: Mapped[UUID] = mapped_column(primary_key=True, sort_order=2)
    open_class: Mapped[str] = mapped_column("class", String(12), primary_key=True, sort_order=3)
    client: Mapped[str] = mapped_column(String(40), primary_key=True, sort_order=4)  # empty: not looked at yet
    device: Mapped[str] = mapped_column(String(16), primary_key=True, sort_order=5)
    shard: Mapped[int] = mapped_column(Integer, primary_key=True, sort_order=6)
    views: Mapped[int] = mapped_column(Integer, sort_order=7)  # viewings: what adds up to OpenHour's
    opens: Mapped[int] = mapped_column(Integer, sort_order=8)  # this image's, further ones of a viewing too
    firsts: Mapped[int] = mapped_column(Integer, sort_order=9)
    hits: Mapped[int] = mapped_column(Integer, sort_order=10)


class OpenSliceHour(_Slice, Base):
    """The opens of one UTC hour by image, class, client and device."""

    __tablename__ = "open_slice_hour"
    __table_args__ = ({"sqlite_with_rowid": False},)

    hour: Mapped[datetime] = mapped_column(primary_key=True, sort_order=1)


class OpenSliceDay(_Slice, Base):
    """The same by UTC day, so that a year is a few thousand rows."""

    __tablename__ = "open_slice_day"
    __table_args__ = ({"sqlite_with_rowid": False},)

    day: Mapped[datetime] = mapped_column(primary_key=True, sort_order=1)


class OpenMissHour(Base):
    """Loads that left no open, or asked for an unknown file, by hour, reason and file."""

    __tablename__ = "open_miss_hour"
    __table_args__ = ({"sqlite_with_rowid": False},)

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    hour: Mapped[datetime] = mapped_column(primary_key=True)
    reason: Mapped[str] = mapped_column(String(16), primary_key=True)
    file: Mapped[str] = mapped_column(String(100), primary_key=True)  # empty: one of too many
    shard: Mapped[int] = mapped_column(Integer, primary_key=True)
    hits: Mapped[int] = mapped_column(Integer)
