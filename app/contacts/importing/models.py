"""An import of contacts: its file, what the columns mean, what became of the rows, and what it takes to undo it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Integer, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base
from app.core.ids import uuid7


class ImportState(StrEnum):
    UPLOADED = "uploaded"  # waits for its mapping
    CHECKING = "checking"  # a job counts what it would do
    CHECKED = "checked"  # waits for the word to go
    RUNNING = "running"
    DONE = "done"
    STOPPED = "stopped"  # by a person: what was imported stays, and can be undone
    FAILED = "failed"
    UNDOING = "undoing"
    UNDONE = "undone"


class ContactImport(Base):
    """One file. Its rows are numbered from 1, below the header, whatever the format."""

    __tablename__ = "contact_import"
    __table_args__ = (
        CheckConstraint("format IN ('csv', 'xlsx')", name="format"),
        CheckConstraint(
            "state IN ('uploaded', 'checking', 'checked', 'running', 'done', 'stopped', 'failed', 'undoing', 'undone')",
            name="state",
        ),
        Index("ix_contact_import_account", "account_id", "created_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    state: Mapped[str] = mapped_column(String(12), default=ImportState.UPLOADED)
    filename: Mapped[str] = mapped_column(String(255))
    format: Mapped[str] = mapped_column(String(8))  # of what the person sent
    size: Mapped[int] = mapped_column(BigInteger)  # bytes of what the person sent
    encoding: Mapped[str] = mapped_column(String(16))  # of what is kept: XLSX is kept as CSV
    delimiter: Mapped[str] = mapped_column(String(1))
    columns: Mapped[list[str]]  # the header as it is
    columns_hash: Mapped[str] = mapped_column(String(64), index=True)  # the last mapping of the same header is offered
    mapping: Mapped[dict[str, Any] | None]  # importing.mapping
    options: Mapped[dict[str, Any] | None]  # importing.options
    rows: Mapped[int | None] = mapped_column(Integer)  # once counted
    preview: Mapped[dict[str, Any] | None]  # counts of the check
    created: Mapped[int] = mapped_column(Integer, default=0)
    updated: Mapped[int] = mapped_column(Integer, default=0)
    skipped: Mapped[int] = mapped_column(Integer, default=0)
    invalid: Mapped[int] = mapped_column(Integer, default=0)
    job_id: Mapped[UUID | None]  # the last one: check, import or undo
    created_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    undone_at: Mapped[datetime | None]
    wiped_at: Mapped[datetime | None]  # the file and what undoing needs are gone


class ImportPart(Base):
    """A piece of the file, in the database, so that any worker of any host can read it."""

    __tablename__ = "import_part"

    import_id: Mapped[UUID] = mapped_column(ForeignKey("contact_import.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)


class ImportProblem(Base):
    """A row that was not taken, and why (importing.reasons)."""

    __tablename__ = "import_problem"
    __table_args__ = ({"sqlite_with_rowid": False},)

    import_id: Mapped[UUID] = mapped_column(ForeignKey("contact_import.id", ondelete="CASCADE"), primary_key=True)
    row: Mapped[int] = mapped_column(Integer, primary_key=True)
    reason: Mapped[str] = mapped_column(String(24))
    column: Mapped[int | None] = mapped_column(Integer)  # of the file, from 0
    is_skip: Mapped[bool]  # left out on purpose (already there), not wrong


class ImportChange(Base):
    """A contact that was there and was changed: as it was before, for undoing. Created ones name the import
    themselves."""

    __tablename__ = "import_change"
    __table_args__ = ({"sqlite_with_rowid": False},)

    import_id: Mapped[UUID] = mapped_column(ForeignKey("contact_import.id", ondelete="CASCADE"), primary_key=True)
    contact_id: Mapped[UUID] = mapped_column(primary_key=True)
    before: Mapped[dict[str, Any]]  # columns of the contact as they were
    added: Mapped[dict[str, Any]]  # tags and categories that the import added: {"tags": [ids], "categories": [ids]}
    version: Mapped[int] = mapped_column(Integer)  # after the import; another one now: changed since, left alone
