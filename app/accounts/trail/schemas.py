"""The audit on the wire."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import Field

from app.accounts.trail.filters import MAX_TEXT
from app.core import cursor
from app.core.pagination import DEFAULT_LIMIT, MAX_LIMIT, MAX_PAGE
from app.core.schema import Out, Schema

MOMENT = "A date or a time in ISO 8601, in the account's zone unless it has an offset"


class AuditQuery(Schema):
    """`after` (the `next` of the page before) wins over `page`."""

    page: int = Field(1, ge=1, le=MAX_PAGE)
    limit: int = Field(DEFAULT_LIMIT, ge=1, le=MAX_LIMIT)
    after: str | None = Field(None, max_length=cursor.MAX_LENGTH)
    start: str | None = Field(
        None, alias="from", max_length=40, description=f"{MOMENT}; without it, 30 days", examples=["2026-11-01"]
    )
    end: str | None = Field(
        None, alias="to", max_length=40, description=f"{MOMENT}; a date includes its day", examples=["2026-11-21"]
    )
    action: str | None = Field(
        None, max_length=64, description="One action, or all that begin with `client.`", examples=["client."]
    )
    user: UUID | None = Field(None, description="The person's id")
    actor: str | None = Field(None, max_length=MAX_TEXT, description="A part of the name of who did it")
    subject_id: str | None = Field(None, max_length=64)
    address: str | None = Field(None, max_length=45, description="The whole address")


class EntryOut(Out):
    """`actor` is an e-mail address, the name of a client app, or `system`; `changes` are field → [before, after],
    without secrets."""

    id: UUID
    created_at: datetime
    action: str
    actor: str
    user_id: UUID | None
    subject_id: str | None
    subject: str | None
    changes: dict[str, Any] | None
    ip_address: str | None
    request_id: str | None
