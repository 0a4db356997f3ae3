"""What a target was called in each of its windows."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Integer
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base


class TargetWindow(Base):
    """The calls of one window of one target. It begins with its first call and is over `seconds` later; counted in the
    database, so that no restart of anything forgets a day."""

    __tablename__ = "target_window"
    __table_args__ = (CheckConstraint("seconds IN (1, 60, 3600, 86400)", name="seconds"),)

    target_id: Mapped[UUID] = mapped_column(ForeignKey("target.id", ondelete="CASCADE"), primary_key=True)
    seconds: Mapped[int] = mapped_column(Integer, primary_key=True)
    started_at: Mapped[datetime]
    used: Mapped[int] = mapped_column(Integer)
