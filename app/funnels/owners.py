"""The owners of cards: asked for by id or as nobody, and called by name."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, select, true
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.contacts.filters import NOBODY

Owner = UUID | str | None  # who is asked for: an id, NOBODY, or None for everybody
__all__ = ["NOBODY", "Owner", "name_of", "names", "owned_by"]


def owned_by(owner_id: Any, owner: Owner) -> ColumnElement[bool]:
    """Whether a column of ids holds the owner that is asked for; true for everybody."""
    if owner is None:
        return true()
    found: ColumnElement[bool] = owner_id.is_(None) if owner == NOBODY else owner_id == owner
    return found


def names(session: Session, account_id: UUID) -> dict[UUID, str]:
    """Everybody of the account, by name."""
    found = select(User.id, User.name, User.email).where(User.account_id == account_id).order_by(User.name, User.email)
    return {row.id: row.name or row.email for row in session.execute(found)}


def name_of(people: dict[UUID, str], owner_id: UUID | None) -> str:
    """In words, also nobody, and somebody who is not with the account any more."""
    if owner_id is None:
        return str(_("Nobody"))
    return people.get(owner_id) or str(_("Somebody who left"))
