"""A worker's hold on a job: parts that commit only while it is ours, and the file that people fetch."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, cast
from uuid import UUID

from sqlalchemy import Connection, Row, delete, insert, select, update

from app.core import clock
from app.core.db import begin_write
from app.core.models import Job, JobPart, JobState
from app.core.runtime import Runtime

LEASE = timedelta(seconds=30)  # renewed with every part
KEEP_FILE = timedelta(days=7)
FILE_PART = 512 * 1024


class Stopped(Exception):
    """The job is no longer ours: a person stopped it, or its lease ended and another worker has it."""


@dataclass(slots=True)
class Part:
    """One short write transaction of a job. What is set here is committed with it."""

    connection: Connection
    cursor: dict[str, Any] | None
    done: int = 0
    skipped: int = 0
    total: int | None = None


@dataclass(slots=True)
class Hold:
    """A worker's hold on a job."""

    runtime: Runtime
    job_id: UUID
    kind: str
    account_id: UUID
    created_by: UUID | None
    params: dict[str, Any]
    cursor: dict[str, Any] | None
    token: str

    @contextmanager
    def part(self) -> Iterator[Part]:
        """A write transaction (keep it under 20 ms) that commits only while the job is ours, progress included. Raises
        Stopped."""
        with begin_write(self.runtime.engine) as connection, self.within(connection) as part:
            yield part

    @contextmanager
    def within(self, connection: Connection) -> Iterator[Part]:
        """As `part`, in a write transaction that the caller has begun: that of `write()`, for verbs that need its
        session."""
        row = self._fence(connection)
        part = Part(connection, self.cursor)
        yield part
        values: dict[str, Any] = {
            "done": row.done + part.done,
            "skipped": row.skipped + part.skipped,
            "cursor": part.cursor,
            "lease_until": clock.now() + LEASE,
        }
        if part.total is not None:
            values["total"] = part.total
        connection.execute(update(Job).where(Job.id == self.job_id).values(**values))
        self.cursor = part.cursor

    @contextmanager
    def file(self, filename: str, content_type: str) -> Iterator[JobFile]:
        """A file for people to fetch, written from its beginning."""
        with self.part() as part:
            part.connection.execute(delete(JobPart).where(JobPart.job_id == self.job_id))
        file = JobFile(self)
        yield file
        file.flush()
        with self.part() as part:
            values = {
                "filename": filename,
                "content_type": content_type,
                "size": file.size,
                "expires_at": clock.now() + KEEP_FILE,
            }
            part.connection.execute(update(Job).where(Job.id == self.job_id).values(**values))

    def _fence(self, connection: Connection) -> Row[Any]:
        mine = (Job.id == self.job_id) & (Job.lease_token == self.token) & (Job.state == JobState.RUNNING)
        row = connection.execute(select(Job.done, Job.skipped, Job.cancel_asked).where(mine).with_for_update()).first()
        if row is None or row.cancel_asked:
            raise Stopped
        return cast(Row[Any], row)


class JobFile:
    """What a job writes, kept in parts."""

    def __init__(self, hold: Hold) -> None:
        self._hold = hold
        self._buffer = bytearray()
        self._number = 0
        self.size = 0

    def write(self, content: bytes) -> None:
        self._buffer += content
        while len(self._buffer) >= FILE_PART:
            self._store(bytes(self._buffer[:FILE_PART]))
            del self._buffer[:FILE_PART]

    def flush(self) -> None:
        if self._buffer:
            self._store(bytes(self._buffer))
            self._buffer.clear()

    def _store(self, content: bytes) -> None:
        row = {"job_id": self._hold.job_id, "number": self._number, "content": content}
        with self._hold.part() as part:
            part.connection.execute(insert(JobPart), row)
        self._number += 1
        self.size += len(content)
