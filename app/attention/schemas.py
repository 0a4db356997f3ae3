"""Findings on the wire."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from app.core.pagination import PageQuery
from app.core.schema import Out


class FindingFilter(PageQuery):
    state: Literal["open", "resolved"] = "open"


class FindingOut(Out):
    """`title`, `text` and `advice` are for people; `nextStep` is the page of ours where the next step is taken, null
    where it is taken elsewhere or by others. `resolvedAt` is null while it is open."""

    id: UUID
    kind: str
    severity: Literal["warning", "danger"]
    subject: str
    title: str
    text: str
    advice: str
    next_step: str | None
    raised_at: datetime
    resolved_at: datetime | None
