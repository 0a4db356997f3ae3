"""Long work on the wire."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from app.core.models import Job
from app.core.schema import Out


class JobOut(Out):
    """`state` is queued, running, done, failed or cancelled; `total` null while it is not known; `file` where the
    result is fetched, until `expiresAt`."""

    id: UUID
    kind: str
    state: str
    total: int | None
    done: int
    skipped: int
    result: dict[str, Any] | None
    error: str | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    expires_at: datetime | None
    file: str | None

    @classmethod
    def of(cls, job: Job) -> JobOut:
        columns = {name: getattr(job, name) for name in cls.model_fields if name != "file"}
        return cls(**columns, file=f"/api/jobs/{job.id}/file" if job.filename else None)
