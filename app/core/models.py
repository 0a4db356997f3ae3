"""Tables that belong to no feature: configuration version, leases, scheduled runs, heartbeats, long jobs."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Boolean, CheckConstraint, ForeignKey, Index, Integer, LargeBinary, String, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base
from app.core.ids import uuid7

_JOB_OPEN = text("state IN ('queued', 'running')")


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
    host: Mapped[str | None] = mapped_column(String(64))
    disk_free: Mapped[int | None] = mapped_column(BigInteger)  # bytes, where the data folder is
    disk_total: Mapped[int | None] = mapped_column(BigInteger)
    clock_skew_ms: Mapped[int | None] = mapped_column(BigInteger)  # ours ahead of the clocks of those it called


class JobState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Job(Base):
    """Long work that a person asked for and watches. The row is the truth: a worker holds it by lease, notes in each
    part's transaction how far it is (`cursor`, `done`), and another goes on from there when that one dies."""

    __tablename__ = "job"
    __table_args__ = (
        CheckConstraint("state IN ('queued', 'running', 'done', 'failed', 'cancelled')", name="state"),
        Index("ix_job_account_id", "account_id", "created_at"),
        Index("ix_job_open", "created_at", sqlite_where=_JOB_OPEN, postgresql_where=_JOB_OPEN),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    kind: Mapped[str] = mapped_column(String(32))
    state: Mapped[str] = mapped_column(String(16), default=JobState.QUEUED)
    params: Mapped[dict[str, Any]]  # ids and filters, never personal data
    total: Mapped[int | None] = mapped_column(Integer)  # None: not known
    done: Mapped[int] = mapped_column(Integer, default=0)
    skipped: Mapped[int] = mapped_column(Integer, default=0)
    cursor: Mapped[dict[str, Any] | None]
    result: Mapped[dict[str, Any] | None]
    error: Mapped[str | None] = mapped_column(String(500))
    cancel_asked: Mapped[bool] = mapped_column(Boolean, default=False)
    tries: Mapped[int] = mapped_column(Integer, default=0)  # workers that took it up
    lease_token: Mapped[str | None] = mapped_column(String(36))
    lease_until: Mapped[datetime | None]
    created_by: Mapped[UUID | None]  # no foreign key: the job outlives the person
    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]  # of its file, and of the job with it
    filename: Mapped[str | None] = mapped_column(String(120))
    content_type: Mapped[str | None] = mapped_column(String(120))
    size: Mapped[int | None] = mapped_column(BigInteger)  # of the file, in bytes


class JobPart(Base):
    """A piece of the file that a job made. In the database, so that any web host can hand out what any worker made."""

    __tablename__ = "job_part"

    job_id: Mapped[UUID] = mapped_column(ForeignKey("job.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    content: Mapped[bytes] = mapped_column(LargeBinary)
