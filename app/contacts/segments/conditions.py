"""A segment as a condition on contacts."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from app.contacts.segments.models import Segment
from app.core.errors import NotFound


def segment_condition(session: Session, account_id: UUID, segment_id: UUID) -> ColumnElement[bool]:
    """Who fits a saved segment just now. Raises NotFound, also for another account's."""
    mine = select(Segment.rule).where(Segment.account_id == account_id, Segment.id == segment_id)
    rule = session.scalar(mine)
    if rule is None:
        raise NotFound
    return condition(session, account_id, rule)


def condition(session: Session, account_id: UUID, rule: dict[str, Any]) -> ColumnElement[bool]:
    """Who fits a rule (segments.rule)."""
    raise NotImplementedError
