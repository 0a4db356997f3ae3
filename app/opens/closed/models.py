"""The figures of days that are over: made by night, and corrected in the transactions that change such a day."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, JsonColumn


class Kind(StrEnum):
    """What opens are shared out by, each with their class."""

    IMAGE = "image"
    CLIENT = "client"
    DEVICE = "device"


class OpensClosed(Base):
    """Until which UTC midnight the days of an account are in the tables below, without a gap. Who counts a day as
    closed holds this row for update, who corrects one shares it: neither misses the other."""

    __tablename__ = "opens_closed"

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    until: Mapped[datetime]


class _Share:
    account_id: Mapped[UUID] = mapped_column(primary_key=True, sort_order=-5)
    kind: Mapped[str] = mapped_column(String(8), primary_key=True, sort_order=-4)
    name: Mapped[str] = mapped_column(String(40), primary_key=True, sort_order=2)  # an image's is the hex of its id
    open_class: Mapped[str] = mapped_column("class", String(12), primary_key=True, sort_order=3)
    shard: Mapped[int] = mapped_column(Integer, primary_key=True, sort_order=4)
    views: Mapped[int] = mapped_column(Integer, sort_order=5)
    opens: Mapped[int] = mapped_column(Integer, sort_order=6)
    firsts: Mapped[int] = mapped_column(Integer, sort_order=7)
    hits: Mapped[int] = mapped_column(Integer, sort_order=8)


class OpenShareDay(_Share, Base):
    """The opens of one UTC day by one thing and class: a third of the rows of its slices, and all that charts show."""

    __tablename__ = "open_share_day"
    __table_args__ = ({"sqlite_with_rowid": False},)

    day: Mapped[datetime] = mapped_column(primary_key=True, sort_order=1)


class OpenShareMonth(_Share, Base):
    """The same by UTC month."""

    __tablename__ = "open_share_month"
    __table_args__ = ({"sqlite_with_rowid": False},)

    month: Mapped[datetime] = mapped_column(primary_key=True, sort_order=1)


class OpenDayHours(Base):
    """The hours of one UTC day in a row: `hours` has four numbers for each, those of OpenHour in its order. Days
    without opens are absent."""

    __tablename__ = "open_day_hours"
    __table_args__ = ({"sqlite_with_rowid": False},)

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    day: Mapped[datetime] = mapped_column(primary_key=True)
    hours: Mapped[list[int]] = mapped_column(JsonColumn)
