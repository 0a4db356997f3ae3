"""Tables that belong to no feature: the configuration version, leases, scheduled runs, heartbeats of processes."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base


class ConfigVersion(Base):
    """One row that moves with every change of a client or pixel, so that caches know in each commit whether to look
    again (DECISIONS, "caches")."""

    __tablename__ = "config_version"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    version: Mapped[int] = mapped_column(BigInteger)


class Lease(Base):
    """Who may act alone until when (the ticker's leadership)."""

    __tablename__ = "lease"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    holder: Mapped[str] = mapped_column(String(128))
    until: Mapped[datetime]


class CronRun(Base):
    """A scheduled run that was started: unique by (name, due minute), so that it happens once."""

    __tablename__ = "cron_run"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    due_at: Mapped[datetime] = mapped_column(primary_key=True)
    started_at: Mapped[datetime]


class Heartbeat(Base):
    """A process that says it lives, for /health/ready."""

    __tablename__ = "heartbeat"

    process: Mapped[str] = mapped_column(String(128), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    seen_at: Mapped[datetime]
