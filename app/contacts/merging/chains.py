"""Where a contact went that was merged into another one."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.contacts.models import ContactMerge


def kept_of(session: Session, merged_id: UUID | None, account_id: UUID | None = None) -> UUID | None:
    """The contact that took it in, at the end of the chain; None for one that was never merged. Without an account only
    for who proved that they may know (a signed link)."""
    found = select(ContactMerge.kept_id).where(ContactMerge.merged_id == merged_id)
    if account_id is not None:
        found = found.where(ContactMerge.account_id == account_id)
    return session.scalar(found)
