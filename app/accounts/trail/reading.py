"""Entries newest first, a page at a time. On PostgreSQL only the months of the asked-for period are read."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from app.accounts.models import AuditEntry
from app.accounts.trail.filters import Filters
from app.core import pagination
from app.core.db import time_limited
from app.core.pagination import DEFAULT_LIMIT, Page

SEARCH_S = 2.0
ORDER: list[ColumnElement[Any]] = [AuditEntry.created_at.desc(), AuditEntry.id.desc()]


def search(
    session: Session,
    account_id: UUID,
    wanted: Filters,
    *,
    after: str | None = None,
    page: int = 1,
    limit: int = DEFAULT_LIMIT,
) -> Page[AuditEntry]:
    """One page. Raises Malformed for a cursor that is not of this list, and TooSlow."""
    found = select(AuditEntry).where(*wanted.conditions(account_id)).order_by(*ORDER)
    with time_limited(session, SEARCH_S):
        return pagination.keyset(session, found, ORDER, after, limit, page=page)
